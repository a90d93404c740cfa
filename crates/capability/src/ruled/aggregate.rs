//! Pipelines: they begin with stages that leave only what the caller may see.

use std::sync::Arc;

use bson::raw::{RawBsonRef, RawDocument};
use bson::{Bson, Document, doc};
use usher_contract::{Collection, Failure, Operation, Reply, value};

use super::RuledCollection;
use super::judge::Judge;
use super::named::{Named, refused};
use super::operation::{Options, unreadable};
use super::sight::Sight;
use super::stream::{Empty, Shown, Window};
use crate::collection::{Context, ScopedCollection};

impl RuledCollection {
    pub(super) async fn aggregate(&self, judge: &Arc<Judge>, operation: Operation) -> Result<Reply, Failure> {
        self.scoped.check(&operation)?;
        let Operation::Aggregate { pipeline, options } = &operation else { return Ok(Reply::Document(None)) };
        Options::read(options)?;
        let stages = value::array(pipeline)?;
        let first = read_stages(&stages, judge.shows_whole())?;
        let Some(sight) = Sight::of(judge, Named::default()) else {
            return Ok(Reply::Cursor(Box::new(Empty)));
        };
        let caller = stages.into_iter().map(Bson::try_from).collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
        let run = |front: Vec<Document>| -> Result<Operation, Failure> {
            let front = front.into_iter().map(Bson::Document);
            let pipeline = value::array_bytes(front.chain(caller.iter().cloned()))?;
            Ok(Operation::Aggregate { pipeline, options: options.clone() })
        };
        if sight.exact {
            return self.scoped.execute(run(front(&sight, sight.condition().clone()))?).await;
        }

        // The visible documents are found first and then read, both as they are at one moment. The cursor ends the
        // transaction when it is dropped.
        let begun = match self.context.transaction {
            Some(_) => None,
            None => {
                let transaction = self.context.database.begin().await.map_err(super::transact::failed)?;
                let context = Context { transaction: Some(transaction), ..self.context.clone() };
                Some(ScopedCollection::new(context, self.scope.clone()))
            }
        };
        let scoped = begun.as_ref().unwrap_or(&self.scoped);
        let query = value::bytes(first.as_ref().filter(|_| sight.whole).unwrap_or(&Document::new()))?;
        let mut shown = Shown::find(scoped, &sight, &query, &doc! {}, Window::default()).await?;
        let mut ids = Vec::new();
        loop {
            let documents = shown.next().await?;
            if documents.is_empty() {
                break;
            }
            ids.extend(documents.into_iter().filter_map(|(stored, _)| stored.get("_id").cloned()));
        }
        scoped.execute(run(front(&sight, doc! {"_id": {"$in": ids}}))?).await
    }
}

/// The stages in front of the caller's.
fn front(sight: &Sight, condition: Document) -> Vec<Document> {
    let mut front = Vec::new();
    if !condition.is_empty() {
        front.push(doc! {"$match": condition});
    }
    // An order of the documents that an index gives could tell what is in it.
    if !sight.whole {
        front.push(doc! {"$sort": {"_id": 1}});
    }
    front.extend_from_slice(sight.judge.stages());
    front
}

/// Refuses what cannot be told apart from what is hidden, and gives the query of a `$match` in front.
fn read_stages(stages: &[RawBsonRef<'_>], whole: bool) -> Result<Option<Document>, Failure> {
    let mut first = None;
    for (index, stage) in stages.iter().enumerate() {
        let Some((name, held)) = stage.as_document().and_then(|stage| stage.iter().flatten().next()) else {
            continue;
        };
        match (name.as_str(), held) {
            ("$facet", _) => return Err(refused("$facet", "run one pipeline for each facet")),
            ("$geoNear", _) => return Err(refused("$geoNear", "match with $geoWithin, or use $near in find")),
            ("$match", RawBsonRef::Document(query)) => {
                Named::default().query(query)?;
                if index == 0 {
                    first = Some(Document::try_from(query).map_err(unreadable)?);
                }
            }
            _ => {}
        }
        if !whole && stage.as_document().is_some_and(asks_of_the_plan) {
            return Err(refused("$meta", "leave it out"));
        }
    }
    Ok(first)
}

/// `$meta` gives keys of an index, hidden fields or not.
fn asks_of_the_plan(document: &RawDocument) -> bool {
    fn held(value: RawBsonRef<'_>) -> bool {
        match value {
            RawBsonRef::Document(inner) => asks_of_the_plan(inner),
            RawBsonRef::Array(items) => items.into_iter().flatten().any(held),
            _ => false,
        }
    }
    document.iter().flatten().any(|(key, value)| key.as_str() == "$meta" || held(value))
}
