//! Transactions that a function begins, and collections by name, with and without one.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use tokio::time::Instant;
use usher_capability::{Context, RuledCollection, Ruling, ScopedCollection};
use usher_contract::{Collection, CollectionName, ErrorCode, Failure, Transaction};

use crate::around::Around;
use crate::call::Caller;
use crate::deployment::Deployment;
use crate::dispatcher::{Dispatcher, Parent};
use crate::grants::{self, Reached};
use crate::story::Story;

/// Collections that functions name, under the authority of one invocation.
pub(crate) struct Named {
    pub(crate) deployment: Arc<Deployment>,
    /// The function that was called.
    pub(crate) function: String,
    /// For whom it acts.
    pub(crate) acting: Caller,
    /// Whether grants are the system's.
    pub(crate) system: bool,
    /// How many calls stand above this one.
    pub(crate) depth: usize,
    pub(crate) deadline: Instant,
    pub(crate) request: Option<Arc<[u8]>>,
    pub(crate) id: String,
    pub(crate) dispatcher: Arc<Dispatcher>,
    /// What rules ask, made when the first one does.
    pub(crate) around: OnceLock<Arc<Around>>,
    /// Where lines are collected for the log.
    pub(crate) story: Arc<Story>,
}

impl Named {
    /// A collection that a script names.
    pub(crate) fn open(&self, context: Context, name: &CollectionName) -> Result<Box<dyn Collection>, Failure> {
        let app = self.deployment.app();
        grants::may_act(app, &self.function, &name.acting, self.system)?;
        let acting = app.functions.get(&name.acting).is_some_and(|function| function.run_as_system);
        // Only where the app shares instances does one that runs as the system act in another's.
        let reached = grants::by_name(app, name, &self.acting, self.system || acting)?;
        Ok(self.collection(context, reached))
    }

    /// The custom-data collection.
    pub(crate) fn custom_data(&self, context: Context) -> Result<Box<dyn Collection>, Failure> {
        let reached = grants::custom_data(self.deployment.app(), &self.acting, self.system)?;
        Ok(self.collection(context, reached))
    }

    fn collection(&self, context: Context, Reached { scope, rules, schema }: Reached) -> Box<dyn Collection> {
        match rules {
            None => Box::new(ScopedCollection::new(context, scope)),
            Some(rules) => {
                Box::new(RuledCollection::new(context, scope, Ruling { rules, schema, around: self.around() }))
            }
        }
    }

    fn around(&self) -> Arc<Around> {
        let make = || {
            let (dispatcher, deployment, request) =
                (self.dispatcher.clone(), self.deployment.clone(), self.request.clone());
            Around::new(dispatcher, deployment, self.acting.clone(), request, self.id.clone(), Some(self.parent()))
        };
        self.around.get_or_init(make).clone()
    }

    /// What calls made from here take over.
    pub(crate) fn parent(&self) -> Parent {
        let (acting, story) = (self.acting.clone(), self.story.clone());
        Parent { depth: self.depth, deadline: self.deadline, system: self.system, acting, story }
    }
}

/// A transaction that a function began.
pub(crate) struct OwnTransaction {
    context: Context,
    named: Arc<Named>,
    transaction: usher_database::Transaction,
}

impl OwnTransaction {
    pub(crate) async fn begin(context: Context, named: Arc<Named>) -> Result<Box<dyn Transaction>, Failure> {
        if context.transaction.is_some() {
            return Err(Failure::new(
                ErrorCode::OperationNotAllowed,
                "a function that runs for a registration is part of its transaction, and cannot begin another",
            ));
        }
        let transaction = context.database.begin().await.map_err(|error| failure(&error))?;
        let context = Context { transaction: Some(transaction.clone()), ..context };
        Ok(Box::new(Self { context, named, transaction }))
    }
}

#[async_trait]
impl Transaction for OwnTransaction {
    fn open_collection(&self, name: &CollectionName) -> Result<Box<dyn Collection>, Failure> {
        self.named.open(self.context.clone(), name)
    }

    async fn commit(&self) -> Result<(), Failure> {
        self.transaction.commit().await.map_err(|error| failure(&error))
    }

    async fn abort(&self) -> Result<(), Failure> {
        self.transaction.abort().await;
        Ok(())
    }
}

fn failure(error: &usher_database::DatabaseError) -> Failure {
    Failure::new(ErrorCode::MongoDBError, error.to_string())
}
