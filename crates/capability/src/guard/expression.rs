//! Aggregation expressions.

use bson::raw::{RawBsonRef, RawDocument};

use super::names;
use super::refusal::{At, Check, Refusal};

/// Checks a value in a position where MongoDB evaluates it.
pub(super) fn value(value: RawBsonRef<'_>) -> Check {
    match value {
        RawBsonRef::String(text) => variable(text),
        RawBsonRef::Document(inner) => document(inner),
        RawBsonRef::Array(items) => {
            items.into_iter().enumerate().try_for_each(|(index, item)| self::value(item?).at(index))
        }
        _ => Ok(()),
    }
}

/// Checks a document of expressions: an operator with its arguments, or fields with an expression each.
pub(super) fn document(document: &RawDocument) -> Check {
    for element in document {
        let (key, held) = element?;
        let key = key.as_str();
        if key.starts_with('$') {
            operator(key, held)?;
        } else {
            value(held).at(key)?;
        }
    }
    Ok(())
}

/// Checks an operator and its arguments.
pub(super) fn operator(name: &str, arguments: RawBsonRef<'_>) -> Check {
    if !names::is_expression(name) {
        return Err(Refusal::not_allowed(format!(
            "the expression operator `{name}` is not allowed: {}",
            names::advice(name)
        )));
    }
    match name {
        // What it holds is data by definition.
        "$literal" => Ok(()),
        "$meta" => meta(arguments),
        _ => value(arguments),
    }
    .at(name)
}

/// Checks what `$meta` asks for.
pub(super) fn meta(asked: RawBsonRef<'_>) -> Check {
    match asked.as_str() {
        Some(name) if names::is_meta(name) => Ok(()),
        Some(name) => Err(Refusal::not_allowed(format!("`$meta` does not give `{name}` here"))),
        None => Err(Refusal::invalid("`$meta` takes a name, such as \"textScore\"")),
    }
}

fn variable(text: &str) -> Check {
    let Some(path) = text.strip_prefix("$$") else {
        return Ok(());
    };
    let name = path.split('.').next().unwrap_or(path);
    if names::is_variable(name) {
        return Ok(());
    }
    Err(Refusal::not_allowed(format!(
        "the variable `$${name}` is not allowed: use $$ROOT, $$CURRENT, $$NOW, $$REMOVE or one bound in the expression"
    )))
}
