//! What one watcher may see of a change.

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
        let mut seen = Document::new();
        for (name, part) in description {
            let part = match (name.as_str(), part) {
                ("updatedFields", Bson::Document(fields)) => {
                    let mut kept = Document::new();
                    for path in fields.keys() {
                        if let Some(value) = at(document, path)
                            && self.reads(path, document).await?
                        {
                            kept.insert(path, value.clone());
                        }
                    }
                    Bson::Document(kept)
                }
                ("removedFields" | "truncatedArrays", Bson::Array(items)) => {
                    let mut kept = Vec::new();
                    for item in items {
                        let path = item.as_document().map_or(item.as_str(), |array| array.get_str("field").ok());
                        if let Some(path) = path
                            && self.reads(path, document).await?
                        {
                            kept.push(item.clone());
                        }
                    }
                    Bson::Array(kept)
                }
                // Nothing that App Services sent.
                _ => continue,
            };
            seen.insert(name, part);
        }
        Ok(seen)
    }

    /// Whether a field of a document that is seen may be read, with everything in it.
    async fn reads(&self, path: &str, document: &Document) -> Result<bool, Failure> {
        if self.wholly {
            return Ok(true);
        }
        if self.projections.iter().any(|projection| projection.hides(path)) {
            return Ok(false);
        }
        // Positions in lists are no fields.
        let fields: Vec<&str> = path.split('.').filter(|step| !step.bytes().all(|b| b.is_ascii_digit())).collect();
        Ok(self.bound.read(document, &[&fields.join(".")]).await?.is_some())
    }
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
