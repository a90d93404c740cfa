//! What one invocation sees of the world.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bson::oid::ObjectId;
use bson::{Bson, Document, doc};
use tokio::sync::OnceCell;
use usher_capability::{Context, Scope, ScopedCollection};
use usher_contract::host::{Bytes, Level};
use usher_contract::{Collection, CollectionName, ErrorCode, Failure, Host, Reason, Transaction, value};

use crate::call::{Call, CallError, Caller, Origin};
use crate::deployment::Deployment;
use crate::dispatcher::{Dispatcher, check_depth};
use crate::grants;
use crate::transaction::{Named, OwnTransaction};

/// An empty BSON document.
const EMPTY: [u8; 5] = [5, 0, 0, 0, 0];

pub(crate) struct InvocationHost {
    pub(crate) dispatcher: Arc<Dispatcher>,
    pub(crate) call: Call,
    /// Collections, under the authority of this invocation.
    pub(crate) named: Arc<Named>,
    /// The caller's document, read once: an input does not change while the invocation runs.
    pub(crate) described: OnceCell<Bytes>,
}

impl InvocationHost {
    fn context(&self) -> Context {
        Context {
            database: self.dispatcher.database.clone(),
            invocation: self.call.id.clone(),
            deadline: self.named.deadline.into_std(),
            transaction: match &self.call.origin {
                Origin::Registration(transaction) => Some(transaction.clone()),
                _ => None,
            },
        }
    }

    fn collection(&self, scope: Scope) -> Box<dyn Collection> {
        Box::new(ScopedCollection::new(self.context(), scope))
    }

    async fn describe(&self) -> Result<Bytes, Failure> {
        value::bytes(&describe(&self.dispatcher, &self.call.deployment, &self.call.caller).await?)
    }
}

/// A caller as functions and rules see them (reference 5.4, `context.user`).
pub(crate) async fn describe(
    dispatcher: &Dispatcher,
    deployment: &Deployment,
    caller: &Caller,
) -> Result<Document, Failure> {
    let presented = presented(deployment, caller)?;
    let Caller::User { id, .. } = caller else { return Ok(presented) };
    let mut user = dispatcher.accounts()?.describe(&deployment.app().id, id).await?;
    user.extend(presented);
    Ok(user)
}

/// What of it the caller's token says: the id and the custom data.
pub(crate) fn presented(deployment: &Deployment, caller: &Caller) -> Result<Document, Failure> {
    let Caller::User { id, custom_data } = caller else {
        return Ok(doc! { "type": "system" });
    };
    let mut user = doc! { "id": id };
    if let Some(json) = custom_data {
        let own_id = deployment.app().custom_user_data.user_id_field == "_id";
        user.insert("custom_data", custom_data_of(json, own_id)?);
    }
    Ok(user)
}

/// A failed call as the function that made it sees it.
pub(crate) fn as_failure(error: CallError) -> Failure {
    match error {
        CallError::NotFound(_) => Failure::new(ErrorCode::FunctionNotFound, error.to_string()),
        CallError::Overloaded(message) => Failure::new(ErrorCode::Overloaded, message),
        CallError::Failed(failure) => failure,
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
            _ if self.named.depth > 0 => Reason::Call,
            Origin::Registration(_) => Reason::UserCreation,
            Origin::Endpoint { .. } => Reason::Endpoint,
            Origin::Trigger { .. } => Reason::Trigger,
            _ => Reason::Call,
        }
    }

    async fn caller(&self) -> Result<Bytes, Failure> {
        self.described.get_or_try_init(|| self.describe()).await.cloned()
    }

    fn running_as_system(&self) -> bool {
        self.named.system
    }

    fn app(&self) -> Bytes {
        self.call.deployment.facts.app.clone()
    }

    fn custom_data(&self) -> Result<Box<dyn Collection>, Failure> {
        self.named.custom_data(self.context())
    }

    fn grant(&self, name: &str) -> Result<Box<dyn Collection>, Failure> {
        let scope = grants::named(self.call.deployment.app(), &self.call.function, name, &self.named.acting)?;
        Ok(self.collection(scope))
    }

    fn value(&self, name: &str) -> Option<Bytes> {
        self.call.deployment.facts.values.get(name).cloned()
    }

    fn environment(&self) -> Bytes {
        self.call.deployment.facts.environment.clone()
    }

    fn request(&self) -> Bytes {
        self.call.request.as_deref().unwrap_or(&EMPTY).to_vec()
    }

    fn open_collection(&self, name: &CollectionName) -> Result<Box<dyn Collection>, Failure> {
        self.named.open(self.context(), name)
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>, Failure> {
        OwnTransaction::begin(self.context(), self.named.clone()).await
    }

    async fn send(&self, acting: &str, request: Bytes) -> Result<Bytes, Failure> {
        let app = self.call.deployment.app();
        grants::may_act(app, &self.call.function, acting, self.named.system)?;
        let origins = grants::origins(app, acting);
        self.dispatcher.outbound()?.send(&origins, &request, self.named.deadline.into_std()).await
    }

    async fn call_function(&self, name: &str, arguments: Bytes) -> Result<Bytes, Failure> {
        check_depth(self.named.depth)?;
        value::array(&arguments)?;
        let call = Call { function: name.to_owned(), arguments, ..self.call.clone() };
        self.dispatcher.clone().call_nested(call, self.named.parent()).await.map_err(as_failure)
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

    fn used(&self, memory: usize, time: Duration) {
        self.named.story.use_memory(memory, time);
    }

    fn log(&self, level: Level, message: &str) {
        if self.dispatcher.logs().is_some() {
            self.named.story.write(level, message);
        }
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
