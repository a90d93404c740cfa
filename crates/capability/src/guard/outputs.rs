//! Stages that write the documents of a pipeline into a collection: `$merge` and `$out`.

use bson::raw::{RawBsonRef, RawDocument};
use usher_contract::Operations;

use super::pipeline::{Walk, computed};
use super::refusal::{At, Check, Refusal};
use super::update_pipeline;

/// `$merge` inserts what is new and updates what is there.
const MERGE: Operations = Operations { read: false, insert: true, update: true, delete: false };
/// `$out` puts its documents in the place of all that are there.
const OUT: Operations = Operations { read: false, insert: true, update: false, delete: true };

impl Walk<'_> {
    /// Checks the stage that ends a pipeline by writing.
    pub(super) fn output(&mut self, name: &str, arguments: RawBsonRef<'_>) -> Check {
        self.writes = true;
        match (name, arguments) {
            ("$out", _) => self.target(arguments, OUT),
            (_, RawBsonRef::Document(arguments)) => self.merge(arguments),
            _ => self.target(arguments, MERGE),
        }
    }

    fn merge(&self, arguments: &RawDocument) -> Check {
        let mut target = false;
        for argument in arguments {
            let (key, value) = argument?;
            let key = key.as_str();
            match (key, value) {
                ("into", _) => {
                    target = true;
                    self.target(value, MERGE)
                }
                ("on", RawBsonRef::String(_)) => Ok(()),
                ("on", RawBsonRef::Array(fields)) => fields.into_iter().try_for_each(|field| match field? {
                    RawBsonRef::String(_) => Ok(()),
                    _ => Err(Refusal::invalid("takes names of fields")),
                }),
                ("let", RawBsonRef::Document(variables)) => computed(variables),
                ("whenMatched", RawBsonRef::String("replace" | "keepExisting" | "merge" | "fail"))
                | ("whenNotMatched", RawBsonRef::String("insert" | "discard" | "fail")) => Ok(()),
                ("whenMatched", RawBsonRef::Array(stages)) => {
                    update_pipeline::check(RawDocument::from_bytes(stages.as_bytes())?, None)
                }
                _ => Err(Refusal::not_allowed(format!("`$merge` does not take this as `{key}`"))),
            }
            .at(key)?;
        }
        if target {
            return Ok(());
        }
        Err(Refusal::not_allowed("`$merge` has to say `into` which collection"))
    }

    /// A collection by its name, in the same database, or `{db, coll}`.
    fn target(&self, target: RawBsonRef<'_>, needed: Operations) -> Check {
        let (database, collection) = match target {
            RawBsonRef::String(collection) => (self.scope.database.as_str(), collection),
            RawBsonRef::Document(names) => pair(names)?,
            _ => return Err(Refusal::invalid("takes the name of a collection, or {db, coll}")),
        };
        let reach = self.scope.reach(database, collection);
        let missing: Vec<&str> = [
            ("insert", needed.insert && !reach.insert),
            ("update", needed.update && !reach.update),
            ("delete", needed.delete && !reach.delete),
        ]
        .into_iter()
        .filter_map(|(operation, missing)| missing.then_some(operation))
        .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Refusal::not_allowed(format!(
            "the function is not granted to {} in the collection `{collection}` of the database `{database}`: add that \
             to \"grants\" in usher.json",
            missing.join(" and ")
        )))
    }
}

fn pair(names: &RawDocument) -> Check<(&str, &str)> {
    let (mut database, mut collection) = (None, None);
    for name in names {
        let (key, value) = name?;
        let place = match key.as_str() {
            "db" => &mut database,
            "coll" => &mut collection,
            other => return Err(Refusal::not_allowed(format!("`{other}` is not allowed here: name `db` and `coll`"))),
        };
        // Were one given twice, MongoDB might take the other.
        match (value, place.is_none()) {
            (RawBsonRef::String(name), true) => *place = Some(name),
            _ => return Err(Refusal::invalid(format!("`{key}` takes one name"))),
        }
    }
    database.zip(collection).ok_or_else(|| Refusal::invalid("name `db` and `coll`"))
}
