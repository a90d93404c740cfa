//! What a client asks, as an operation: every action of reference 6 with its argument's names.

use bson::{Array, Bson, Document, doc};
use usher_contract::{Failure, Operation, value};

use super::names::{self, document, documents, has_operators, query, required};
use super::result::Shape;

/// An action with its argument read.
pub(super) struct Action {
    pub(super) operation: Operation,
    pub(super) shape: Shape,
}

impl Action {
    pub(super) fn read(name: &str, argument: &Document) -> Result<Self, Failure> {
        let (operation, shape) = match name {
            "find" => (find(argument)?, Shape::Documents),
            "findOne" => (find_one(argument)?, Shape::Document),
            "findOneAndUpdate" => (find_and_update(argument)?, Shape::Document),
            "findOneAndReplace" => (find_and_replace(argument)?, Shape::Document),
            "findOneAndDelete" => (find_and_delete(argument)?, Shape::Document),
            "aggregate" => (aggregate(argument)?, Shape::Documents),
            "count" => (count(argument)?, Shape::Count),
            "insertOne" => {
                (Operation::InsertOne { document: bytes(&required(argument, "document")?)? }, Shape::Document)
            }
            "insertMany" => (insert_many(argument)?, Shape::Document),
            "updateOne" => (update(argument, false)?, Shape::Updated),
            "updateMany" => (update(argument, true)?, Shape::Updated),
            "deleteOne" => (
                Operation::DeleteOne { filter: bytes(&query(argument, "query")?)?, options: bytes(&doc! {})? },
                Shape::Document,
            ),
            "deleteMany" => (
                Operation::DeleteMany { filter: bytes(&query(argument, "query")?)?, options: bytes(&doc! {})? },
                Shape::Document,
            ),
            _ => return Err(names::no_such_action(name)),
        };
        Ok(Self { operation, shape })
    }
}

fn bytes(document: &Document) -> Result<Vec<u8>, Failure> {
    value::bytes(document)
}

/// Options that are there, under the operation's names for them.
fn options(argument: &Document, names: &[(&str, &str)]) -> Document {
    let given = |(from, to): &(&str, &str)| {
        let value = argument.get(*from).filter(|value| !matches!(value, Bson::Null | Bson::Undefined))?;
        Some(((*to).to_owned(), value.clone()))
    };
    names.iter().filter_map(given).collect()
}

/// What clients send as the projection of a find is called `project`; some call it as elsewhere.
const PROJECTION: [(&str, &str); 2] = [("projection", "projection"), ("project", "projection")];

fn find(argument: &Document) -> Result<Operation, Failure> {
    let [other, usual] = PROJECTION;
    let options = options(argument, &[other, usual, ("sort", "sort"), ("skip", "skip"), ("limit", "limit")]);
    Ok(Operation::Find { filter: bytes(&query(argument, "query")?)?, options: bytes(&options)? })
}

/// `limit`, which some clients send, says nothing here.
fn find_one(argument: &Document) -> Result<Operation, Failure> {
    let [other, usual] = PROJECTION;
    let options = options(argument, &[other, usual, ("sort", "sort"), ("skip", "skip")]);
    Ok(Operation::FindOne { filter: bytes(&query(argument, "query")?)?, options: bytes(&options)? })
}

fn count(argument: &Document) -> Result<Operation, Failure> {
    let options = options(argument, &[("limit", "limit")]);
    Ok(Operation::Count { filter: bytes(&query(argument, "query")?)?, options: bytes(&options)? })
}

fn aggregate(argument: &Document) -> Result<Operation, Failure> {
    let pipeline = documents(argument, "pipeline")?;
    names::stages(pipeline)?;
    Ok(Operation::Aggregate { pipeline: value::array_bytes(pipeline.clone())?, options: bytes(&doc! {})? })
}

fn insert_many(argument: &Document) -> Result<Operation, Failure> {
    let mut batch = Vec::new();
    for document in documents(argument, "documents")?.iter().filter_map(Bson::as_document) {
        batch.extend(bytes(document)?);
    }
    Ok(Operation::InsertMany { documents: batch, options: bytes(&options(argument, &[("ordered", "ordered")]))? })
}

/// An update, which may be a pipeline.
enum Change {
    Update(Vec<u8>),
    Replacement(Vec<u8>),
}

fn change(argument: &Document) -> Result<Change, Failure> {
    if let Some(Bson::Array(pipeline)) = argument.get("update") {
        let stages: Array = pipeline.clone();
        return Ok(Change::Update(value::array_bytes(stages)?));
    }
    let update = required(argument, "update")?;
    let written = bytes(&update)?;
    Ok(if has_operators(&update)? { Change::Update(written) } else { Change::Replacement(written) })
}

fn update(argument: &Document, many: bool) -> Result<Operation, Failure> {
    let filter = bytes(&query(argument, "query")?)?;
    let given = bytes(&options(argument, &[("upsert", "upsert"), ("arrayFilters", "arrayFilters")]))?;
    Ok(match (change(argument)?, many) {
        (Change::Update(update), false) => Operation::UpdateOne { filter, update, options: given },
        // Each match is replaced in turn, as App Services did.
        (Change::Update(update) | Change::Replacement(update), true) => {
            Operation::UpdateMany { filter, update, options: given }
        }
        (Change::Replacement(replacement), false) => {
            let options = bytes(&options(argument, &[("upsert", "upsert")]))?;
            Operation::ReplaceOne { filter, replacement, options }
        }
    })
}

const MODIFY: [(&str, &str); 4] =
    [("sort", "sort"), ("projection", "projection"), ("upsert", "upsert"), ("returnNewDocument", "returnNewDocument")];

fn find_and_update(argument: &Document) -> Result<Operation, Failure> {
    let filter = bytes(&query(argument, "filter")?)?;
    let mut given = options(argument, &MODIFY);
    Ok(match change(argument)? {
        Change::Update(update) => {
            given.extend(options(argument, &[("arrayFilters", "arrayFilters")]));
            Operation::FindOneAndUpdate { filter, update, options: bytes(&given)? }
        }
        Change::Replacement(replacement) => {
            Operation::FindOneAndReplace { filter, replacement, options: bytes(&given)? }
        }
    })
}

/// realm-web 2.0.1 sends `findOneAndDelete` under this name, without an update (reference 6). Nobody replaces a document
/// by nothing, so it is taken for what its author meant; but with options that only a replacement has, its author forgot
/// the replacement.
fn find_and_replace(argument: &Document) -> Result<Operation, Failure> {
    let replaces = ["update", "upsert", "returnNewDocument"].iter().any(|name| argument.contains_key(name));
    if !replaces {
        return find_and_delete(argument);
    }
    let replacement = required(argument, "update")?;
    names::replacement(&replacement)?;
    let filter = bytes(&query(argument, "filter")?)?;
    let options = bytes(&options(argument, &MODIFY))?;
    Ok(Operation::FindOneAndReplace { filter, replacement: bytes(&replacement)?, options })
}

fn find_and_delete(argument: &Document) -> Result<Operation, Failure> {
    let options = options(argument, &[("sort", "sort"), ("projection", "projection")]);
    let filter = query(argument, "filter")?;
    // Some clients name the filter of a delete as they do elsewhere.
    let filter = if filter.is_empty() { document(argument, "query")? } else { filter };
    Ok(Operation::FindOneAndDelete { filter: bytes(&filter)?, options: bytes(&options)? })
}
