//! Queries.

use bson::raw::{RawArray, RawBsonRef, RawDocument};
use usher_contract::value;

use super::data::{self, Use};
use super::refusal::{At, Check, Refusal};
use super::{expression, names};

/// A checked query.
#[derive(Clone, Copy)]
pub(super) struct Filter<'a> {
    pub(super) document: &'a RawDocument,
    /// Whether it holds a `$expr`, which `rows` has to fence in.
    pub(super) evaluates: bool,
}

/// Where a query stands.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// It is about whole documents.
    Whole,
    /// It is about elements of an array, where MongoDB has no `$expr`, `$text` or `$jsonSchema`.
    Element,
}

impl<'a> Filter<'a> {
    /// Checks a query that came from the guest.
    pub(super) fn read(bytes: &'a [u8]) -> Check<Self> {
        Self::check(value::document(bytes)?)
    }

    /// Checks a query whose BSON is known to be good.
    pub(super) fn check(document: &'a RawDocument) -> Check<Self> {
        let mut evaluates = false;
        query(document, Place::Whole, &mut evaluates)?;
        Ok(Self { document, evaluates })
    }
}

/// Checks a query about elements of an array: `$elemMatch`, `$pull`, an array filter. It may consist of operators
/// as well as of fields.
pub(super) fn element(document: &RawDocument) -> Check {
    for item in document {
        let (key, held) = item?;
        let key = key.as_str();
        if names::is_query(key) {
            operator(key, held)?;
        } else {
            clause(key, held, Place::Element, &mut false)?;
        }
    }
    Ok(())
}

fn query(document: &RawDocument, place: Place, evaluates: &mut bool) -> Check {
    document.iter().try_for_each(|item| {
        let (key, held) = item?;
        clause(key.as_str(), held, place, evaluates)
    })
}

fn clause(key: &str, held: RawBsonRef<'_>, place: Place, evaluates: &mut bool) -> Check {
    if !key.starts_with('$') {
        return field(held).at(key);
    }
    match (key, place) {
        ("$and" | "$or" | "$nor", _) => alternatives(held, place, evaluates).at(key),
        ("$comment", _) => data::value(held, Use::Compared).at(key),
        ("$expr", Place::Whole) => {
            *evaluates = true;
            expression::value(held).at(key)
        }
        ("$text", Place::Whole) => text(held).at(key),
        // A schema only describes the document at hand; no name in it is an operator.
        ("$jsonSchema", Place::Whole) => data::value(held, Use::Compared).at(key),
        _ => Err(Refusal::not_allowed(format!("unknown top level operator: {key}. {}", names::advice(key)))),
    }
}

fn alternatives(held: RawBsonRef<'_>, place: Place, evaluates: &mut bool) -> Check {
    let items = array(held)?;
    for (index, item) in items.into_iter().enumerate() {
        match item? {
            RawBsonRef::Document(inner) if place == Place::Element => element(inner),
            RawBsonRef::Document(inner) => query(inner, place, evaluates),
            _ => Err(Refusal::invalid("each alternative is a query document")),
        }
        .at(index)?;
    }
    Ok(())
}

/// What a field is compared with: operators, or a value.
fn field(held: RawBsonRef<'_>) -> Check {
    match held {
        RawBsonRef::Document(inner) if has_operators(inner)? => operators(inner),
        other => data::value(other, Use::Compared),
    }
}

fn has_operators(document: &RawDocument) -> Check<bool> {
    for item in document {
        let (key, _) = item?;
        if key.as_str().starts_with('$') && !data::is_reference(key.as_str()) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn operators(document: &RawDocument) -> Check {
    document.iter().try_for_each(|item| {
        let (key, held) = item?;
        operator(key.as_str(), held)
    })
}

fn operator(name: &str, held: RawBsonRef<'_>) -> Check {
    if !names::is_query(name) {
        return Err(Refusal::not_allowed(format!("unknown operator: {name}. {}", names::advice(name))));
    }
    match (name, held) {
        ("$not", RawBsonRef::Document(inner)) => operators(inner),
        ("$elemMatch", RawBsonRef::Document(inner)) => element(inner),
        ("$elemMatch", _) => Err(Refusal::invalid("takes a query document")),
        ("$all", RawBsonRef::Array(items)) => items.into_iter().enumerate().try_for_each(|(index, item)| {
            match item? {
                RawBsonRef::Document(inner) => match inner.get("$elemMatch")? {
                    Some(RawBsonRef::Document(_)) => operators(inner),
                    _ => data::value(RawBsonRef::Document(inner), Use::Compared),
                },
                other => data::value(other, Use::Compared),
            }
            .at(index)
        }),
        ("$geoIntersects" | "$geoWithin" | "$near" | "$nearSphere", RawBsonRef::Document(shape)) => geo(shape),
        _ => data::value(held, Use::Compared),
    }
    .at(name)
}

/// Checks a geospatial shape.
fn geo(shape: &RawDocument) -> Check {
    for item in shape {
        let (key, held) = item?;
        let key = key.as_str();
        if key.starts_with('$') && !names::is_geo(key) {
            return Err(Refusal::not_allowed(format!("unknown geospatial operator: {key}")));
        }
        data::value(held, Use::Compared).at(key)?;
    }
    Ok(())
}

fn text(held: RawBsonRef<'_>) -> Check {
    let RawBsonRef::Document(arguments) = held else {
        return Err(Refusal::invalid("takes a document such as {$search: \"words\"}"));
    };
    for item in arguments {
        let (key, argument) = item?;
        if !matches!(key.as_str(), "$search" | "$language" | "$caseSensitive" | "$diacriticSensitive") {
            return Err(Refusal::not_allowed(format!("unknown argument of $text: {key}")));
        }
        data::value(argument, Use::Compared).at(key)?;
    }
    Ok(())
}

fn array(held: RawBsonRef<'_>) -> Check<&RawArray> {
    held.as_array().ok_or_else(|| Refusal::invalid("takes an array of query documents"))
}
