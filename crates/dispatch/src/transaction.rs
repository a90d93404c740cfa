//! Transactions that a function begins, and collections by name, with and without one.

use std::sync::Arc;

use async_trait::async_trait;
use usher_capability::{Context, Scope, ScopedCollection};
use usher_contract::{Collection, CollectionName, ErrorCode, Failure, Transaction};

use crate::call::Caller;
use crate::deployment::Deployment;
use crate::grants;

/// Collections that scripts name, under the authority of one invocation.
#[derive(Clone)]
pub(crate) struct Named {
    pub(crate) deployment: Arc<Deployment>,
    /// The function that was called.
    pub(crate) function: String,
    pub(crate) caller: Caller,
    /// Whether grants are the system's.
    pub(crate) system: bool,
}

impl Named {
    pub(crate) fn scope(&self, name: &CollectionName) -> Result<Scope, Failure> {
        let app = self.deployment.app();
        grants::may_act(app, &self.function, &name.acting, self.system)?;
        let acting = app.functions.get(&name.acting).is_some_and(|function| function.run_as_system);
        // Only where the app shares instances does one that runs as the system act in another's.
        grants::by_name(app, name, &self.caller, self.system || acting)
    }
}

/// A transaction that a function began.
pub(crate) struct OwnTransaction {
    context: Context,
    named: Named,
    transaction: usher_database::Transaction,
}

impl OwnTransaction {
    pub(crate) async fn begin(context: Context, named: Named) -> Result<Box<dyn Transaction>, Failure> {
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
        let scope = self.named.scope(name)?;
        Ok(Box::new(ScopedCollection::new(self.context.clone(), scope)))
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
