//! Values that are data: stored, or compared with what is stored.

use bson::raw::{RawBsonRef, RawDocument};

use super::refusal::{At, Check, Refusal};

/// Where the data goes, which decides how a `$`-name in it is refused.
#[derive(Clone, Copy)]
pub(super) enum Use {
    /// Into the collection.
    Stored,
    /// Into a comparison in a query.
    Compared,
}

/// Checks that no name in a value begins with `$`, apart from those of a DBRef.
pub(super) fn value(value: RawBsonRef<'_>, purpose: Use) -> Check {
    match value {
        RawBsonRef::Document(inner) => document(inner, purpose),
        RawBsonRef::Array(items) => {
            items.into_iter().enumerate().try_for_each(|(index, item)| self::value(item?, purpose).at(index))
        }
        _ => Ok(()),
    }
}

fn document(document: &RawDocument, purpose: Use) -> Check {
    for element in document {
        let (key, held) = element?;
        let key = key.as_str();
        if key.starts_with('$') && !is_reference(key) {
            return Err(operator_in_data(key, purpose));
        }
        value(held, purpose).at(key)?;
    }
    Ok(())
}

/// The parts of a DBRef, the only stored names that begin with `$`.
pub(super) fn is_reference(key: &str) -> bool {
    matches!(key, "$ref" | "$id" | "$db")
}

fn operator_in_data(key: &str, purpose: Use) -> Refusal {
    match purpose {
        Use::Stored => Refusal::invalid(format!(
            "the field name `{key}` begins with `$`, which is for operators: rename the field"
        )),
        Use::Compared => Refusal::not_allowed(format!(
            "the operator `{key}` is not allowed here, inside a value to compare with: write the field as a dotted path"
        )),
    }
}
