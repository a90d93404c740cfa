//! What must hold of every command that the guard lets through, said again without the guard's code.
//!
//! The guard works with allow-lists of names; the oracle with a list of what may never pass ([`names`]). The guard
//! writes the row filter; the oracle looks for it where MongoDB will ([`rows`]).

mod names;
mod rows;

use bson::raw::{RawArray, RawBsonRef, RawDocument};
use usher_capability::Scope;
use usher_contract::limits;

/// Holds, or the first thing that does not.
pub type Verdict<T = ()> = Result<T, String>;

/// What the guard must have added to each command.
pub struct Added<'a> {
    /// `comment`.
    pub invocation: &'a str,
    /// `maxTimeMS`.
    pub milliseconds: i32,
}

/// The commands, with the fields that each may have.
const COMMANDS: &[(&str, &[&str])] = &[
    ("find", &["filter", "projection", "sort", "skip", "hint", "collation", "limit", "batchSize", "singleBatch"]),
    ("aggregate", &["pipeline", "cursor", "hint", "collation", "allowDiskUse"]),
    ("distinct", &["key", "query", "hint", "collation"]),
    ("insert", &["documents", "ordered"]),
    ("update", &["updates"]),
    ("delete", &["deletes"]),
    (
        "findAndModify",
        &["query", "update", "remove", "new", "upsert", "arrayFilters", "sort", "fields", "hint", "collation"],
    ),
];
const UPDATE: &[&str] = &["q", "u", "multi", "upsert", "arrayFilters", "hint", "collation"];
const DELETE: &[&str] = &["q", "limit", "hint", "collation"];

/// Judges a command that passed under a scope.
///
/// # Errors
/// What it could do that it must not.
pub fn judge(scope: &Scope, command: &RawDocument, added: &Added<'_>) -> Verdict {
    readable(command)?;
    let Some((first, RawBsonRef::String(collection))) = elements(command)?.into_iter().next() else {
        return Err("the command does not begin with its name and a collection".into());
    };
    require(collection == scope.collection, || format!("the command is about the collection {collection}"))?;
    let known = COMMANDS.iter().find(|(name, _)| *name == first).ok_or(format!("the command {first}"))?.1;
    let common = [first, "maxTimeMS", "comment"];
    only(command, &[known, &common].concat())?;
    require(get(command, "maxTimeMS")? == Some(RawBsonRef::Int32(added.milliseconds)), || "maxTimeMS".into())?;
    require(get(command, "comment")? == Some(RawBsonRef::String(added.invocation)), || "comment".into())?;
    body(scope, first, command)
}

fn body(scope: &Scope, name: &str, command: &RawDocument) -> Verdict {
    let rows = scope.rows.as_ref();
    match name {
        "find" => {
            query(scope, command, "filter")?;
            capped(command, "limit", limits::QUERY_DOCUMENTS)?;
            if get(command, "singleBatch")?.is_none() {
                capped(command, "batchSize", limits::BATCH_DOCUMENTS.into())?;
            }
        }
        "aggregate" => {
            let pipeline = array(command, "pipeline")?;
            names::pipeline(pipeline, rows.is_some())?;
            if let Some(rows) = rows {
                rows::pipeline(pipeline, rows)?;
            }
        }
        "distinct" => query(scope, command, "query")?,
        "insert" => {
            for document in documents(array(command, "documents")?)? {
                names::data(document)?;
                rows.map_or(Ok(()), |rows| rows::stored(document, rows))?;
            }
        }
        "update" => {
            let statement = one(array(command, "updates")?)?;
            only(statement, UPDATE)?;
            change(scope, statement, ["q", "u"])?;
            parts(statement)?;
        }
        "delete" => {
            let statement = one(array(command, "deletes")?)?;
            only(statement, DELETE)?;
            query(scope, statement, "q")?;
            parts(statement)?;
        }
        _ => match get(command, "remove")? {
            Some(RawBsonRef::Boolean(true)) if get(command, "update")?.is_none() => query(scope, command, "query")?,
            None => change(scope, command, ["query", "update"])?,
            _ => return Err("findAndModify both removes and updates".into()),
        },
    }
    parts(command)
}

/// A query, which is conjoined with the row filter.
fn query(scope: &Scope, command: &RawDocument, key: &str) -> Verdict {
    let query = document(command, key)?;
    names::query(query)?;
    match &scope.rows {
        Some(rows) => rows::query(query, rows),
        None => Ok(()),
    }
}

/// A query and what is done to the documents that it finds.
fn change(scope: &Scope, command: &RawDocument, [query_key, update_key]: [&str; 2]) -> Verdict {
    query(scope, command, query_key)?;
    let update = get(command, update_key)?.ok_or("there is no update")?;
    names::update(update)?;
    let upsert = get(command, "upsert")? == Some(RawBsonRef::Boolean(true));
    match &scope.rows {
        Some(rows) => rows::update(update, rows, upsert),
        None => Ok(()),
    }
}

/// What stands beside queries and updates, in all commands alike.
fn parts(command: &RawDocument) -> Verdict {
    for key in ["sort", "hint", "collation", "arrayFilters"] {
        get(command, key)?.map_or(Ok(()), names::plain)?;
    }
    for key in ["projection", "fields"] {
        get(command, key)?.map_or(Ok(()), names::projection)?;
    }
    Ok(())
}

/// Reads every byte: the guard writes BSON by hand.
fn readable(document: &RawDocument) -> Verdict {
    elements(document)?.into_iter().try_for_each(|(_, value)| readable_value(value))
}

fn readable_value(value: RawBsonRef<'_>) -> Verdict {
    match value {
        RawBsonRef::Document(inner) => readable(inner),
        RawBsonRef::Array(inner) => items(inner)?.into_iter().try_for_each(readable_value),
        RawBsonRef::JavaScriptCodeWithScope(code) => readable(code.scope),
        _ => Ok(()),
    }
}

fn only(document: &RawDocument, known: &[&str]) -> Verdict {
    let keys: Vec<&str> = elements(document)?.into_iter().map(|(key, _)| key).collect();
    for (index, key) in keys.iter().enumerate() {
        require(known.contains(key), || format!("the field {key}"))?;
        require(!keys[..index].contains(key), || format!("the field {key} twice"))?;
    }
    Ok(())
}

fn capped(command: &RawDocument, key: &str, most: u64) -> Verdict {
    let number = match get(command, key)? {
        Some(RawBsonRef::Int32(number)) => u64::try_from(number).ok(),
        Some(RawBsonRef::Int64(number)) => u64::try_from(number).ok(),
        _ => None,
    };
    require(number.is_some_and(|number| (1..=most).contains(&number)), || format!("{key} is {number:?}"))
}

fn elements(document: &RawDocument) -> Verdict<Vec<(&str, RawBsonRef<'_>)>> {
    let elements = document.iter().map(|element| element.map(|(key, value)| (key.as_str(), value)));
    elements.map(|element| element.map_err(|e| format!("not BSON: {e}"))).collect()
}

fn items(array: &RawArray) -> Verdict<Vec<RawBsonRef<'_>>> {
    array.into_iter().map(|item| item.map_err(|e| format!("not BSON: {e}"))).collect()
}

fn documents(array: &RawArray) -> Verdict<Vec<&RawDocument>> {
    let one = |item: RawBsonRef<'_>| format!("{item:?} is not a document");
    items(array)?.into_iter().map(|item| item.as_document().ok_or_else(|| one(item))).collect()
}

fn one(array: &RawArray) -> Verdict<&RawDocument> {
    match documents(array)?[..] {
        [only] => Ok(only),
        _ => Err("not one statement".into()),
    }
}

fn get<'a>(document: &'a RawDocument, key: &str) -> Verdict<Option<RawBsonRef<'a>>> {
    Ok(elements(document)?.into_iter().find(|(other, _)| *other == key).map(|(_, value)| value))
}

fn document<'a>(command: &'a RawDocument, key: &str) -> Verdict<&'a RawDocument> {
    get(command, key)?.and_then(|value| value.as_document()).ok_or(format!("{key} is not a document"))
}

fn array<'a>(command: &'a RawDocument, key: &str) -> Verdict<&'a RawArray> {
    get(command, key)?.and_then(|value| value.as_array()).ok_or(format!("{key} is not an array"))
}

fn require(holds: bool, otherwise: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(otherwise()) }
}

#[cfg(test)]
mod tests;
