//! Updates, replacements and deletes: by one command where the rules allow it for every document, in a transaction
//! otherwise.

use std::sync::Arc;

use bson::{Bson, Document, doc};
use usher_contract::host::Bytes;
use usher_contract::{Collection, ErrorCode, Failure, Operation, Reply, value};
use usher_rules::{Operation as Allowed, Projection, Write};

use super::RuledCollection;
use super::judge::Judge;
use super::named::{Named, few, names_one, no_twins, refused, set, touched};
use super::operation::{Options, parsed, parts, with_filter};
use super::sight::Sight;
use crate::guard::{self, Kind};

/// A change as the caller asked for it.
pub(super) struct Work {
    pub(super) filter: Bytes,
    pub(super) options: Options,
    pub(super) act: Act,
    /// Whether all matches change, or the first one.
    pub(super) many: bool,
    /// Whether a document is answered, or a summary.
    answers: bool,
}

/// One command that does all of a change.
struct Command {
    filter: Bytes,
    rest: Rest,
}

/// What the caller finds and the command does not, because it may not be written without a look at it.
enum Rest {
    Nothing,
    /// One document at most, and then the command finds none.
    Instead,
    /// Whatever matches this.
    Beside(Bytes),
}

/// What is done to each match.
pub(super) enum Act {
    Update {
        update: Bytes,
        kind: Kind,
        /// The fields that it touches.
        touched: Vec<String>,
        /// Those of them that it sets, whatever the document.
        set: Document,
    },
    Delete,
}

/// What became of it.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) matched: i32,
    pub(super) modified: i32,
    pub(super) upserted: Option<Bson>,
    /// The only document, as it was and as it is.
    pub(super) before: Option<Document>,
    pub(super) after: Option<Document>,
}

impl Act {
    fn update(update: &[u8], kind: Kind) -> Result<Self, Failure> {
        let document = value::document(update)?;
        no_twins(document)?;
        Ok(Self::Update { update: update.to_vec(), kind, touched: touched(document, kind), set: set(document)? })
    }
}

impl Work {
    /// `None` where the operation is no change.
    fn read(operation: &Operation) -> Result<Option<Self>, Failure> {
        use Operation::{
            DeleteMany, DeleteOne, FindOneAndDelete, FindOneAndReplace, FindOneAndUpdate, ReplaceOne, UpdateMany,
            UpdateOne,
        };
        let Some((filter, options)) = parts(operation) else { return Ok(None) };
        let act = match operation {
            UpdateOne { update, .. } | UpdateMany { update, .. } | FindOneAndUpdate { update, .. } => {
                Act::update(update, guard::kind_of_update(update)?)?
            }
            ReplaceOne { replacement, .. } | FindOneAndReplace { replacement, .. } => {
                Act::update(replacement, Kind::Replacement)?
            }
            DeleteOne { .. } | DeleteMany { .. } | FindOneAndDelete { .. } => Act::Delete,
            _ => return Ok(None),
        };
        Ok(Some(Self {
            filter: filter.clone(),
            options: Options::read(options)?,
            act,
            many: matches!(operation, UpdateMany { .. } | DeleteMany { .. }),
            answers: matches!(operation, FindOneAndUpdate { .. } | FindOneAndReplace { .. } | FindOneAndDelete { .. }),
        }))
    }

    pub(super) fn upserts(&self) -> bool {
        self.options.flag("upsert")
    }

    /// The filter of the one command that does it, where the database can tell which documents may be written.
    fn command(&self, sight: &Sight) -> Result<Option<Command>, Failure> {
        let judge = &sight.judge;
        // An upsert makes the new document from the query, into which nothing of the rules may be mixed.
        let makes = !self.upserts() || (judge.hides_nothing() && judge.free(Allowed::Insert));
        if !makes || !sight.is_direct() {
            return Ok(None);
        }
        let write = match &self.act {
            Act::Delete => Write::Delete,
            // The database takes a document without operators for one match only (reference 6).
            Act::Update { kind: Kind::Replacement, .. } if self.many => return Ok(None),
            Act::Update { .. } if judge.free(Allowed::Update) => {
                return Ok(Some(Command { filter: sight.query(&self.filter)?, rest: Rest::Nothing }));
            }
            Act::Update { kind: Kind::Operators, touched, set, .. } if !judge.has_schema() && !self.upserts() => {
                Write::Update { touched, set }
            }
            Act::Update { .. } => return Ok(None),
        };
        let Some(permitted) = sight.permitted(write) else { return Ok(None) };
        let rest = if permitted.condition() == sight.condition() {
            Rest::Nothing
        } else if names_one(value::document(&self.filter)?) {
            Rest::Instead
        } else {
            Rest::Beside(sight.beyond(&permitted).query(&self.filter)?)
        };
        Ok(Some(Command { filter: permitted.query(&self.filter)?, rest }))
    }

    /// Whether the command that was answered so found a document.
    fn found_any(&self, reply: &Reply) -> Result<bool, Failure> {
        let Reply::Document(Some(answer)) = reply else { return Ok(false) };
        if self.answers {
            return Ok(true);
        }
        let summary = parsed(answer)?;
        let found = |name| summary.get_i32(name).is_ok_and(|number| number > 0);
        Ok(found("deletedCount") || found("matchedCount"))
    }

    fn reply(&self, outcome: &Outcome) -> Result<Reply, Failure> {
        let Outcome { matched, modified, upserted, .. } = outcome;
        let mut summary = match self.act {
            Act::Delete => doc! {"deletedCount": modified},
            Act::Update { .. } => doc! {"matchedCount": matched, "modifiedCount": modified},
        };
        if let Some(id) = upserted {
            summary.insert("upsertedId", id.clone());
        }
        Ok(Reply::Document(Some(value::bytes(&summary)?)))
    }
}

impl RuledCollection {
    pub(super) async fn change(&self, judge: &Arc<Judge>, operation: Operation) -> Result<Reply, Failure> {
        self.check_change(&operation)?;
        let Some(work) = Work::read(&operation)? else { return Ok(Reply::Document(None)) };
        let mut named = Named::default();
        named.query(value::document(&work.filter)?)?;
        named.sort(work.options.document("sort"))?;
        let sight = Sight::of(judge, named);
        if let Some(sight) = &sight
            && let Some(Command { filter, rest }) = work.command(sight)?
        {
            let nothing_beside = match rest {
                Rest::Beside(ref query) => self.scoped.execute(any(query)?).await.map(|found| !is_document(&found))?,
                Rest::Nothing | Rest::Instead => true,
            };
            if nothing_beside {
                let instead = matches!(rest, Rest::Instead);
                let reply = self.scoped.execute(with_filter(operation, filter)).await?;
                if !instead || work.found_any(&reply)? {
                    return Ok(reply);
                }
            }
        }
        if matches!(work.act, Act::Update { kind: Kind::Pipeline, .. }) && !judge.shows_whole() {
            return Err(refused("an update with a pipeline", "use update operators, such as $set"));
        }
        if let Act::Update { touched, .. } = &work.act
            && !judge.shows_whole()
        {
            few(touched, "an update")?;
        }
        let projection = Projection::read(work.options.document("projection"))?;
        let outcome = match &sight {
            None if !work.upserts() => Outcome::default(),
            sight => self.transact(judge, sight.as_ref(), &work).await?,
        };
        if !work.answers {
            return work.reply(&outcome);
        }
        let new = work.options.flag("returnNewDocument");
        let Some(document) = (if new { outcome.after } else { outcome.before }) else {
            return Ok(Reply::Document(None));
        };
        let Some(shown) = judge.read(&document, &[]).await? else { return Ok(Reply::Document(None)) };
        let shown = projection.iter().fold(shown, |shown, projection| projection.apply(shown));
        Ok(Reply::Document(Some(value::bytes(&shown)?)))
    }

    /// Asks the guard about what the caller asked for, so that refusals name the places in it.
    fn check_change(&self, operation: &Operation) -> Result<(), Failure> {
        if let Operation::UpdateMany { filter, update, options } = operation
            && guard::kind_of_update(update)? == Kind::Replacement
            && !value::document(update)?.is_empty()
        {
            let (filter, replacement, options) = (filter.clone(), update.clone(), options.clone());
            return self.scoped.check(&Operation::ReplaceOne { filter, replacement, options }).map(drop);
        }
        self.scoped.check(operation).map(drop)
    }
}

/// Asks for one match of a query, whichever.
fn any(query: &Bytes) -> Result<Operation, Failure> {
    let options = value::bytes(&doc! {"projection": {"_id": 1}})?;
    Ok(Operation::FindOne { filter: query.clone(), options })
}

fn is_document(reply: &Reply) -> bool {
    matches!(reply, Reply::Document(Some(_)))
}

/// The failure of a document that is not what it was a moment ago.
pub(super) fn changed_meanwhile() -> Failure {
    Failure::new(ErrorCode::MongoDBError, "(WriteConflict) the document changed meanwhile: try again")
}
