//! The registration pipeline: a user exists if and only if their creation function succeeded.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bson::oid::ObjectId;
use bson::{Bson, DateTime, Document, doc};
use usher_contract::{ErrorCode, limits, value};
use usher_database::{DatabaseError, Transaction, Transient, is_duplicate_key};
use usher_dispatch::{Call, CallError, Caller, Deployment, Origin};

use crate::error::{IdentityError, thrown};
use crate::identity::Identity;
use crate::login::Member;
use crate::store::{
    ANON_USER, API_KEY, Event, EventKind, LOCAL_USERPASS, LinkedIdentity, NORMAL, Registration, SERVER, User,
    user_object,
};

/// Pause between two looks while another host creates the same user: nothing tells us when it is done.
const BUSY_PAUSE: Duration = Duration::from_millis(50);

/// How long to wait for it: a creation function's whole budget, and some time for the commit.
const BUSY_PATIENCE: Duration = limits::CREATION_WALL_CLOCK.saturating_add(Duration::from_secs(10));

/// Somebody whose credential was accepted and who is no user yet.
pub(crate) struct Newcomer {
    pub(crate) provider: &'static str,
    pub(crate) provider_id: String,
    /// `normal` or `server`.
    pub(crate) kind: &'static str,
    pub(crate) data: Document,
    pub(crate) account: Account,
}

/// What holds the credential.
pub(crate) enum Account {
    /// Nothing: an anonymous user has none.
    None,
    /// A registration that is to be joined to the user.
    Registered(ObjectId),
    /// A registration that is made with the user.
    New(Registration),
}

pub(crate) enum Creation {
    Created(Box<Member>),
    /// Somebody else was first, and this is the user.
    Existed(ObjectId),
}

/// Why one transaction did not create the user.
enum Halt {
    /// The identity has a user.
    Taken,
    /// Another host is creating the identity's user at this moment.
    Busy,
    Failed(IdentityError),
}

impl Transient for Halt {
    fn is_transient(&self) -> bool {
        matches!(self, Self::Failed(error) if error.is_transient())
    }
}

impl<E: Into<IdentityError>> From<E> for Halt {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Newcomer {
    pub(crate) fn anonymous() -> Self {
        Self {
            provider: ANON_USER,
            provider_id: ObjectId::new().to_hex(),
            kind: NORMAL,
            data: Document::new(),
            account: Account::None,
        }
    }

    /// Somebody whom another authority knows under `provider_id`.
    pub(crate) fn external(provider: &'static str, provider_id: String, data: Document) -> Self {
        Self { provider, provider_id, kind: NORMAL, data, account: Account::None }
    }

    /// A program, which an API key of the app stands for.
    pub(crate) fn server(provider_id: String, data: Document) -> Self {
        Self { provider: API_KEY, provider_id, kind: SERVER, data, account: Account::None }
    }

    pub(crate) fn registered(registration: Registration) -> Self {
        Self {
            provider: LOCAL_USERPASS,
            provider_id: registration.id.to_hex(),
            kind: NORMAL,
            data: doc! {"email": registration.email},
            account: Account::Registered(registration.id),
        }
    }

    /// An operator's: registration and user are made at once.
    pub(crate) fn made(registration: Registration) -> Self {
        Self {
            provider: LOCAL_USERPASS,
            provider_id: registration.id.to_hex(),
            kind: NORMAL,
            data: doc! {"email": &registration.email},
            account: Account::New(registration),
        }
    }
}

impl Identity {
    /// Creates a user. The work is done in a task of its own, so that a client that hangs up does not cut it short.
    pub(crate) async fn create(
        self: &Arc<Self>,
        deployment: &Arc<Deployment>,
        newcomer: Newcomer,
        request: &str,
    ) -> Result<Creation, IdentityError> {
        // Allocated once: an attempt after a transient error creates the same user.
        let (id, now, app) = (ObjectId::new(), DateTime::now(), &deployment.app().id);
        let pipeline = Pipeline {
            user: User {
                id,
                app: app.clone(),
                kind: newcomer.kind.to_owned(),
                data: newcomer.data.clone(),
                disabled: false,
                created_at: now,
                // An operator's user has not logged in; everybody else does so with this.
                last_login_at: (!matches!(newcomer.account, Account::New(_))).then_some(now),
                seen_at: (newcomer.provider == ANON_USER).then_some(now),
            },
            claim: [LinkedIdentity {
                id: ObjectId::new(),
                app: app.clone(),
                user_id: id,
                provider: newcomer.provider.to_owned(),
                provider_id: newcomer.provider_id,
                data: newcomer.data,
                linked_at: now,
            }],
            account: match newcomer.account {
                Account::New(registration) => Account::New(Registration { user_id: Some(id), ..registration }),
                account => account,
            },
            identity: Arc::clone(self),
            deployment: Arc::clone(deployment),
            request: request.to_owned(),
        };
        tokio::spawn(pipeline.run()).await.map_err(IdentityError::internal)?
    }
}

struct Pipeline {
    identity: Arc<Identity>,
    deployment: Arc<Deployment>,
    request: String,
    user: User,
    claim: [LinkedIdentity; 1],
    account: Account,
}

impl Pipeline {
    async fn run(self) -> Result<Creation, IdentityError> {
        let [claim] = &self.claim;
        // One at a time within this host; between hosts, the unique index on identities decides.
        // A crowd behind a slow or failing function does not wait for ever.
        let boarding = self.identity.flights.board(format!("{} {}", claim.app, claim.provider_id));
        let flight = tokio::time::timeout(BUSY_PATIENCE, boarding).await.map_err(|_| {
            IdentityError::Overloaded("other logins of this identity are still under way; try again".to_owned())
        })?;
        if flight.waited
            && let Some(user) = self.winner().await?
        {
            return Ok(Creation::Existed(user));
        }
        let begun = Instant::now();
        loop {
            match self.identity.database.transaction(|transaction| self.attempt(transaction)).await {
                Ok(()) => {
                    let member = Member { user: self.user, identities: self.claim.into() };
                    return Ok(Creation::Created(Box::new(member)));
                }
                Err(Halt::Failed(error)) => return Err(self.failure(error)),
                Err(Halt::Taken) => {
                    if let Some(user) = self.winner().await? {
                        return Ok(Creation::Existed(user));
                    }
                }
                Err(Halt::Busy) => {}
            }
            if begun.elapsed() > BUSY_PATIENCE {
                let message = "another host is still creating this user; try again shortly";
                return Err(IdentityError::Overloaded(message.to_owned()));
            }
            tokio::time::sleep(BUSY_PAUSE).await;
        }
    }

    /// One attempt in one transaction, which is aborted whenever this fails.
    async fn attempt(&self, transaction: Transaction) -> Result<(), Halt> {
        self.lay_claim(&transaction).await?;
        let user = user_object(&self.user, &self.claim);
        let ran = self.run_function(&user, &transaction).await;
        if ran.is_err() && transaction.transient() {
            // Not the function's failure: the whole runs again, and where that does not help the client may.
            return Err(IdentityError::Overloaded("the database is busy; try again".to_owned()).into());
        }
        ran?;

        let store = &self.identity.store;
        let mut session = transaction.session().await;
        store.users.insert_one(&self.user).session(&mut *session).await?;
        if let Account::Registered(id) = self.account {
            let joined = store
                .registrations
                .update_one(doc! {"_id": id}, doc! {"$set": {"user_id": self.user.id}})
                .session(&mut *session)
                .await?;
            if joined.matched_count == 0 {
                // Deleted since the password was checked.
                return Err(IdentityError::InvalidPassword.into());
            }
        }
        let created = Event::new(EventKind::Create, &self.user, &self.claim, vec![self.claim[0].provider.clone()]);
        store.events.insert_one(created).session(&mut *session).await?;
        Ok(())
    }

    /// Claims the identity before anybody's code runs: of two hosts, the loser has run nothing in vain.
    async fn lay_claim(&self, transaction: &Transaction) -> Result<(), Halt> {
        let store = &self.identity.store;
        let mut session = transaction.session().await;
        if let Account::New(registration) = &self.account {
            store.registrations.insert_one(registration).session(&mut *session).await.map_err(|error| {
                if is_duplicate_key(&error) { IdentityError::AccountNameInUse.into() } else { Halt::from(error) }
            })?;
        }
        match store.identities.insert_one(&self.claim[0]).session(&mut *session).await {
            Ok(_) => Ok(()),
            Err(error) if is_duplicate_key(&error) => Err(Halt::Taken),
            Err(error) if error.is_transient() => Err(Halt::Busy),
            Err(error) => Err(error.into()),
        }
    }

    async fn run_function(&self, user: &Document, transaction: &Transaction) -> Result<(), Halt> {
        let Some(function) = &self.deployment.app().custom_user_data.on_user_creation else {
            return Ok(());
        };
        let call = Call {
            request: None,
            deployment: Arc::clone(&self.deployment),
            function: function.clone(),
            arguments: value::array_bytes([Bson::Document(user.clone())]).map_err(IdentityError::internal)?,
            caller: Caller::System,
            origin: Origin::Registration(transaction.clone()),
            id: self.request.clone(),
        };
        match self.identity.dispatcher.call(call).await {
            Ok(_) => Ok(()),
            Err(CallError::Overloaded(message)) => Err(IdentityError::Overloaded(message).into()),
            Err(CallError::Failed(failure)) if failure.is(ErrorCode::InternalServerError) => {
                Err(IdentityError::internal(failure).into())
            }
            Err(CallError::Failed(failure)) if failure.is(ErrorCode::FunctionExecutionError) => {
                Err(IdentityError::CreationFailed(thrown(&failure.message)).into())
            }
            Err(error @ (CallError::Failed(_) | CallError::NotFound(_))) => {
                Err(IdentityError::CreationFailed(error.to_string()).into())
            }
        }
    }

    /// The user that the identity belongs to, once it is committed.
    async fn winner(&self) -> Result<Option<ObjectId>, IdentityError> {
        let [claim] = &self.claim;
        let key = doc! {"app": &claim.app, "provider": &claim.provider, "provider_id": &claim.provider_id};
        Ok(self.identity.store.identities.find_one(key).await?.map(|identity| identity.user_id))
    }

    /// Tells the log the whole story, and gives what the client may hear.
    fn failure(&self, error: IdentityError) -> IdentityError {
        tracing::warn!(
            app = self.user.app,
            invocation = self.request,
            user = %self.user.id,
            provider = self.claim[0].provider,
            error = ?error,
            "no user was created"
        );
        match error {
            // The function went on after a failed operation, which had ended the transaction.
            IdentityError::Internal(cause) if matches!(cause.downcast_ref(), Some(DatabaseError::Doomed(_))) => {
                let code = ErrorCode::MongoDBError;
                IdentityError::CreationFailed(format!(
                    "{code}: an operation of the user creation function failed, and with it the transaction"
                ))
            }
            error => error,
        }
    }
}
