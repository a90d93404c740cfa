//! The documents in the system database. Each names its app.

use bson::oid::ObjectId;
use bson::{DateTime, Document, doc};
use futures::future::try_join_all;
use mongodb::Collection;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use usher_database::{Database, DatabaseError, index};

use crate::types::ProfileIdentity;

/// The provider of anonymous users.
pub(crate) const ANON_USER: &str = "anon-user";
/// The provider of e-mail and password.
pub(crate) const LOCAL_USERPASS: &str = "local-userpass";
/// The type of ordinary users (reference 3.5).
pub(crate) const NORMAL: &str = "normal";
/// The type of users that stand for a program: those of an app's own API keys.
pub(crate) const SERVER: &str = "server";
/// The provider of API keys.
pub(crate) const API_KEY: &str = "api-key";
/// The provider of tokens that somebody else issued.
pub(crate) const CUSTOM_TOKEN: &str = "custom-token";
/// The provider of functions that authenticate.
pub(crate) const CUSTOM_FUNCTION: &str = "custom-function";
/// Google.
pub(crate) const GOOGLE: &str = "oauth2-google";
/// Facebook.
pub(crate) const FACEBOOK: &str = "oauth2-facebook";
/// Apple.
pub(crate) const APPLE: &str = "oauth2-apple";

pub(crate) struct Store {
    pub(crate) registrations: Collection<Registration>,
    pub(crate) identities: Collection<LinkedIdentity>,
    pub(crate) users: Collection<User>,
    pub(crate) sessions: Collection<Session>,
    pub(crate) events: Collection<Event>,
}

/// An e-mail/password sign-up. It stays as the holder of the credential while the user exists.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Registration {
    #[serde(rename = "_id")]
    pub(crate) id: ObjectId,
    pub(crate) app: String,
    pub(crate) email: String,
    /// An argon2id hash in PHC form. Absent where the user was imported: a password has to be chosen by a reset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) password: Option<String>,
    pub(crate) status: Status,
    pub(crate) created_at: DateTime,
    /// Absent before the first login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user_id: Option<ObjectId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Confirmed,
    Pending,
}

/// One provider's login of a user. The unique index on it makes concurrent first logins one user.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LinkedIdentity {
    #[serde(rename = "_id")]
    pub(crate) id: ObjectId,
    pub(crate) app: String,
    pub(crate) user_id: ObjectId,
    pub(crate) provider: String,
    /// What the provider calls the user: the registration's id, or for anonymous users a number of its own.
    pub(crate) provider_id: String,
    pub(crate) data: Document,
    pub(crate) linked_at: DateTime,
}

impl LinkedIdentity {
    /// As everybody outside sees it.
    pub(crate) fn shown(&self) -> ProfileIdentity {
        ProfileIdentity {
            id: self.provider_id.clone(),
            provider_type: self.provider.clone(),
            provider_id: provider_number(&self.app, &self.provider),
        }
    }
}

/// The id of a provider of an app: it follows from their names.
fn provider_number(app: &str, provider: &str) -> String {
    hex::encode(&Sha256::digest(format!("{app}/{provider}"))[..12])
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct User {
    #[serde(rename = "_id")]
    pub(crate) id: ObjectId,
    pub(crate) app: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) data: Document,
    pub(crate) disabled: bool,
    pub(crate) created_at: DateTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_login_at: Option<DateTime>,
    /// The last sign of life of a user who is anonymous and nothing else, to [`limits::SEEN_PRECISION`]. Such users are
    /// deleted some time after it.
    ///
    /// [`limits::SEEN_PRECISION`]: usher_contract::limits::SEEN_PRECISION
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) seen_at: Option<DateTime>,
}

/// A session; its id is the refresh token's `baas_id` and the access tokens' `iss`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Session {
    #[serde(rename = "_id")]
    pub(crate) id: ObjectId,
    pub(crate) app: String,
    pub(crate) user_id: ObjectId,
    pub(crate) identity_id: ObjectId,
    pub(crate) device_id: String,
    pub(crate) created_at: DateTime,
    pub(crate) expires_at: DateTime,
}

/// What happened to a user (reference 2.2). Appended, never changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Event {
    #[serde(rename = "_id")]
    pub(crate) id: ObjectId,
    pub(crate) app: String,
    #[serde(rename = "type")]
    pub(crate) kind: EventKind,
    /// The user object, as functions see it.
    pub(crate) user: Document,
    pub(crate) providers: Vec<String>,
    pub(crate) time: DateTime,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum EventKind {
    Create,
    Login,
    Delete,
}

impl Store {
    pub(crate) async fn open(database: &Database) -> Result<Self, DatabaseError> {
        let system = database.system();
        let name = system.name().to_owned();
        try_join_all(["users", "events"].map(|collection| database.ensure_collection(&name, collection))).await?;
        let store = Self {
            registrations: system.collection("registrations"),
            identities: system.collection("identities"),
            users: system.collection("users"),
            sessions: system.collection("sessions"),
            events: system.collection("events"),
        };
        tokio::try_join!(
            database.ensure_indexes(
                &store.registrations,
                [index::unique(doc! {"app": 1, "email": 1}), index::plain(doc! {"user_id": 1})],
            ),
            database.ensure_indexes(
                &store.identities,
                [index::unique(doc! {"app": 1, "provider": 1, "provider_id": 1}), index::plain(doc! {"user_id": 1}),],
            ),
            database.ensure_indexes(
                &store.users,
                [index::plain(doc! {"app": 1, "_id": -1}), index::plain(doc! {"app": 1, "seen_at": 1})],
            ),
            database
                .ensure_indexes(&store.sessions, [index::expiring("expires_at"), index::plain(doc! {"user_id": 1})],),
        )?;
        Ok(store)
    }
}

impl Event {
    pub(crate) fn new(kind: EventKind, user: &User, identities: &[LinkedIdentity], providers: Vec<String>) -> Self {
        Self {
            id: ObjectId::new(),
            app: user.app.clone(),
            kind,
            user: user_object(user, identities),
            providers,
            time: DateTime::now(),
        }
    }
}

/// The user object that functions see (reference 2 and 5.4), without custom data.
pub(crate) fn user_object(user: &User, identities: &[LinkedIdentity]) -> Document {
    let identities: Vec<Document> = identities
        .iter()
        .map(|identity| {
            // By what the provider calls the user: functions take what the custom function or the token said from here.
            let mut object = doc! {"id": &identity.provider_id, "provider_type": &identity.provider};
            if !identity.data.is_empty() {
                object.insert("data", identity.data.clone());
            }
            object
        })
        .collect();
    doc! {"id": user.id.to_hex(), "type": &user.kind, "data": user.data.clone(), "identities": identities}
}

/// The providers of identities, each once, in the order of linking.
pub(crate) fn providers(identities: &[LinkedIdentity]) -> Vec<String> {
    let mut providers: Vec<String> = Vec::new();
    for identity in identities {
        if !providers.contains(&identity.provider) {
            providers.push(identity.provider.clone());
        }
    }
    providers
}
