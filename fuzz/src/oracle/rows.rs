//! The row filter, looked for in finished commands.

use bson::Bson;
use bson::raw::{RawArray, RawBsonRef, RawDocument};
use usher_capability::RowFilter;

use super::names::single;
use super::{Verdict, documents, elements, items, require};

/// Whether a query is the row filter, or an `$and` of the row filter and one other query whose expressions are
/// evaluated for documents of the scope only.
pub(super) fn query(query: &RawDocument, rows: &RowFilter) -> Verdict {
    if condition(query, rows)? {
        return Ok(());
    }
    let (key, held) = single(query)?;
    let both = held.as_array().filter(|_| key == "$and").ok_or("the row filter is not outermost")?;
    match documents(both)?[..] {
        [first, rest] if condition(first, rows)? => fenced(rest, rows),
        _ => Err("the row filter is not conjoined".into()),
    }
}

/// `{field: value}` or `{field: {$in: values}}`, and nothing beside it.
fn condition(query: &RawDocument, rows: &RowFilter) -> Verdict<bool> {
    let [(key, held)] = elements(query)?[..] else {
        return Ok(false);
    };
    if key != rows.field {
        return Ok(false);
    }
    match held {
        RawBsonRef::Document(inner) => match elements(inner)?[..] {
            [("$in", RawBsonRef::Array(list))] => values(list, rows),
            _ => Ok(false),
        },
        value => Ok(holds(value, rows)),
    }
}

fn values(list: &RawArray, rows: &RowFilter) -> Verdict<bool> {
    let list = items(list)?;
    Ok(list.len() == rows.values.len() && list.into_iter().all(|value| holds(value, rows)))
}

fn holds(value: RawBsonRef<'_>, rows: &RowFilter) -> bool {
    Bson::try_from(value).is_ok_and(|value| rows.values.contains(&value))
}

/// Every `$expr` is `{$cond: [{$in: ["$field", {$literal: values}]}, …, false]}`.
fn fenced(query: &RawDocument, rows: &RowFilter) -> Verdict {
    for (key, held) in elements(query)? {
        match (key, held) {
            ("$expr", _) => require(fence(held, rows)?, || "an $expr without a fence".into())?,
            ("$and" | "$or" | "$nor", RawBsonRef::Array(alternatives)) => {
                documents(alternatives)?.into_iter().try_for_each(|one| fenced(one, rows))?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn fence(expression: RawBsonRef<'_>, rows: &RowFilter) -> Verdict<bool> {
    let [inside, _, RawBsonRef::Boolean(false)] = arguments(expression, "$cond")?[..] else { return Ok(false) };
    let [RawBsonRef::String(path), RawBsonRef::Document(literal)] = arguments(inside, "$in")?[..] else {
        return Ok(false);
    };
    match single(literal)? {
        ("$literal", RawBsonRef::Array(list)) => Ok(path.strip_prefix('$') == Some(&rows.field) && values(list, rows)?),
        _ => Ok(false),
    }
}

/// The arguments of an operator; none where it is another one.
fn arguments<'a>(value: RawBsonRef<'a>, name: &str) -> Verdict<Vec<RawBsonRef<'a>>> {
    match value.as_document().map(single).transpose()? {
        Some((key, RawBsonRef::Array(list))) if key == name => items(list),
        _ => Ok(Vec::new()),
    }
}

/// A pipeline begins with a `$match` of the row filter; before an expression in a later `$match` stands a `$limit`,
/// across which MongoDB does not move it.
pub(super) fn pipeline(stages: &RawArray, rows: &RowFilter) -> Verdict {
    let stages = documents(stages)?;
    let [first, rest @ ..] = stages.as_slice() else {
        return Err("an empty pipeline reads everything".into());
    };
    match single(first)? {
        ("$match", RawBsonRef::Document(first)) => query(first, rows)?,
        (name, _) => return Err(format!("{name} stands before the row filter")),
    }
    let fence = rest.first().map(|stage| single(stage)).transpose()?.is_some_and(|(name, _)| name == "$limit");
    let evaluates = rest.iter().any(|stage| evaluates(RawBsonRef::Document(stage)));
    require(fence || !evaluates, || "an $expr that MongoDB may move before the row filter".into())
}

/// Whether a `$expr` stands anywhere below, other than in a value that is named `$literal`.
fn evaluates(value: RawBsonRef<'_>) -> bool {
    match value {
        RawBsonRef::Document(inner) => inner.iter().flatten().any(|(key, value)| match key.as_str() {
            "$expr" => true,
            "$literal" => false,
            _ => evaluates(value),
        }),
        RawBsonRef::Array(inner) => inner.into_iter().flatten().any(evaluates),
        _ => false,
    }
}

/// A stored document holds the field once, with a value of the scope.
pub(super) fn stored(document: &RawDocument, rows: &RowFilter) -> Verdict {
    require(kept(document, rows)? == 1, || format!("a stored document without `{}`", rows.field))
}

/// How often a document holds the field, always with a value of the scope.
fn kept(document: &RawDocument, rows: &RowFilter) -> Verdict<usize> {
    let found: Vec<_> = elements(document)?.into_iter().filter(|(key, _)| *key == rows.field).collect();
    require(found.iter().all(|(_, value)| holds(*value, rows)), || format!("`{}` of somebody else", rows.field))?;
    Ok(found.len())
}

/// An update leaves the field as it is; an upsert sets it.
pub(super) fn update(update: RawBsonRef<'_>, rows: &RowFilter, upsert: bool) -> Verdict {
    match update {
        RawBsonRef::Array(stages) => {
            require(!upsert, || "an upsert by a pipeline".into())?;
            documents(stages)?.into_iter().try_for_each(|stage| update_stage(stage, rows))
        }
        RawBsonRef::Document(document) => match elements(document)?.first() {
            Some((first, _)) if first.starts_with('$') => operators(document, rows, upsert),
            // A replaced document keeps its `_id`, whether or not the replacement names it.
            _ if rows.field == "_id" && !upsert => require(kept(document, rows)? <= 1, || "_id twice".into()),
            _ => stored(document, rows),
        },
        _ => Err("an update that is none".into()),
    }
}

fn operators(document: &RawDocument, rows: &RowFilter, upsert: bool) -> Verdict {
    let mut sets = false;
    let operators = elements(document)?;
    for (index, (operator, fields)) in operators.iter().enumerate() {
        require(!operators[..index].iter().any(|(other, _)| other == operator), || format!("{operator} twice"))?;
        for (path, value) in elements(fields.as_document().ok_or("an operator without fields")?)? {
            let keeps = matches!(*operator, "$set" | "$setOnInsert") && path == rows.field && holds(value, rows);
            sets |= keeps;
            require(keeps || !touches(path, rows), || format!("{operator} writes `{path}`"))?;
            if *operator == "$rename" {
                let to = value.as_str().ok_or("$rename to no name")?;
                require(!touches(to, rows), || format!("$rename to `{to}`"))?;
            }
        }
    }
    require(sets || !upsert, || "an upsert that does not say whose document it makes".into())
}

fn update_stage(stage: &RawDocument, rows: &RowFilter) -> Verdict {
    let (name, arguments) = single(stage)?;
    let untouched = |path: &str| require(!touches(path, rows), || format!("{name} writes `{path}`"));
    match (name, arguments) {
        ("$set" | "$addFields" | "$project", RawBsonRef::Document(fields)) => {
            for (path, value) in elements(fields)? {
                untouched(path)?;
                let drops = name != "$project" || excludes(value)?;
                require(drops, || format!("a projection that keeps `{path}` drops `{}`", rows.field))?;
            }
            Ok(())
        }
        ("$unset", RawBsonRef::String(path)) => untouched(path),
        ("$unset", RawBsonRef::Array(paths)) => {
            items(paths)?.into_iter().try_for_each(|path| untouched(path.as_str().ok_or("$unset of no name")?))
        }
        _ => Err(format!("{name} makes the document anew")),
    }
}

/// A projection that keeps a field leaves out all others.
fn excludes(value: RawBsonRef<'_>) -> Verdict<bool> {
    Ok(match value {
        RawBsonRef::Boolean(false) | RawBsonRef::Int32(0) | RawBsonRef::Int64(0) => true,
        RawBsonRef::Double(number) => number == 0.0,
        RawBsonRef::Document(inner) => {
            let inner = elements(inner)?;
            !inner.is_empty()
                && inner.into_iter().try_fold(true, |all, (_, value)| excludes(value).map(|one| all && one))?
        }
        _ => false,
    })
}

fn touches(path: &str, rows: &RowFilter) -> bool {
    path.split('.').next() == Some(&rows.field)
}
