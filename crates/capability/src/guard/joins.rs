//! Stages that read other collections: `$lookup`, `$graphLookup`, `$unionWith`. Whatever they name, they name a whole
//! collection of the same database, which has to be granted.

use bson::raw::{RawBsonRef, RawDocument};

use super::data::{self, Use};
use super::expression;
use super::filter::Filter;
use super::pipeline::{Walk, computed};
use super::refusal::{At, Check, Refusal};

impl Walk<'_> {
    /// Checks a stage that reads another collection.
    pub(super) fn join(&mut self, name: &str, arguments: RawBsonRef<'_>) -> Check {
        match (name, arguments) {
            ("$unionWith", RawBsonRef::String(collection)) => self.readable(collection),
            (_, RawBsonRef::Document(arguments)) => self.joined(name, arguments),
            _ => Err(Refusal::invalid(format!("`{name}` takes a document"))),
        }
    }

    fn joined(&mut self, name: &str, arguments: &RawDocument) -> Check {
        let mut target = false;
        for argument in arguments {
            let (key, value) = argument?;
            let key = key.as_str();
            match (name, key, value) {
                // Each of several, should there be more than one: MongoDB takes one of them.
                ("$lookup" | "$graphLookup", "from", RawBsonRef::String(collection))
                | ("$unionWith", "coll", RawBsonRef::String(collection)) => {
                    target = true;
                    self.readable(collection)
                }
                ("$lookup" | "$unionWith", "pipeline", RawBsonRef::Array(stages)) => self.nested(stages),
                ("$lookup", "let", RawBsonRef::Document(variables)) => computed(variables),
                ("$graphLookup", "startWith", _) => expression::value(value),
                ("$graphLookup", "restrictSearchWithMatch", RawBsonRef::Document(query)) => {
                    Filter::check(query).map(drop)
                }
                ("$lookup", "localField" | "foreignField" | "as", RawBsonRef::String(_))
                | (
                    "$graphLookup",
                    "connectFromField" | "connectToField" | "as" | "depthField",
                    RawBsonRef::String(_),
                ) => Ok(()),
                ("$graphLookup", "maxDepth", _) => data::value(value, Use::Compared),
                _ => Err(Refusal::not_allowed(format!("`{name}` does not take this as `{key}` here"))),
            }
            .at(key)?;
        }
        if target {
            return Ok(());
        }
        Err(Refusal::not_allowed(format!("`{name}` has to name a collection")))
    }

    fn readable(&self, collection: &str) -> Check {
        let database = &self.scope.database;
        if self.scope.reach(database, collection).read {
            return Ok(());
        }
        Err(Refusal::not_allowed(format!(
            "the function is not granted to read the collection `{collection}` of the database `{database}`: add it to \
             \"grants\" in usher.json"
        )))
    }
}
