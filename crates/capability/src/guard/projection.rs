//! Projections of find and of the find-one-and family.

use bson::raw::{RawBsonRef, RawDocument};

use super::refusal::{At, Check, Refusal};
use super::{expression, filter, names};

/// Checks a projection: fields with a flag, an operator or an expression each.
pub(super) fn document(document: &RawDocument) -> Check {
    for element in document {
        let (key, held) = element?;
        let key = key.as_str();
        if key.starts_with('$') {
            return Err(Refusal::not_allowed(format!(
                "`{key}` is not allowed as a field of a projection: {}",
                names::advice(key)
            )));
        }
        field(held).at(key)?;
    }
    Ok(())
}

fn field(held: RawBsonRef<'_>) -> Check {
    let RawBsonRef::Document(inner) = held else {
        return expression::value(held);
    };
    for element in inner {
        let (key, value) = element?;
        match (key.as_str(), value) {
            ("$elemMatch", RawBsonRef::Document(query)) => filter::element(query).at("$elemMatch"),
            ("$elemMatch", _) => Err(Refusal::invalid("$elemMatch takes a query document")),
            (name, _) if name.starts_with('$') => expression::operator(name, value),
            (name, _) => field(value).at(name),
        }?;
    }
    Ok(())
}
