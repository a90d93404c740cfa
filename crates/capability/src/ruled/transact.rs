//! A change in a transaction: made, compared with what was, and taken back where the rules forbid it.

use std::sync::Arc;

use bson::{Bson, Document, doc};
use usher_contract::host::Bytes;
use usher_contract::{Collection, ErrorCode, Failure, Operation, Reply, limits, value};
use usher_database::{DatabaseError, Transient};

use super::RuledCollection;
use super::change::{Act, Outcome, Work, changed_meanwhile};
use super::judge::{Denied, Judge};
use super::operation::parsed;
use super::sight::{Sight, both};
use super::stream::{Shown, Window};
use super::veil::is_duplicate;
use crate::collection::{Context, ScopedCollection};
use crate::error;
use crate::guard::Kind;

/// A failure that ends a transaction. What the server calls transient, the transaction has noted itself.
struct Ended(Failure);

impl Transient for Ended {
    fn is_transient(&self) -> bool {
        false
    }
}

impl From<DatabaseError> for Ended {
    fn from(error: DatabaseError) -> Self {
        Self(failed(error))
    }
}

/// A transaction that could not begin or end.
pub(super) fn failed(error: DatabaseError) -> Failure {
    match error {
        DatabaseError::Driver(error) => error::failure(&error),
        other => {
            tracing::warn!(error = %other, "a transaction failed");
            Failure::new(ErrorCode::MongoDBError, "the transaction failed, and nothing of it was written: try again")
        }
    }
}

impl RuledCollection {
    /// Does the work in the invocation's transaction, or else in one of its own. Where it fails, nothing of it remains.
    pub(super) async fn transact(
        &self,
        judge: &Arc<Judge>,
        sight: Option<&Sight>,
        work: &Work,
    ) -> Result<Outcome, Failure> {
        if let Some(transaction) = &self.context.transaction {
            let attempt = Attempt { scoped: &self.scoped, judge, sight, work };
            let mut undo = Vec::new();
            let outcome = attempt.run(&mut undo).await;
            if outcome.is_err() && attempt.take_back(undo).await.is_err() {
                // The server has ended the transaction, as a rule; otherwise this does.
                transaction.abort().await;
            }
            return outcome;
        }
        let run = |transaction| {
            let context = Context { transaction: Some(transaction), ..self.context.clone() };
            let scoped = ScopedCollection::new(context, self.scope.clone());
            async move {
                let attempt = Attempt { scoped: &scoped, judge, sight, work };
                attempt.run(&mut Vec::new()).await.map_err(Ended)
            }
        };
        self.context.database.transaction(run).await.map_err(|Ended(failure)| failure)
    }
}

/// What takes back one write.
enum Undo {
    Restore(Document),
    Remove(Bson),
}

struct Attempt<'a> {
    /// The collection without rules, inside the transaction.
    scoped: &'a ScopedCollection,
    judge: &'a Judge,
    sight: Option<&'a Sight>,
    work: &'a Work,
}

impl Attempt<'_> {
    async fn run(&self, undo: &mut Vec<Undo>) -> Result<Outcome, Failure> {
        let matches = match self.sight {
            Some(sight) => self.matches(sight).await?,
            None => Vec::new(),
        };
        match &self.work.act {
            Act::Delete => self.delete(matches).await,
            Act::Update { update, kind, .. } if matches.is_empty() && self.work.upserts() => {
                self.upsert(update, *kind, undo).await
            }
            Act::Update { update, kind, touched, .. } => {
                let mut outcome = Outcome::default();
                for before in matches {
                    self.judge.touch(&before, touched).await?;
                    let filter = both(&by_id(id_of(&before)), &self.work.filter)?;
                    let after = self.apply(filter, update, *kind, false).await?.ok_or_else(changed_meanwhile)?;
                    undo.push(Undo::Restore(before.clone()));
                    self.judge.update(&before, &after).await?;
                    outcome.matched += 1;
                    outcome.modified += i32::from(value::bytes(&before)? != value::bytes(&after)?);
                    outcome.before = Some(before);
                    outcome.after = Some(after);
                }
                Ok(outcome)
            }
        }
    }

    /// The documents to change, as they are stored.
    async fn matches(&self, sight: &Sight) -> Result<Vec<Document>, Failure> {
        let mut asked = doc! {"sort": sight.order(self.work.options.document("sort"))};
        let limit = if self.work.many { limits::RULED_CHANGES + 1 } else { 1 };
        if sight.exact {
            asked.insert("limit", i64::try_from(limit).unwrap_or(i64::MAX));
        }
        let window = Window { skip: 0, limit: Some(limit) };
        let mut shown = Shown::find(self.scoped, sight, &self.work.filter, &asked, window).await?;
        let mut matches = Vec::new();
        let mut weight = 0;
        loop {
            let documents = shown.next().await?;
            if documents.is_empty() {
                return Ok(matches);
            }
            for (stored, _) in documents {
                weight += value::bytes(&stored)?.len();
                matches.push(stored);
            }
            let number = u64::try_from(matches.len()).unwrap_or(u64::MAX);
            if self.work.many && (number > limits::RULED_CHANGES || weight > limits::RULED_CHANGE_BYTES) {
                return Err(too_many());
            }
        }
    }

    /// Applies the update to the one document that matches, and gives it as it is then.
    async fn apply(&self, filter: Bytes, update: &[u8], kind: Kind, upsert: bool) -> Result<Option<Document>, Failure> {
        let mut options = doc! {"returnNewDocument": true, "upsert": upsert};
        let operation = if kind == Kind::Replacement {
            Operation::FindOneAndReplace { filter, replacement: update.to_vec(), options: value::bytes(&options)? }
        } else {
            options.extend(self.work.options.only(&["arrayFilters"]));
            Operation::FindOneAndUpdate { filter, update: update.to_vec(), options: value::bytes(&options)? }
        };
        match self.scoped.execute(operation).await? {
            Reply::Document(Some(document)) => parsed(&document).map(Some),
            _ => Ok(None),
        }
    }

    /// Makes the new document of an upsert that nothing visible matches. What is hidden may match; it is not to be
    /// found, so the query gets a part that is never true and adds nothing to the new document.
    async fn upsert(&self, update: &[u8], kind: Kind, undo: &mut Vec<Undo>) -> Result<Outcome, Failure> {
        let filter = both(&doc! {"_id": {"$exists": false}}, &self.work.filter)?;
        let made = match self.apply(filter, update, kind, true).await {
            Err(failure) if is_duplicate(&failure) && !self.judge.hides_nothing() => {
                return Err(Denied::Insert.into());
            }
            made => made?.ok_or_else(changed_meanwhile)?,
        };
        let id = id_of(&made);
        undo.push(Undo::Remove(id.clone()));
        self.judge.insert(&made).await?;
        Ok(Outcome { upserted: Some(id), after: Some(made), ..Outcome::default() })
    }

    async fn delete(&self, mut matches: Vec<Document>) -> Result<Outcome, Failure> {
        for document in &matches {
            self.judge.delete(document).await?;
        }
        let ids: Vec<Bson> = matches.iter().map(id_of).collect();
        let number = i32::try_from(ids.len()).unwrap_or(i32::MAX);
        if number > 0 {
            let filter = value::bytes(&doc! {"_id": {"$in": ids}})?;
            let deleted = self.scoped.execute(Operation::DeleteMany { filter, options: Bytes::new() }).await?;
            let Reply::Document(Some(summary)) = deleted else { return Err(changed_meanwhile()) };
            if parsed(&summary)?.get("deletedCount") != Some(&Bson::Int32(number)) {
                return Err(changed_meanwhile());
            }
        }
        Ok(Outcome { matched: number, modified: number, before: matches.pop(), ..Outcome::default() })
    }

    /// Takes back what was written in a transaction that goes on.
    async fn take_back(&self, undo: Vec<Undo>) -> Result<(), Failure> {
        for write in undo.into_iter().rev() {
            let options = Bytes::new();
            let operation = match write {
                Undo::Restore(document) => {
                    let filter = value::bytes(&by_id(id_of(&document)))?;
                    Operation::ReplaceOne { filter, replacement: value::bytes(&document)?, options }
                }
                Undo::Remove(id) => Operation::DeleteOne { filter: value::bytes(&by_id(id))?, options },
            };
            self.scoped.execute(operation).await?;
        }
        Ok(())
    }
}

fn id_of(document: &Document) -> Bson {
    document.get("_id").cloned().unwrap_or(Bson::Null)
}

fn by_id(id: Bson) -> Document {
    doc! {"_id": {"$eq": id}}
}

fn too_many() -> Failure {
    Failure::new(
        ErrorCode::OperationNotAllowed,
        format!(
            "the rules have to be asked about each document that changes, and there are more than {}, or they are larger \
             than {} bytes together: narrow the filter, or have a function do it that runs as the system",
            limits::RULED_CHANGES,
            limits::RULED_CHANGE_BYTES
        ),
    )
}
