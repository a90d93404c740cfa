//! The system database: its collections, their documents and indexes.

use bson::oid::ObjectId;
use bson::{DateTime, Document, doc};
use mongodb::Collection;
use serde::{Deserialize, Serialize};
use usher_database::{Database, DatabaseError, index};

/// The collections of the system database that identity owns.
pub(crate) struct Store {
    pub(crate) apps: Collection<AppRecord>,
    pub(crate) registrations: Collection<Registration>,
    pub(crate) identities: Collection<IdentityRecord>,
    pub(crate) users: Collection<User>,
    pub(crate) sessions: Collection<Session>,
    pub(crate) events: Collection<Document>,
    pub(crate) keys: Collection<SigningKey>,
}

/// What never changes about an app.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AppRecord {
    #[serde(rename = "_id")]
    pub(crate) id: String,
    /// The id that tokens carry (reference 4).
    pub(crate) domain_id: ObjectId,
}

/// An e-mail/password sign-up. It stays when the user exists, as the holder of the credential.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Registration {
    #[serde(rename = "_id")]
    pub(crate) id: ObjectId,
    pub(crate) app: String,
    pub(crate) email: String,
    /// An argon2id PHC string.
    pub(crate) password: String,
    pub(crate) confirmed: bool,
    pub(crate) created_at: DateTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_id: Option<ObjectId>,
}

/// One provider's login of a user.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct IdentityRecord {
    #[serde(rename = "_id")]
    pub(crate) id: ObjectId,
    pub(crate) app: String,
    pub(crate) user_id: ObjectId,
    pub(crate) provider: String,
    /// Who this is to the provider: the registration's id, or an id made for an anonymous user.
    pub(crate) provider_id: String,
    pub(crate) data: Document,
    pub(crate) linked_at: DateTime,
}

/// A user.
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_login_at: Option<DateTime>,
}

/// A session: what a refresh token stands for.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Session {
    #[serde(rename = "_id")]
    pub(crate) id: ObjectId,
    pub(crate) app: String,
    pub(crate) user_id: ObjectId,
    pub(crate) device_id: String,
    pub(crate) created_at: DateTime,
    pub(crate) expires_at: DateTime,
}

/// A key that signs tokens.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SigningKey {
    #[serde(rename = "_id")]
    pub(crate) id: String,
    pub(crate) secret: bson::Binary,
    pub(crate) created_at: DateTime,
}

impl Store {
    pub(crate) async fn open(database: &Database) -> Result<Self, DatabaseError> {
        let system = database.system();
        let store = Self {
            apps: system.collection("apps"),
            registrations: system.collection("registrations"),
            identities: system.collection("identities"),
            users: system.collection("users"),
            sessions: system.collection("sessions"),
            events: system.collection("events"),
            keys: system.collection("signing_keys"),
        };
        database.ensure_indexes(&store.registrations, [index::unique(doc! { "app": 1, "email": 1 })]).await?;
        database
            .ensure_indexes(
                &store.identities,
                [
                    // This index decides between two hosts that create the same user at once.
                    index::unique(doc! { "app": 1, "provider": 1, "provider_id": 1 }),
                    index::plain(doc! { "user_id": 1 }),
                ],
            )
            .await?;
        database.ensure_indexes(&store.users, [index::plain(doc! { "app": 1 })]).await?;
        database
            .ensure_indexes(&store.sessions, [index::expiring("expires_at"), index::plain(doc! { "user_id": 1 })])
            .await?;
        // Written inside transactions, where some servers do not make collections.
        database.ensure_collection(system.name(), "events").await?;
        Ok(store)
    }
}
