//! The MongoDB service for clients: one action on one collection, under the app's rules (reference 6).

mod action;
mod names;
mod result;

use std::sync::Arc;

use bson::{DateTime, Document};
use bytes::Bytes;
use tokio::time::Instant;
use usher_capability::{Context, RuledCollection, Ruling};
use usher_contract::{Collection as _, CollectionName, ErrorCode, Failure, limits};
use usher_logs::{Entry, Kind};
use usher_rules::Bound;

use crate::around::Around;
use crate::call::Caller;
use crate::deployment::Deployment;
use crate::dispatcher::Dispatcher;
use crate::grants::{self, Reached};

/// One call of a client to a data source.
#[derive(Clone)]
pub struct ServiceCall {
    /// The deployment that the call began with.
    pub deployment: Arc<Deployment>,
    /// The data source, such as `mongodb-atlas`.
    pub service: String,
    /// What to do, such as `findOne`.
    pub action: String,
    /// `{database, collection, …}`, whatever the client sent.
    pub argument: Document,
    /// For whom.
    pub caller: Caller,
    /// The client's request as `%%request`, a BSON document.
    pub request: Option<Arc<[u8]>>,
    /// The request's id: 24 hexadecimal digits.
    pub id: String,
}

impl Dispatcher {
    /// Does what a client asks of a data source, and answers with the value of reference 6's table, as the text of
    /// canonical Extended JSON.
    ///
    /// # Errors
    /// [`ErrorCode::NoMatchingRuleFound`] and [`ErrorCode::SchemaValidationFailedWrite`] where the rules or the schema
    /// forbid it, [`ErrorCode::FunctionExecutionError`] where there is no such data source or action or its arguments are
    /// not those of reference 6, [`ErrorCode::Overloaded`] where other answers take the memory of this host, and what the
    /// guard and the database refuse.
    pub async fn service(self: &Arc<Self>, call: ServiceCall) -> Result<Bytes, Failure> {
        let Some(logs) = self.logs() else {
            return self.serve(call).await;
        };
        let mut entry = Entry::begin(&call.deployment.app().id, &call.id, Kind::ServiceFunction);
        entry.function_name = Some(call.action.clone());
        if let Caller::User { id, .. } = &call.caller {
            entry.user_id = Some(id.clone());
        }
        let outcome = self.serve(call).await;
        if let Err(failure) = &outcome {
            entry.error_code = Some(failure.code.to_string());
            entry.error = Some(limits::log_line(&failure.message).to_string());
        }
        entry.completed = DateTime::now();
        logs.record(entry);
        outcome
    }

    async fn serve(self: &Arc<Self>, call: ServiceCall) -> Result<Bytes, Failure> {
        let named = self.named_by(&call)?;
        let action = action::Action::read(&call.action, &call.argument)?;
        let Reached { scope, rules, schema } = grants::under_rules(call.deployment.app(), &named)?;
        let Some(rules) = rules else {
            return Err(Failure::new(ErrorCode::NoMatchingRuleFound, "no rule exists for this namespace"));
        };
        let context = Context {
            database: self.database.clone(),
            invocation: call.id.clone(),
            deadline: (Instant::now() + limits::WALL_CLOCK).into_std(),
            transaction: None,
        };
        let around = self.around(&call);
        let collection = RuledCollection::new(context, scope, Ruling { rules, schema, around });
        let reply = collection.execute(action.operation).await?;
        result::shape(action.shape, reply, self.answers.begin()).await
    }

    /// The rules of the collection that a client names, bound to the client: what a watcher may see.
    ///
    /// # Errors
    /// As [`Dispatcher::service`].
    pub async fn ruling(self: &Arc<Self>, call: &ServiceCall) -> Result<(CollectionName, Bound), Failure> {
        let named = self.named_by(call)?;
        let reached = grants::under_rules(call.deployment.app(), &named)?;
        let rules = reached
            .rules
            .ok_or_else(|| Failure::new(ErrorCode::NoMatchingRuleFound, "no rule exists for this namespace"))?;
        let bound = rules.bind(self.around(call)).await?;
        Ok((named, bound))
    }

    fn around(self: &Arc<Self>, call: &ServiceCall) -> Arc<Around> {
        let (deployment, caller, request) = (call.deployment.clone(), call.caller.clone(), call.request.clone());
        Around::new(self.clone(), deployment, caller, request, call.id.clone(), None)
    }

    /// The collection that a call is about.
    fn named_by(&self, call: &ServiceCall) -> Result<CollectionName, Failure> {
        let app = call.deployment.app();
        if !app.data_sources.contains(&call.service) {
            return Err(names::no_such_service(&call.action));
        }
        Ok(CollectionName {
            acting: String::new(),
            data_source: call.service.clone(),
            database: names::text(&call.argument, "database")?.to_owned(),
            collection: names::text(&call.argument, "collection")?.to_owned(),
        })
    }
}
