//! What the rules of an app ask of the world.

use std::sync::Arc;

use async_trait::async_trait;
use bson::{Bson, Document, doc};
use tokio::sync::OnceCell;
use usher_contract::{Failure, value};
use usher_rules::{Facts, Surroundings};

use crate::call::{Call, Caller, Origin};
use crate::deployment::Deployment;
use crate::dispatcher::{Dispatcher, Parent, check_depth};
use crate::host;

/// A caller, as rules see them, and the functions that rules call.
pub(crate) struct Around {
    dispatcher: Arc<Dispatcher>,
    deployment: Arc<Deployment>,
    /// For whom rules decide.
    caller: Caller,
    request: Option<Arc<[u8]>>,
    /// The invocation or request that asks.
    id: String,
    /// The invocation that asks, where one does: its calls take their sandboxes from those of its own depth.
    parent: Option<Parent>,
    /// With everything that the user's account tells.
    facts: OnceCell<Arc<Facts>>,
    /// With what the caller's token says, for which the database is not asked.
    presented: OnceCell<Arc<Facts>>,
}

impl Around {
    pub(crate) fn new(
        dispatcher: Arc<Dispatcher>,
        deployment: Arc<Deployment>,
        caller: Caller,
        request: Option<Arc<[u8]>>,
        id: String,
        parent: Option<Parent>,
    ) -> Arc<Self> {
        let (facts, presented) = (OnceCell::new(), OnceCell::new());
        Arc::new(Self { dispatcher, deployment, caller, request, id, parent, facts, presented })
    }

    fn facts_of(&self, user: Document) -> Result<Arc<Facts>, Failure> {
        let request = self.request.as_deref().map(Document::from_reader).transpose().unwrap_or_default();
        let known = &self.deployment.facts;
        Ok(Arc::new(Facts {
            user,
            values: known.rule_values.clone(),
            environment: known.rule_environment.clone(),
            request: request.unwrap_or_default(),
        }))
    }
}

#[async_trait]
impl Surroundings for Around {
    async fn facts(&self) -> Result<Arc<Facts>, Failure> {
        let read = async || self.facts_of(host::describe(&self.dispatcher, &self.deployment, &self.caller).await?);
        self.facts.get_or_try_init(read).await.cloned()
    }

    async fn presented(&self) -> Result<Arc<Facts>, Failure> {
        if let Some(facts) = self.facts.get() {
            return Ok(facts.clone());
        }
        let read = async || self.facts_of(host::presented(&self.deployment, &self.caller)?);
        self.presented.get_or_try_init(read).await.cloned()
    }

    async fn call(&self, function: &str, arguments: Vec<Bson>) -> Result<Bson, Failure> {
        let call = Call {
            deployment: self.deployment.clone(),
            function: function.to_owned(),
            arguments: value::array_bytes(arguments)?,
            caller: self.caller.clone(),
            origin: Origin::Configuration,
            request: self.request.clone(),
            id: self.id.clone(),
        };
        let answer = match &self.parent {
            Some(parent) => {
                check_depth(parent.depth)?;
                self.dispatcher.clone().call_nested(call, parent.as_system()).await
            }
            None => self.dispatcher.call(call).await,
        };
        match answer {
            Ok(answer) => value::result(&answer),
            Err(error) => {
                let app = &self.deployment.app().id;
                tracing::warn!(app, function, invocation = self.id, %error, "a function that a rule calls failed");
                Err(host::as_failure(error))
            }
        }
    }
}

/// `{args: …}` as rules see the arguments of a call: by position.
pub(crate) fn arguments(array: &[u8]) -> Document {
    Document::from_reader(array).unwrap_or_else(|_| doc! {})
}
