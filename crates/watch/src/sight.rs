//! What one watcher may see of a change.

use std::collections::HashSet;

use bson::{Bson, Document};
use usher_contract::{ErrorCode, Failure};
use usher_rules::matcher::Query;
use usher_rules::{Bound, Operation, Projection, Visible};

use crate::event::{Happened, Subject};

/// The rules and filters of a collection, as they are for one watcher.
pub(crate) struct Sight {
    bound: Bound,
    /// The queries of the filters.
    filter: Query,
    /// The projections of the filters.
    projections: Vec<Projection>,
    /// Whether every document is seen, and wholly.
    everything: bool,
    /// Whether a document that is seen is seen wholly.
    wholly: bool,
    /// Which documents are seen, where their key suffices to tell.
    by_key: Option<Query>,
}

/// What is seen of a change.
#[derive(Debug, PartialEq)]
pub(crate) enum Seen {
    Nothing,
    Whole,
    Part(Document),
}

impl Sight {
    pub(crate) fn new(bound: Bound) -> Result<Self, Failure> {
        let narrowing = bound.filter();
        // Rules are compiled only with filters that the host can decide.
        let filter = Query::compile(&narrowing)
            .map_err(|problem| Failure::new(ErrorCode::InternalServerError, format!("a filter of rules: {problem}")))?;
        let mut projections = Vec::new();
        for document in bound.projections() {
            projections.extend(Projection::read(Some(document))?);
        }
        let wholly = bound.reads_whole() && projections.is_empty();
        let everything = wholly && bound.free(Operation::Read) && narrowing.is_empty();
        let by_key = match bound.visible(&[]) {
            Visible::Matching { query, exact: true } if asks_of_key(&query) && asks_of_key(&narrowing) => {
                Query::compile(&bson::doc! {"$and": [query, narrowing]}).ok()
            }
            _ => None,
        };
        Ok(Self { bound, filter, projections, everything, wholly, by_key })
    }

    /// What is seen of a change. A document that is not seen, or not any more, does not change for the watcher.
    pub(crate) async fn of(&self, happened: &Happened) -> Result<Seen, Failure> {
        let (document, gone) = match happened.subject() {
            Subject::None => return Ok(Seen::Nothing),
            _ if self.everything => return Ok(Seen::Whole),
            Subject::Unknown(key) if self.by_key.as_ref().is_some_and(|query| query.matches(key)) => {
                // Without the document nobody can say what of an update may be told.
                let deleted = happened.description().is_none();
                return Ok(if deleted { Seen::Part(part(happened, None, None)) } else { Seen::Nothing });
            }
            Subject::Unknown(_) => return Ok(Seen::Nothing),
            Subject::Present(document) => (document, false),
            Subject::Past(document) => (document, true),
        };
        if !self.filter.matches(document) {
            return Ok(Seen::Nothing);
        }
        let Some(seen) = self.bound.read(document, &[]).await? else { return Ok(Seen::Nothing) };
        if gone {
            return Ok(if self.wholly { Seen::Whole } else { Seen::Part(part(happened, None, None)) });
        }
        let description = match happened.description() {
            None if self.wholly => return Ok(Seen::Whole),
            None => None,
            Some(description) => Some(self.describe(description, document).await?),
        };
        if self.wholly && description.as_ref() == happened.description() {
            return Ok(Seen::Whole);
        }
        let seen = self.projections.iter().fold(seen, |seen, projection| projection.apply(seen));
        Ok(Seen::Part(part(happened, Some(seen), description)))
    }

    /// An update's description, of the fields that may be read. Their values are those of the document that was seen: it
    /// is looked up later, and what it held in between the watcher may have had no right to.
    async fn describe(&self, description: &Document, document: &Document) -> Result<Document, Failure> {
        let readable = self.readable(description.values().flat_map(paths).collect(), document).await?;
        let kept = description.iter().filter_map(|(name, part)| {
            let part = match (name.as_str(), part) {
                ("updatedFields", Bson::Document(fields)) => {
                    let told = fields.keys().filter(|path| readable.contains(path.as_str()));
                    Bson::Document(told.filter_map(|path| Some((path.clone(), at(document, path)?.clone()))).collect())
                }
                ("removedFields" | "truncatedArrays", Bson::Array(items)) => {
                    let told = items.iter().filter(|item| path_of(item).is_some_and(|path| readable.contains(path)));
                    Bson::Array(told.cloned().collect())
                }
                // Nothing that App Services sent.
                _ => return None,
            };
            Some((name.clone(), part))
        });
        Ok(kept.collect())
    }

    /// Those of the paths that lead to fields which may be read, with everything in them, of a document that is seen.
    async fn readable<'p>(&self, mut paths: Vec<&'p str>, document: &Document) -> Result<HashSet<&'p str>, Failure> {
        if self.wholly {
            return Ok(paths.into_iter().collect());
        }
        paths.retain(|path| !self.projections.iter().any(|projection| projection.hides(path)));
        let fields: Vec<String> = paths.iter().map(|path| field(path)).collect();
        let readable = self.bound.readable(document, &fields).await?;
        Ok(paths.into_iter().zip(readable).filter_map(|(path, readable)| readable.then_some(path)).collect())
    }
}

/// The paths of a part of an update's description.
fn paths(part: &Bson) -> Vec<&str> {
    match part {
        Bson::Document(fields) => fields.keys().map(String::as_str).collect(),
        Bson::Array(items) => items.iter().filter_map(path_of).collect(),
        _ => Vec::new(),
    }
}

/// The path of a removed field, or of an array that was cut.
fn path_of(item: &Bson) -> Option<&str> {
    item.as_document().map_or(item.as_str(), |array| array.get_str("field").ok())
}

/// An event with these of its members. Of the key only the `_id` is told: on a sharded collection it has more fields.
fn part(happened: &Happened, mut document: Option<Document>, mut description: Option<Document>) -> Document {
    let members = happened.event().iter().filter_map(|(name, value)| {
        let value = match name.as_str() {
            "fullDocument" => Bson::Document(document.take()?),
            "updateDescription" => Bson::Document(description.take()?),
            "documentKey" => {
                let key = value.as_document()?;
                Bson::Document(key.get("_id").map(|id| ("_id".to_owned(), id.clone())).into_iter().collect())
            }
            _ => value.clone(),
        };
        Some((name.clone(), value))
    });
    members.collect()
}

/// The field that a path leads to: positions in lists are no fields.
fn field(path: &str) -> String {
    let steps: Vec<&str> = path.split('.').filter(|step| !step.bytes().all(|byte| byte.is_ascii_digit())).collect();
    steps.join(".")
}

/// The value at a path of an update's description: through documents, and positions in lists.
fn at<'a>(document: &'a Document, path: &str) -> Option<&'a Bson> {
    let mut steps = path.split('.');
    let mut value = document.get(steps.next()?)?;
    for step in steps {
        value = match value {
            Bson::Document(inner) => inner.get(step)?,
            Bson::Array(items) => items.get(step.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(value)
}

/// Whether a query asks of the `_id` alone.
fn asks_of_key(query: &Document) -> bool {
    query.iter().all(|(name, value)| match (name.as_str(), value) {
        ("$and" | "$or" | "$nor", Bson::Array(queries)) => {
            queries.iter().all(|query| query.as_document().is_some_and(asks_of_key))
        }
        _ => name == "_id" || name.starts_with("_id."),
    })
}

#[cfg(test)]
mod tests;
