//! Updates: operators, replacements and pipelines.

use bson::raw::{RawBsonRef, RawDocument};
use usher_contract::value;

use super::data::{self, Use};
use super::refusal::{At, Check, Refusal};
use super::rows::Rows;
use super::stored::Stored;
use super::writer::Writer;
use super::{expression, filter, names, update_pipeline};

/// A checked update.
#[derive(Clone, Copy)]
pub(super) enum Update<'a> {
    Operators {
        document: &'a RawDocument,
        /// Whether it sets the row filter's field, to a value of the scope.
        owned: bool,
    },
    Replacement(Stored<'a>),
    /// An array in its binary form.
    Pipeline(&'a RawDocument),
}

/// The kinds of update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Operators,
    Pipeline,
    Replacement,
}

impl<'a> Update<'a> {
    /// Checks an update of one of the three kinds. A document without operators is a replacement (reference 5.5).
    pub(super) fn read(bytes: &'a [u8], rows: Option<&Rows<'_>>) -> Check<Self> {
        let document = value::document(bytes)?;
        let Some(first) = document.iter().next().transpose()? else {
            return Err(Refusal::invalid("the update is empty: say what to change, for example with $set"));
        };
        if first.0.as_str().starts_with('$') {
            let owned = operators(document, rows)?;
            return Ok(Self::Operators { document, owned });
        }
        if update_pipeline::is_pipeline(document)? {
            update_pipeline::check(document, rows)?;
            return Ok(Self::Pipeline(document));
        }
        Ok(Self::Replacement(replacement(document, rows)?))
    }

    /// Checks a replacement.
    pub(super) fn replacement(bytes: &'a [u8], rows: Option<&Rows<'_>>) -> Check<Self> {
        Ok(Self::Replacement(replacement(value::document(bytes)?, rows)?))
    }

    /// Writes the update. For an upsert, `upsert` holds the value of the row filter's field that the query pins, if
    /// it pins one, and the update makes the new document a document of the scope.
    pub(super) fn write(
        &self,
        writer: &mut Writer,
        key: &str,
        rows: Option<&Rows<'_>>,
        upsert: Option<Option<RawBsonRef<'_>>>,
    ) -> Check {
        match (self, rows, upsert) {
            (Self::Operators { document, owned: false }, Some(rows), Some(pinned)) => {
                write_upsert(writer, key, document, rows, pinned)
            }
            (Self::Operators { document, .. }, _, _) => {
                writer.document(key, document);
                Ok(())
            }
            (Self::Replacement(stored), _, _) => stored.write_replacement(writer, key, rows, upsert),
            (Self::Pipeline(_), Some(_), Some(_)) => Err(Refusal::outside(
                "an upsert with a pipeline could make a document outside the scope: use update operators, such as $set",
            )),
            (Self::Pipeline(stages), _, _) => {
                writer.array_bytes(key, stages.as_bytes());
                Ok(())
            }
        }
    }
}

/// What kind of change an update is, without a check of what it holds.
pub(super) fn kind(bytes: &[u8]) -> Check<Kind> {
    let document = value::document(bytes)?;
    Ok(match document.iter().next().transpose()? {
        Some((first, _)) if first.as_str().starts_with('$') => Kind::Operators,
        Some(_) if update_pipeline::is_pipeline(document)? => Kind::Pipeline,
        _ => Kind::Replacement,
    })
}

fn replacement<'a>(document: &'a RawDocument, rows: Option<&Rows<'_>>) -> Check<Stored<'a>> {
    for element in document {
        let (key, _) = element?;
        if key.as_str().starts_with('$') {
            return Err(Refusal::not_allowed(format!(
                "the replace operation document must not contain atomic operators: `{key}` beside plain fields. An \
                 update holds operators only, a replacement holds fields only"
            )));
        }
    }
    Stored::check(document, rows)
}

/// Copies operators and sets the field on insert.
fn write_upsert(
    writer: &mut Writer,
    key: &str,
    document: &RawDocument,
    rows: &Rows<'_>,
    pinned: Option<RawBsonRef<'_>>,
) -> Check {
    let update = writer.open_document(key);
    let mut own = None;
    for element in document {
        let (operator, arguments) = element?;
        match (operator.as_str(), arguments) {
            ("$setOnInsert", RawBsonRef::Document(fields)) => own = Some(fields),
            _ => writer.value(operator, arguments),
        }
    }
    let on_insert = writer.open_document("$setOnInsert");
    if let Some(fields) = own {
        writer.elements(fields);
    }
    rows.value(writer, pinned)?;
    writer.close(on_insert);
    writer.close(update);
    Ok(())
}

/// Checks an operator document, and gives whether it sets the row filter's field.
fn operators(document: &RawDocument, rows: Option<&Rows<'_>>) -> Check<bool> {
    let mut owned = false;
    for (index, element) in document.iter().enumerate() {
        let (operator, arguments) = element?;
        let operator = operator.as_str();
        if !operator.starts_with('$') {
            return Err(Refusal::invalid(format!(
                "the field `{operator}` stands beside an update operator: an update holds operators only, a replacement \
                 holds fields only"
            )));
        }
        // MongoDB takes one of two equal keys, and not always the same one.
        let earlier = document.iter().take(index).flatten();
        if earlier.into_iter().any(|(other, _)| other.as_str() == operator) {
            return Err(Refusal::invalid(format!("the update operator `{operator}` occurs twice")));
        }
        if !is_operator(operator) {
            return Err(Refusal::not_allowed(format!("Unknown modifier: {operator}. {}", names::advice(operator))));
        }
        let RawBsonRef::Document(fields) = arguments else {
            return Err(Refusal::invalid(format!("`{operator}` takes a document of fields")));
        };
        for field in fields {
            let (path, value) = field?;
            let path = path.as_str();
            check_path(path).at(operator)?;
            if let Some(rows) = rows.filter(|rows| rows.touches(path)) {
                let sets = matches!(operator, "$set" | "$setOnInsert") && path == rows.field() && rows.holds(value);
                if !sets {
                    return Err(rows.refuse(operator, path)).at(path).at(operator);
                }
                owned = true;
            }
            if operator == "$rename" {
                check_rename(value, rows).at(path).at(operator)?;
            }
            check_value(operator, value).at(path).at(operator)?;
        }
    }
    Ok(owned)
}

fn is_operator(name: &str) -> bool {
    matches!(
        name,
        "$addToSet"
            | "$bit"
            | "$currentDate"
            | "$inc"
            | "$max"
            | "$min"
            | "$mul"
            | "$pop"
            | "$pull"
            | "$pullAll"
            | "$push"
            | "$rename"
            | "$set"
            | "$setOnInsert"
            | "$unset"
    )
}

/// Checks what an operator does to one field.
fn check_value(operator: &str, value: RawBsonRef<'_>) -> Check {
    match (operator, value) {
        ("$addToSet" | "$push", RawBsonRef::Document(inner)) => modifiers(inner),
        ("$pull", RawBsonRef::Document(query)) => filter::element(query),
        ("$currentDate", RawBsonRef::Document(kind)) => match kind.get("$type")? {
            Some(RawBsonRef::String("date" | "timestamp")) if kind.iter().count() == 1 => Ok(()),
            _ => Err(Refusal::invalid("takes true, {$type: \"date\"} or {$type: \"timestamp\"}")),
        },
        _ => data::value(value, Use::Stored),
    }
}

/// Checks `{$each: […], …}` or a document to add.
fn modifiers(document: &RawDocument) -> Check {
    if document.get("$each")?.is_none() {
        return data::value(RawBsonRef::Document(document), Use::Stored);
    }
    for element in document {
        let (key, value) = element?;
        let key = key.as_str();
        if !matches!(key, "$each" | "$position" | "$slice" | "$sort") {
            return Err(Refusal::not_allowed(format!("Unknown modifier: {key}")));
        }
        data::value(value, Use::Stored).at(key)?;
    }
    Ok(())
}

fn check_rename(target: RawBsonRef<'_>, rows: Option<&Rows<'_>>) -> Check {
    let Some(path) = target.as_str() else {
        return Err(Refusal::invalid("$rename takes the new name as a string"));
    };
    check_path(path)?;
    match rows.filter(|rows| rows.touches(path)) {
        Some(rows) => Err(rows.refuse("$rename", path)),
        None => Ok(()),
    }
}

/// Checks the path of a field to write.
pub(super) fn check_path(path: &str) -> Check {
    for (index, step) in path.split('.').enumerate() {
        if step.is_empty() {
            return Err(Refusal::invalid(format!("the path `{path}` has an empty step")));
        }
        let positional = index > 0 && (step == "$" || step.starts_with("$[") || data::is_reference(step));
        if step.starts_with('$') && !positional {
            return Err(Refusal::not_allowed(format!(
                "`{step}` is not allowed in the path `{path}`: it names no field"
            )));
        }
    }
    Ok(())
}

/// Checks that an expression-valued field of a pipeline may be written.
pub(super) fn check_computed(path: &str, value: RawBsonRef<'_>) -> Check {
    check_path(path)?;
    expression::value(value).at(path)
}
