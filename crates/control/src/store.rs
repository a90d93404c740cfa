//! The documents in the system database.

use bson::oid::ObjectId;
use bson::{Binary, DateTime, doc};
use futures::future::try_join_all;
use mongodb::Collection;
use serde::{Deserialize, Serialize};
use usher_database::{Database, DatabaseError, index};

use crate::admins::Role;
use crate::manifest::Entry;

pub(crate) struct Store {
    pub(crate) apps: Collection<AppDocument>,
    pub(crate) drafts: Collection<DraftDocument>,
    pub(crate) deployments: Collection<DeploymentDocument>,
    pub(crate) contents: Collection<Content>,
    pub(crate) secrets: Collection<SecretDocument>,
    pub(crate) admins: Collection<AdminDocument>,
    pub(crate) sessions: Collection<SessionDocument>,
    pub(crate) keys: Collection<KeyDocument>,
}

/// An app that lives in the database.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AppDocument {
    #[serde(rename = "_id")]
    pub(crate) id: ObjectId,
    pub(crate) client_app_id: String,
    pub(crate) name: String,
    pub(crate) created_at: DateTime,
    pub(crate) modified_at: DateTime,
    /// Counts the changes of what runs. A writer changes the revision that it has read and no other, so that two of
    /// them never undo each other's work; hosts see by it that there is something new.
    pub(crate) revision: i64,
    /// What runs.
    pub(crate) files: Vec<Entry>,
    pub(crate) deployment: ObjectId,
}

/// Changes that gather until they are deployed together. An app has one at most.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DraftDocument {
    #[serde(rename = "_id")]
    pub(crate) id: ObjectId,
    pub(crate) app: ObjectId,
    /// Who opened it.
    pub(crate) author: String,
    pub(crate) created_at: DateTime,
    /// As [`AppDocument::revision`].
    pub(crate) revision: i64,
    pub(crate) files: Vec<Entry>,
}

/// One version of an app, or the attempt at one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DeploymentDocument {
    #[serde(rename = "_id")]
    pub(crate) id: ObjectId,
    pub(crate) app: ObjectId,
    pub(crate) author: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) draft: Option<ObjectId>,
    pub(crate) created_at: DateTime,
    /// Why it failed; absent where it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failure: Option<String>,
    pub(crate) files: Vec<Entry>,
}

/// The content of files, once for each app however many versions have it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Content {
    /// `<app>/<hash>`.
    #[serde(rename = "_id")]
    pub(crate) id: String,
    pub(crate) app: ObjectId,
    pub(crate) bytes: Binary,
    /// When it was last written or found written already. What is newer than any version may belong to one that is
    /// about to be recorded.
    pub(crate) used_at: DateTime,
}

/// A secret of an app, encrypted.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SecretDocument {
    #[serde(rename = "_id")]
    pub(crate) id: ObjectId,
    pub(crate) app: ObjectId,
    pub(crate) name: String,
    /// The key that it was encrypted under.
    pub(crate) key: String,
    /// Nonce and ciphertext.
    pub(crate) sealed: Binary,
    pub(crate) modified_at: DateTime,
}

/// Somebody who administers apps: an API key, or a person with a password.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AdminDocument {
    #[serde(rename = "_id")]
    pub(crate) id: ObjectId,
    pub(crate) kind: AdminKind,
    /// The public part of a key; the e-mail address of a person.
    pub(crate) name: String,
    /// Of a key, SHA-256 of its private part, which nobody can guess; of a password, argon2id.
    pub(crate) hash: String,
    pub(crate) role: Role,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) description: String,
    pub(crate) created_at: DateTime,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AdminKind {
    Key,
    Person,
}

/// A session of an administrator.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SessionDocument {
    #[serde(rename = "_id")]
    pub(crate) id: ObjectId,
    pub(crate) admin: ObjectId,
    pub(crate) expires_at: DateTime,
}

/// The key that signs the tokens of administrators.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct KeyDocument {
    #[serde(rename = "_id")]
    pub(crate) id: String,
    pub(crate) secret: Binary,
}

impl Store {
    pub(crate) async fn open(database: &Database) -> Result<Self, DatabaseError> {
        let system = database.system();
        let name = system.name().to_owned();
        // Transactions write these, and some servers make no collection inside one.
        let transacted = ["hosted_apps", "drafts", "deployments"];
        try_join_all(transacted.map(|collection| database.ensure_collection(&name, collection))).await?;
        let store = Self {
            apps: system.collection("hosted_apps"),
            drafts: system.collection("drafts"),
            deployments: system.collection("deployments"),
            contents: system.collection("contents"),
            secrets: system.collection("secrets"),
            admins: system.collection("admins"),
            sessions: system.collection("admin_sessions"),
            keys: system.collection("admin_signing_keys"),
        };
        tokio::try_join!(
            database.ensure_indexes(&store.apps, [index::unique(doc! {"client_app_id": 1})]),
            database.ensure_indexes(&store.drafts, [index::unique(doc! {"app": 1})]),
            database.ensure_indexes(&store.deployments, [index::plain(doc! {"app": 1, "_id": -1})]),
            database.ensure_indexes(&store.contents, [index::plain(doc! {"app": 1})]),
            database.ensure_indexes(&store.secrets, [index::unique(doc! {"app": 1, "name": 1})]),
            database.ensure_indexes(&store.admins, [index::unique(doc! {"kind": 1, "name": 1})]),
            database.ensure_indexes(&store.sessions, [index::expiring("expires_at"), index::plain(doc! {"admin": 1})]),
        )?;
        Ok(store)
    }
}
