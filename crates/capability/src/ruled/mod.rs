//! A collection under rules: whatever is asked, the answer is as if nothing existed but what the rules show.
//!
//! Where the database can decide, the rules become a part of the query, and a command goes through the guard as any
//! other. Where only the host can (a `%function`, a comparison of two fields), it looks at each document. Where fields
//! are hidden, whole documents come to the host, which hides and then projects; and a document takes part only where
//! every field may be read that the operation [names](named), so that no count, order or error tells of the others.
//! A write that the database cannot be trusted with happens in a transaction: it is made, compared with what was, and
//! taken back where the rules forbid it.

mod aggregate;
mod change;
mod insert;
mod judge;
mod named;
mod operation;
mod read;
mod sight;
mod stream;
mod transact;
mod veil;

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::OnceCell;
use usher_contract::{Collection, Failure, Operation, Reply};
use usher_rules::{Rules, Schema, Surroundings};

use crate::collection::{Context, ScopedCollection};
use crate::scope::Scope;
use judge::Judge;
use veil::Veiled;

/// The rules of a collection, and for whom they are asked.
#[derive(Clone)]
pub struct Ruling {
    /// Its roles and filters, or the default ones.
    pub rules: Arc<Rules>,
    /// What documents have to look like, where anything was said about it.
    pub schema: Option<Arc<Schema>>,
    /// The caller and the rest of the world.
    pub around: Arc<dyn Surroundings>,
}

/// A collection handle whose every operation obeys rules.
pub struct RuledCollection {
    context: Context,
    scope: Scope,
    /// The same collection without rules.
    scoped: ScopedCollection,
    ruling: Ruling,
    /// The rules as they are for this caller, known since the first operation.
    judge: OnceCell<Judge>,
}

impl RuledCollection {
    /// A handle for one invocation. Rules beside a scope narrow it further.
    pub fn new(context: Context, scope: Scope, ruling: Ruling) -> Self {
        let scoped = ScopedCollection::new(context.clone(), scope.clone());
        Self { context, scope, scoped, ruling, judge: OnceCell::new() }
    }

    async fn judge(&self) -> Result<&Judge, Failure> {
        self.judge.get_or_try_init(|| Judge::bind(&self.ruling, self.context.deadline)).await
    }

    async fn run(&self, judge: &Arc<Judge>, operation: Operation) -> Result<Reply, Failure> {
        match &operation {
            Operation::FindOne { .. } | Operation::Find { .. } => self.find(judge, operation).await,
            Operation::Count { .. } => self.count(judge, operation).await,
            Operation::Distinct { .. } => self.distinct(judge, operation).await,
            Operation::Aggregate { .. } => self.aggregate(judge, operation).await,
            Operation::InsertOne { .. } | Operation::InsertMany { .. } => self.insert(judge, operation).await,
            _ => self.change(judge, operation).await,
        }
    }
}

#[async_trait]
impl Collection for RuledCollection {
    fn in_order(&self) -> bool {
        self.scoped.in_order()
    }

    async fn execute(&self, operation: Operation) -> Result<Reply, Failure> {
        let judge = Arc::new(self.judge().await?.for_one_operation());
        let outcome = self.run(&judge, operation).await;
        if judge.hides_nothing() {
            return outcome;
        }
        match outcome {
            Ok(Reply::Cursor(cursor)) => Ok(Reply::Cursor(Box::new(Veiled(cursor)))),
            Ok(reply) => Ok(reply),
            Err(failure) => Err(veil::veil(failure)),
        }
    }
}
