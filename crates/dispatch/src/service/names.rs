//! The arguments of an action, and the texts that clients know for what is wrong with them (reference 6).

use bson::{Array, Bson, Document};
use usher_contract::{ErrorCode, Failure};

/// Operators that MongoDB knows at the top of a query.
const TOP: &[&str] = &["$and", "$or", "$nor", "$expr", "$text", "$where", "$comment", "$jsonSchema"];

fn refused(message: impl Into<String>) -> Failure {
    Failure::new(ErrorCode::FunctionExecutionError, message)
}

/// What App Services said of a service that does not exist: there, the action was a member of `undefined`.
pub(super) fn no_such_service(action: &str) -> Failure {
    refused(format!("TypeError: Cannot access member '{action}' of undefined"))
}

pub(super) fn no_such_action(action: &str) -> Failure {
    refused(format!(
        "unknown action '{action}': a MongoDB service has find, findOne, aggregate, count, the insert, update \
                     and delete actions, and watch as a stream"
    ))
}

/// A member that must be text.
pub(super) fn text<'a>(argument: &'a Document, name: &str) -> Result<&'a str, Failure> {
    match argument.get(name) {
        Some(Bson::String(text)) => Ok(text),
        None | Some(Bson::Null | Bson::Undefined) => Err(refused(format!("'{name}' is a required string"))),
        Some(_) => Err(refused(format!("'{name}' must be a string"))),
    }
}

/// A member that is a document; an empty one where it is absent.
pub(super) fn document(argument: &Document, name: &str) -> Result<Document, Failure> {
    Ok(optional(argument, name)?.unwrap_or_default())
}

/// A member that is a document, where it is there.
pub(super) fn optional(argument: &Document, name: &str) -> Result<Option<Document>, Failure> {
    match argument.get(name) {
        Some(Bson::Document(document)) => Ok(Some(document.clone())),
        None | Some(Bson::Null | Bson::Undefined) => Ok(None),
        Some(_) => Err(refused(format!("'{name}' must be a document"))),
    }
}

/// A member that must be there and be a document.
pub(super) fn required(argument: &Document, name: &str) -> Result<Document, Failure> {
    optional(argument, name)?.ok_or_else(|| refused(format!("'{name}' is a required document")))
}

/// A member that must be an array of documents.
pub(super) fn documents<'a>(argument: &'a Document, name: &str) -> Result<&'a Array, Failure> {
    match argument.get(name) {
        Some(Bson::Array(array)) if array.iter().all(|one| matches!(one, Bson::Document(_))) => Ok(array),
        Some(Bson::Array(_)) => Err(refused(format!("'{name}' must be an array of documents"))),
        None | Some(Bson::Null | Bson::Undefined) => Err(refused(format!("'{name}' is a required array"))),
        Some(_) => Err(refused(format!("'{name}' must be an array"))),
    }
}

/// A query, whose unknown operators are named as MongoDB names them.
pub(super) fn query(argument: &Document, name: &str) -> Result<Document, Failure> {
    let query = document(argument, name)?;
    match query.keys().find(|key| key.starts_with('$') && !TOP.contains(&key.as_str())) {
        // The full stop is a part of what tests of clients look for.
        Some(key) => Err(refused(format!(
            "(BadValue) unknown top level operator: {key}. If you have a field name that starts with a '$' symbol, consider \
             using $getField or $setField."
        ))),
        None => Ok(query),
    }
}

/// Whether an update has operators, or is a plain document; a mixture is refused.
pub(super) fn has_operators(update: &Document) -> Result<bool, Failure> {
    let operators = update.keys().filter(|key| key.starts_with('$')).count();
    if operators != 0 && operators != update.len() {
        return Err(refused(
            "(FailedToParse) an update has either operators alone, such as $set, or fields alone: each \
                            member must be an update operator",
        ));
    }
    let unknown = update.keys().find(|key| key.starts_with('$') && !MODIFIERS.contains(&key.as_str()));
    match unknown {
        Some(key) => Err(refused(format!(
            "(FailedToParse) Unknown modifier: {key}. Expected a valid update modifier or pipeline-style update specified \
             as an array"
        ))),
        None => Ok(operators != 0),
    }
}

/// Update operators that MongoDB knows.
const MODIFIERS: &[&str] = &[
    "$addToSet",
    "$bit",
    "$currentDate",
    "$inc",
    "$max",
    "$min",
    "$mul",
    "$pop",
    "$pull",
    "$pullAll",
    "$push",
    "$rename",
    "$set",
    "$setOnInsert",
    "$unset",
];

/// A replacement, which holds no operators.
pub(super) fn replacement(update: &Document) -> Result<(), Failure> {
    match update.keys().find(|key| key.starts_with('$')) {
        Some(_) => Err(refused("the replace operation document must not contain atomic operators")),
        None => Ok(()),
    }
}

/// Stages whose names MongoDB knows begin with `$` and a letter; others are named as it names them.
pub(super) fn stages(pipeline: &Array) -> Result<(), Failure> {
    for stage in pipeline.iter().filter_map(Bson::as_document) {
        if let Some(name) = stage.keys().next().filter(|name| !STAGES.contains(&name.as_str())) {
            return Err(refused(format!("(Location40324) Unrecognized pipeline stage name: '{name}'.")));
        }
    }
    Ok(())
}

/// Stages that MongoDB knows; whether one may be used is for the guard to say.
const STAGES: &[&str] = &[
    "$addFields",
    "$bucket",
    "$bucketAuto",
    "$changeStream",
    "$collStats",
    "$count",
    "$currentOp",
    "$densify",
    "$documents",
    "$facet",
    "$fill",
    "$geoNear",
    "$graphLookup",
    "$group",
    "$indexStats",
    "$limit",
    "$listLocalSessions",
    "$listSessions",
    "$lookup",
    "$match",
    "$merge",
    "$out",
    "$planCacheStats",
    "$project",
    "$redact",
    "$replaceRoot",
    "$replaceWith",
    "$sample",
    "$search",
    "$searchMeta",
    "$set",
    "$setWindowFields",
    "$skip",
    "$sort",
    "$sortByCount",
    "$unionWith",
    "$unset",
    "$unwind",
    "$vectorSearch",
];
