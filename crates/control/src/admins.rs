//! Those who may administer apps: API keys, and people with a password.

use bson::oid::ObjectId;
use bson::{DateTime, doc};
use futures::TryStreamExt as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use usher_contract::limits;
use usher_database::is_duplicate_key;

use crate::control::Control;
use crate::error::ControlError;
use crate::store::{AdminDocument, AdminKind};

/// The id of the key that the first host makes; one id, so that two hosts which start together make one key.
const FIRST: ObjectId = ObjectId::from_bytes([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
/// Letters of a key's public part, as App Services had them.
const PUBLIC_LETTERS: usize = 8;

/// What an administrator may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Everything.
    Owner,
    /// Look, and change nothing.
    ReadOnly,
}

impl Role {
    /// Its name in the admin API (reference 7.1).
    pub fn name(self) -> &'static str {
        match self {
            Self::Owner => "GROUP_OWNER",
            Self::ReadOnly => "GROUP_READ_ONLY",
        }
    }
}

/// An administrator whose token was checked.
#[derive(Debug, Clone)]
pub struct Admin {
    /// The id.
    pub id: ObjectId,
    /// Whether they have an API key, rather than a password.
    pub has_key: bool,
    /// The public part of a key; the e-mail address of a person.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

/// A new API key. The private part is nowhere else.
#[derive(Debug)]
#[allow(missing_docs, reason = "the parts by name")]
pub struct NewKey {
    pub id: String,
    pub public: String,
    pub private: String,
}

/// An administrator, as an operator sees them.
#[derive(Debug, Clone, Serialize)]
pub struct AdminSummary {
    /// The id.
    pub id: String,
    /// `key` or `person`.
    pub kind: &'static str,
    /// The public part of a key; the e-mail address of a person.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// What the operator noted.
    pub description: String,
    /// Milliseconds since the Unix epoch.
    pub created_at: i64,
}

impl Control {
    /// Makes the first API key, where there is no administrator yet. Of several hosts one gets it.
    ///
    /// # Errors
    /// [`ControlError::Internal`] where the database fails.
    pub async fn first_key(&self) -> Result<Option<NewKey>, ControlError> {
        if self.store.admins.find_one(doc! {}).await?.is_some() {
            return Ok(None);
        }
        match self.insert_key(FIRST, Role::Owner, "made at the first start").await {
            Err(ControlError::Conflict(..)) => Ok(None),
            made => made.map(Some),
        }
    }

    /// Makes an API key.
    ///
    /// # Errors
    /// [`ControlError::Internal`] where the database fails.
    pub async fn create_key(&self, role: Role, description: &str) -> Result<NewKey, ControlError> {
        self.insert_key(ObjectId::new(), role, description).await
    }

    async fn insert_key(&self, id: ObjectId, role: Role, description: &str) -> Result<NewKey, ControlError> {
        let letters: [u8; PUBLIC_LETTERS] = rand::random();
        let public: String = letters.iter().map(|byte| char::from(b'a' + byte % 26)).collect();
        let private = hex::encode(rand::random::<[u8; 16]>());
        self.insert_admin(id, AdminKind::Key, &public, hash_of_key(&private), role, description).await?;
        Ok(NewKey { id: id.to_hex(), public, private })
    }

    /// Makes an administrator who logs in with an e-mail address and a password. Gives the id.
    ///
    /// # Errors
    /// [`ControlError::Invalid`] where one of the two is not acceptable, [`ControlError::Conflict`] where there is one
    /// of that name.
    pub async fn create_person(&self, email: &str, password: &str, role: Role) -> Result<String, ControlError> {
        if email.is_empty() || email.len() > limits::EMAIL_BYTES || email.chars().any(char::is_control) {
            return Err(ControlError::invalid("email invalid"));
        }
        if !(8..=128).contains(&password.chars().count()) {
            return Err(ControlError::invalid("an administrator's password has from 8 to 128 characters"));
        }
        let hash = self.passwords.hash(password).await?;
        let id = ObjectId::new();
        self.insert_admin(id, AdminKind::Person, email, hash, role, "").await?;
        Ok(id.to_hex())
    }

    async fn insert_admin(
        &self,
        id: ObjectId,
        kind: AdminKind,
        name: &str,
        hash: String,
        role: Role,
        description: &str,
    ) -> Result<(), ControlError> {
        let admin = AdminDocument {
            id,
            kind,
            name: name.to_owned(),
            hash,
            role,
            description: description.to_owned(),
            created_at: DateTime::now(),
        };
        match self.store.admins.insert_one(admin).await {
            Err(error) if is_duplicate_key(&error) => {
                Err(ControlError::Conflict("AccountNameInUse", "name already in use".to_owned()))
            }
            outcome => Ok(outcome.map(drop)?),
        }
    }

    /// Every administrator, oldest first.
    ///
    /// # Errors
    /// [`ControlError::Internal`] where the database fails.
    pub async fn list_admins(&self) -> Result<Vec<AdminSummary>, ControlError> {
        let admins: Vec<AdminDocument> =
            self.store.admins.find(doc! {}).sort(doc! {"created_at": 1}).await?.try_collect().await?;
        let summary = |admin: AdminDocument| AdminSummary {
            id: admin.id.to_hex(),
            kind: match admin.kind {
                AdminKind::Key => "key",
                AdminKind::Person => "person",
            },
            name: admin.name,
            role: admin.role,
            description: admin.description,
            created_at: admin.created_at.timestamp_millis(),
        };
        Ok(admins.into_iter().map(summary).collect())
    }

    /// Removes an administrator, by id or name, with every session: their tokens are worth nothing at once.
    ///
    /// # Errors
    /// [`ControlError::NotFound`].
    pub async fn delete_admin(&self, admin: &str) -> Result<(), ControlError> {
        let filter = match ObjectId::parse_str(admin) {
            Ok(id) => doc! {"_id": id},
            Err(_) => doc! {"name": admin},
        };
        let found = self.store.admins.find_one_and_delete(filter).await?;
        let found =
            found.ok_or_else(|| ControlError::NotFound("AdminNotFound", "administrator not found".to_owned()))?;
        self.store.sessions.delete_many(doc! {"admin": found.id}).await?;
        Ok(())
    }
}

/// What is kept of the private part of a key: it is random enough that no slower hash is needed.
pub(crate) fn hash_of_key(private: &str) -> String {
    hex::encode(Sha256::digest(private))
}
