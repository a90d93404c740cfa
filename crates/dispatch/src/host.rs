//! What one invocation sees of the world.

use std::sync::Arc;

use async_trait::async_trait;
use bson::oid::ObjectId;
use bson::{Bson, Document, doc};
use tokio::sync::OnceCell;
use tokio::time::Instant;
use usher_capability::{Context, Scope, ScopedCollection};
use usher_contract::host::{Bytes, Level};
use usher_contract::{Collection, ErrorCode, Failure, Host, Reason, value};

use crate::call::{Call, CallError, Caller, Origin};
use crate::dispatcher::{Dispatcher, Parent, check_depth};
use crate::grants;

pub(crate) struct InvocationHost {
    pub(crate) dispatcher: Arc<Dispatcher>,
    pub(crate) call: Call,
    /// Whether grants are the system's.
    pub(crate) system: bool,
    /// How many calls stand above this one.
    pub(crate) depth: usize,
    pub(crate) deadline: Instant,
    /// The caller's document, read once: an input does not change while the invocation runs.
    pub(crate) described: OnceCell<Bytes>,
}

impl InvocationHost {
    fn collection(&self, scope: Scope) -> Box<dyn Collection> {
        let context = Context {
            database: self.dispatcher.database.clone(),
            invocation: self.call.id.clone(),
            deadline: self.deadline.into_std(),
            transaction: match &self.call.origin {
                Origin::Registration(transaction) => Some(transaction.clone()),
                _ => None,
            },
        };
        Box::new(ScopedCollection::new(context, scope))
    }

    async fn describe(&self) -> Result<Bytes, Failure> {
        let Caller::User { id, custom_data } = &self.call.caller else {
            return value::bytes(&doc! { "type": "system" });
        };
        let app = self.call.deployment.app();
        let mut user = self.dispatcher.accounts()?.describe(&app.id, id).await?;
        if let Some(json) = custom_data {
            let own_id = app.custom_user_data.user_id_field == "_id";
            user.insert("custom_data", custom_data_of(json, own_id)?);
        }
        value::bytes(&user)
    }
}

/// The document behind the claim. The claim writes a top-level ObjectId `_id` as bare digits (reference 1.3); a
/// function sees the document's own (reference 1.3, point 3).
fn custom_data_of(json: &str, id_is_user_id: bool) -> Result<Document, Failure> {
    let json = serde_json::from_str(json)
        .map_err(|e| Failure::new(ErrorCode::InternalServerError, format!("the token's user_data: {e}")))?;
    let Bson::Document(mut document) = value::from_extended_json(json)? else {
        return Err(Failure::new(ErrorCode::InternalServerError, "the token's user_data is not a document"));
    };
    if let (false, Some(Bson::String(id))) = (id_is_user_id, document.get("_id"))
        && let Ok(id) = ObjectId::parse_str(id)
    {
        document.insert("_id", id);
    }
    Ok(document)
}

#[async_trait]
impl Host for InvocationHost {
    fn id(&self) -> &str {
        &self.call.id
    }

    fn reason(&self) -> Reason {
        match self.call.origin {
            Origin::Registration(_) if self.depth == 0 => Reason::UserCreation,
            _ => Reason::Call,
        }
    }

    async fn caller(&self) -> Result<Bytes, Failure> {
        self.described.get_or_try_init(|| self.describe()).await.cloned()
    }

    fn running_as_system(&self) -> bool {
        self.system
    }

    fn app(&self) -> Bytes {
        self.call.deployment.facts.clone()
    }

    fn custom_data(&self) -> Result<Box<dyn Collection>, Failure> {
        let scope = grants::custom_data(self.call.deployment.app(), &self.call.caller, self.system)?;
        Ok(self.collection(scope))
    }

    fn grant(&self, name: &str) -> Result<Box<dyn Collection>, Failure> {
        let scope = grants::named(self.call.deployment.app(), &self.call.function, name, &self.call.caller)?;
        Ok(self.collection(scope))
    }

    async fn call_function(&self, name: &str, arguments: Bytes) -> Result<Bytes, Failure> {
        check_depth(self.depth)?;
        value::array(&arguments)?;
        let call = Call { function: name.to_owned(), arguments, ..self.call.clone() };
        let parent = Parent { depth: self.depth, deadline: self.deadline, system: self.system };
        let answer = self.dispatcher.clone().call_nested(call, parent).await;
        answer.map_err(|error| match error {
            CallError::NotFound(_) => Failure::new(ErrorCode::FunctionNotFound, error.to_string()),
            CallError::Overloaded(message) => Failure::new(ErrorCode::Overloaded, message),
            CallError::Failed(failure) => failure,
        })
    }

    async fn delete_account(&self) -> Result<(), Failure> {
        let app = self.call.deployment.app();
        let granted = app.functions.get(&self.call.function).is_some_and(|function| function.account.delete);
        if !granted {
            return Err(Failure::new(
                ErrorCode::GrantNotFound,
                format!(
                    "the function \"{}\" may not delete accounts; grant it with \"account\": [\"delete\"] in functions/config.json",
                    self.call.function
                ),
            ));
        }
        match &self.call.caller {
            Caller::User { id, .. } => self.dispatcher.accounts()?.delete(&app.id, id).await,
            Caller::System => {
                Err(Failure::new(ErrorCode::GrantNotFound, "no user is calling, so there is no account to delete"))
            }
        }
    }

    fn log(&self, level: Level, message: &str) {
        let (app, function, invocation) = (&self.call.deployment.app().id, &self.call.function, &self.call.id);
        // One target, so that operators can send the functions' own lines elsewhere.
        match level {
            Level::Debug => tracing::debug!(target: "usher::function", app, function, invocation, "{message}"),
            Level::Info => tracing::info!(target: "usher::function", app, function, invocation, "{message}"),
            Level::Warn => tracing::warn!(target: "usher::function", app, function, invocation, "{message}"),
            Level::Error => tracing::error!(target: "usher::function", app, function, invocation, "{message}"),
        }
    }
}
