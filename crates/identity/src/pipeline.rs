//! The registration pipeline: a user exists if and only if their creation function succeeded.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bson::oid::ObjectId;
use bson::{Bson, DateTime, doc};
use usher_contract::{ErrorCode, value};
use usher_database::{Transaction, is_duplicate_key};
use usher_dispatch::{Call, CallError, Caller, Deployment, Origin};

use crate::Identity;
use crate::accounts::{event, user_document};
use crate::api::IdentityError;
use crate::credential::Proof;
use crate::store::{IdentityRecord, User};

/// Identities whose user is being created on this host: app and provider id, with the lock that their logins take.
pub(crate) type Creating = Mutex<HashMap<(String, String), Weak<tokio::sync::Mutex<()>>>>;

/// Why one attempt did not create the user.
enum Attempt {
    Failed(IdentityError),
    /// Another host created it first.
    Lost,
}

impl From<usher_database::DatabaseError> for Attempt {
    fn from(error: usher_database::DatabaseError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<mongodb::error::Error> for Attempt {
    fn from(error: mongodb::error::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl usher_database::Transient for Attempt {
    fn is_transient(&self) -> bool {
        matches!(self, Self::Failed(error) if error.is_transient())
    }
}

impl Identity {
    /// Creates the user of an identity, or waits for the login that does and takes its user.
    pub(crate) async fn create(
        self: &Arc<Self>,
        deployment: &Arc<Deployment>,
        proof: &Proof,
        request: &str,
    ) -> Result<(User, IdentityRecord), IdentityError> {
        let app = &deployment.app().id;
        let lock = self.lock(app, proof);
        let _alone = lock.lock().await;
        if proof.registration.is_some()
            && let Some(found) = self.find(app, proof).await?
        {
            return Ok(found);
        }
        let now = DateTime::now();
        // Fixed before the transaction, so that an attempt after a transient error creates the same user.
        let user = User {
            id: ObjectId::new(),
            app: app.clone(),
            kind: "normal".into(),
            data: proof.data.clone(),
            disabled: false,
            created_at: now,
            last_login_at: None,
        };
        let record = IdentityRecord {
            id: ObjectId::new(),
            app: app.clone(),
            user_id: user.id,
            provider: proof.provider.into(),
            provider_id: proof.provider_id.clone(),
            data: proof.data.clone(),
            linked_at: now,
        };
        let outcome = self
            .database
            .transaction(|transaction| self.attempt(deployment, proof, &user, &record, request, transaction))
            .await;
        match outcome {
            Ok(()) => Ok((user, record)),
            Err(Attempt::Failed(error)) => Err(error),
            Err(Attempt::Lost) => self
                .find(app, proof)
                .await?
                .ok_or_else(|| IdentityError::Overloaded("the user is being created elsewhere; try again".into())),
        }
    }

    /// One attempt, inside one transaction.
    async fn attempt(
        &self,
        deployment: &Arc<Deployment>,
        proof: &Proof,
        user: &User,
        record: &IdentityRecord,
        request: &str,
        transaction: Transaction,
    ) -> Result<(), Attempt> {
        // The claim comes first: of two hosts, the one that loses has not run the function in vain.
        let claimed = {
            let mut session = transaction.session().await;
            self.store.identities.insert_one(record).session(&mut *session).await
        };
        if let Err(error) = claimed {
            return Err(if is_duplicate_key(&error) { Attempt::Lost } else { error.into() });
        }
        let document = user_document(user, std::slice::from_ref(record));
        self.run_creation_function(deployment, &document, request, &transaction).await?;

        let mut session = transaction.session().await;
        self.store.users.insert_one(user).session(&mut *session).await?;
        if let Some(id) = proof.registration {
            let owned = self
                .store
                .registrations
                .update_one(doc! { "_id": id }, doc! { "$set": { "user_id": user.id } })
                .session(&mut *session)
                .await?;
            if owned.matched_count == 0 {
                // The registration was deleted since its password was checked.
                return Err(Attempt::Failed(IdentityError::InvalidPassword));
            }
        }
        let created = event(&user.app, "CREATE", document, [&record.provider]);
        self.store.events.insert_one(created).session(&mut *session).await?;
        Ok(())
    }

    async fn run_creation_function(
        &self,
        deployment: &Arc<Deployment>,
        user: &bson::Document,
        request: &str,
        transaction: &Transaction,
    ) -> Result<(), Attempt> {
        let Some(function) = deployment.app().custom_user_data.on_user_creation.clone() else {
            return Ok(());
        };
        let arguments = value::array_bytes([Bson::Document(user.clone())])
            .map_err(|failure| Attempt::Failed(IdentityError::internal(failure)))?;
        let call = Call {
            deployment: deployment.clone(),
            function,
            arguments,
            caller: Caller::System,
            origin: Origin::Registration(transaction.clone()),
            id: request.to_owned(),
        };
        let failed = match self.dispatcher.call(call).await {
            Ok(_) => return Ok(()),
            Err(CallError::Overloaded(message)) => IdentityError::Overloaded(message),
            Err(CallError::NotFound(name)) => {
                IdentityError::CreationFailed(format!("the user creation function \"{name}\" is not deployed"))
            }
            Err(CallError::Failed(failure)) if failure.is(ErrorCode::FunctionExecutionError) => {
                IdentityError::CreationFailed(failure.message)
            }
            Err(CallError::Failed(failure)) => IdentityError::CreationFailed(failure.to_string()),
        };
        tracing::warn!(app = deployment.app().id, invocation = request, error = %failed, "no user was created");
        Err(Attempt::Failed(failed))
    }

    /// The lock of one identity; forgotten when nobody holds it.
    fn lock(&self, app: &str, proof: &Proof) -> Arc<tokio::sync::Mutex<()>> {
        let mut creating = self.creating.lock().unwrap_or_else(PoisonError::into_inner);
        creating.retain(|_, lock| lock.strong_count() > 0);
        let entry = creating.entry((app.to_owned(), proof.provider_id.clone())).or_default();
        entry.upgrade().unwrap_or_else(|| {
            let lock = Arc::default();
            *entry = Arc::downgrade(&lock);
            lock
        })
    }
}
