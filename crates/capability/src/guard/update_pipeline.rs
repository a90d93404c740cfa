//! Updates with pipelines.
//!
//! Under a row filter a stage may not touch the row filter's field, and stages that make the document anew are refused:
//! what an expression will yield cannot be known here.

use bson::raw::{RawBsonRef, RawDocument};
use usher_contract::limits;

use super::pipeline::stage_of;
use super::refusal::{At, Check, Refusal};
use super::rows::Rows;
use super::update::{check_computed, check_path};
use super::{expression, names};

/// Whether an update is an array of stages. In binary form an array is a document with the keys 0, 1, 2, …; a
/// replacement with such keys cannot be taken for it, because stored names never begin with `$`.
pub(super) fn is_pipeline(document: &RawDocument) -> Check<bool> {
    for (index, element) in document.iter().enumerate() {
        let (key, value) = element?;
        let RawBsonRef::Document(stage) = value else {
            return Ok(false);
        };
        let names_stage = match stage.iter().next().transpose()? {
            Some((name, _)) => name.as_str().starts_with('$'),
            None => false,
        };
        if key.as_str() != index.to_string() || !names_stage {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Checks every stage.
pub(super) fn check(stages: &RawDocument, rows: Option<&Rows<'_>>) -> Check {
    for (index, element) in stages.iter().enumerate() {
        if index == limits::PIPELINE_STAGES {
            return Err(Refusal::not_allowed(format!("a pipeline has at most {index} stages")));
        }
        let (name, arguments) = stage_of(element?.1)?;
        stage(name, arguments, rows).at(name).at(index)?;
    }
    Ok(())
}

fn stage(name: &str, arguments: RawBsonRef<'_>, rows: Option<&Rows<'_>>) -> Check {
    match (name, arguments) {
        ("$set" | "$addFields", RawBsonRef::Document(fields)) => fields.iter().try_for_each(|field| {
            let (path, value) = field?;
            guard(name, path.as_str(), rows)?;
            check_computed(path.as_str(), value)
        }),
        ("$unset", RawBsonRef::String(path)) => unset(path, rows),
        ("$unset", RawBsonRef::Array(paths)) => paths.into_iter().try_for_each(|path| match path? {
            RawBsonRef::String(path) => unset(path, rows),
            _ => Err(Refusal::invalid("takes field names")),
        }),
        ("$project", RawBsonRef::Document(fields)) => fields.iter().try_for_each(|field| {
            let (path, value) = field?;
            let path = path.as_str();
            if let Some(rows) = rows {
                guard(name, path, Some(rows))?;
                if !excludes(value)? {
                    return Err(Refusal::outside(format!(
                        "`$project` may only leave fields out here, or `{}` would be lost: use $set and $unset",
                        rows.field()
                    )))
                    .at(path);
                }
            }
            check_computed(path, value)
        }),
        ("$replaceRoot" | "$replaceWith", _) => match rows {
            Some(rows) => Err(Refusal::outside(format!(
                "`{name}` would replace `{}`, which says whose document it is: use $set and $unset",
                rows.field()
            ))),
            None => expression::value(arguments),
        },
        ("$set" | "$addFields" | "$unset" | "$project", _) => Err(Refusal::invalid(format!("`{name}` takes fields"))),
        _ => Err(Refusal::not_allowed(format!(
            "the stage `{name}` is not allowed in an update: {}",
            names::advice(name)
        ))),
    }
}

fn unset(path: &str, rows: Option<&Rows<'_>>) -> Check {
    guard("$unset", path, rows)?;
    check_path(path)
}

fn guard(stage: &str, path: &str, rows: Option<&Rows<'_>>) -> Check {
    match rows.filter(|rows| rows.touches(path)) {
        Some(rows) => Err(rows.refuse(stage, path)),
        None => Ok(()),
    }
}

/// Whether a projection's value leaves the field, or parts of it, out.
fn excludes(value: RawBsonRef<'_>) -> Check<bool> {
    Ok(match value {
        RawBsonRef::Boolean(flag) => !flag,
        RawBsonRef::Int32(flag) => flag == 0,
        RawBsonRef::Int64(flag) => flag == 0,
        RawBsonRef::Double(flag) => flag == 0.0,
        RawBsonRef::Document(inner) => {
            for part in inner {
                if !excludes(part?.1)? {
                    return Ok(false);
                }
            }
            !inner.is_empty()
        }
        _ => false,
    })
}
