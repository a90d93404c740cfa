//! API keys: of users, who log in with them as themselves, and of an app itself, each of which stands for a user of the
//! type `server` (reference 3.6).
//!
//! A user's key becomes an identity of its owner at the first login with it. An app's key makes its user then, and the
//! creation function runs. Disabling a key ends the sessions that were opened with it; deleting it also removes the
//! identity, and an app's key takes its user with it.

use std::net::IpAddr;

use bson::oid::ObjectId;
use bson::{DateTime, Document, doc};
use futures::TryStreamExt as _;
use mongodb::Collection;
use serde::{Deserialize, Serialize};
use usher_app::App;
use usher_contract::limits;
use usher_database::{Database, index, is_duplicate_key};

use crate::error::IdentityError;
use crate::identity::Identity;
use crate::login::Presented;
use crate::pipeline::Newcomer;
use crate::secret;
use crate::session::Open;
use crate::store::{ANON_USER, API_KEY, LinkedIdentity};
use crate::types::{ApiKey, NewApiKey};

/// Bytes of a key; twice as many hexadecimal digits.
const KEY_BYTES: usize = 32;

/// A key in the system database: its hash only.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredKey {
    #[serde(rename = "_id")]
    id: ObjectId,
    app: String,
    /// The user whose key it is; absent where it is the app's.
    user_id: Option<ObjectId>,
    /// Unique for the owner.
    name: String,
    hash: String,
    disabled: bool,
    created_at: DateTime,
}

/// Whose keys: a user's, or for none the app's.
type Owner = Option<ObjectId>;

pub(crate) async fn open(database: &Database) -> Result<Collection<StoredKey>, IdentityError> {
    let system = database.system();
    database.ensure_collection(system.name(), "api_keys").await?;
    let keys = system.collection("api_keys");
    let indexes = [index::unique(doc! {"app": 1, "user_id": 1, "name": 1}), index::unique(doc! {"hash": 1})];
    database.ensure_indexes(&keys, indexes).await?;
    Ok(keys)
}

impl From<StoredKey> for ApiKey {
    fn from(key: StoredKey) -> Self {
        Self { id: key.id.to_hex(), name: key.name, disabled: key.disabled }
    }
}

impl Identity {
    /// Makes an API key for the user of a refresh token. This is the only time that the key itself is told.
    ///
    /// # Errors
    /// [`IdentityError::InvalidSession`], [`IdentityError::ProviderNotFound`], [`IdentityError::KeyName`],
    /// [`IdentityError::KeyExists`]; [`IdentityError::BadRequest`] for an anonymous user, and beyond
    /// [`limits::USER_API_KEYS`].
    pub async fn create_user_key(&self, app: &App, refresh: &str, name: &str) -> Result<NewApiKey, IdentityError> {
        let open = self.session(app, refresh).await?;
        if !app.providers.api_key {
            return Err(IdentityError::ProviderNotFound(API_KEY.to_owned()));
        }
        let identities = self.identities_of(open.user.id).await?;
        if identities.iter().all(|identity| identity.provider == ANON_USER) {
            let message = "an anonymous user cannot have API keys; link another identity first";
            return Err(IdentityError::BadRequest(message.to_owned()));
        }
        self.create_key(app, Some(open.user.id), name, limits::USER_API_KEYS).await
    }

    /// The API keys of the user of a refresh token, oldest first.
    ///
    /// # Errors
    /// [`IdentityError::InvalidSession`].
    pub async fn user_keys(&self, app: &App, refresh: &str) -> Result<Vec<ApiKey>, IdentityError> {
        let open = self.session(app, refresh).await?;
        self.keys_of(app, Some(open.user.id)).await
    }

    /// One API key of the user of a refresh token.
    ///
    /// # Errors
    /// [`IdentityError::InvalidSession`], [`IdentityError::KeyNotFound`].
    pub async fn user_key(&self, app: &App, refresh: &str, key: &str) -> Result<ApiKey, IdentityError> {
        let open = self.session(app, refresh).await?;
        Ok(self.key(app, Some(open.user.id), key).await?.into())
    }

    /// Disables or enables an API key of the user of a refresh token.
    ///
    /// # Errors
    /// [`IdentityError::InvalidSession`], [`IdentityError::KeyNotFound`].
    pub async fn set_user_key_disabled(
        &self,
        app: &App,
        refresh: &str,
        key: &str,
        disabled: bool,
    ) -> Result<(), IdentityError> {
        let open = self.session(app, refresh).await?;
        self.switch_key(app, Some(open.user.id), key, disabled).await
    }

    /// Deletes an API key of the user of a refresh token.
    ///
    /// # Errors
    /// [`IdentityError::InvalidSession`], [`IdentityError::KeyNotFound`]; [`IdentityError::KeyInUse`] where the session
    /// was opened with it.
    pub async fn delete_user_key(&self, app: &App, refresh: &str, key: &str) -> Result<(), IdentityError> {
        let Open { session, user } = self.session(app, refresh).await?;
        let key = self.key(app, Some(user.id), key).await?;
        let identity = self.identity(app, API_KEY, &key.id.to_hex()).await?;
        if identity.as_ref().is_some_and(|identity| identity.id == session.identity_id) {
            return Err(IdentityError::KeyInUse);
        }
        self.remove_key(&key, identity.as_ref()).await
    }

    /// Makes an API key of the app.
    ///
    /// # Errors
    /// [`IdentityError::KeyName`], [`IdentityError::KeyExists`]; [`IdentityError::BadRequest`] beyond
    /// [`limits::SERVER_API_KEYS`].
    pub async fn create_server_key(&self, app: &App, name: &str) -> Result<NewApiKey, IdentityError> {
        self.create_key(app, None, name, limits::SERVER_API_KEYS).await
    }

    /// The app's own API keys, oldest first.
    ///
    /// # Errors
    /// [`IdentityError::Internal`] where the database fails.
    pub async fn server_keys(&self, app: &App) -> Result<Vec<ApiKey>, IdentityError> {
        self.keys_of(app, None).await
    }

    /// One of the app's own API keys.
    ///
    /// # Errors
    /// [`IdentityError::KeyNotFound`].
    pub async fn server_key(&self, app: &App, key: &str) -> Result<ApiKey, IdentityError> {
        Ok(self.key(app, None, key).await?.into())
    }

    /// Disables or enables one of the app's own API keys.
    ///
    /// # Errors
    /// [`IdentityError::KeyNotFound`].
    pub async fn set_server_key_disabled(&self, app: &App, key: &str, disabled: bool) -> Result<(), IdentityError> {
        self.switch_key(app, None, key, disabled).await
    }

    /// Deletes one of the app's own API keys, with the user that it stands for.
    ///
    /// # Errors
    /// [`IdentityError::KeyNotFound`].
    pub async fn delete_server_key(&self, app: &App, key: &str) -> Result<(), IdentityError> {
        let key = self.key(app, None, key).await?;
        match self.identity(app, API_KEY, &key.id.to_hex()).await? {
            // The key goes with its user.
            Some(identity) => self.delete_user(app, &identity.user_id.to_hex()).await,
            None => self.remove_key(&key, None).await,
        }
    }

    /// Whose API key it is. A key is too long to guess, so failures are not counted.
    pub(crate) async fn by_api_key(&self, app: &App, key: &str, _peer: IpAddr) -> Result<Presented, IdentityError> {
        if !app.providers.api_key {
            return Err(IdentityError::ProviderNotFound(API_KEY.to_owned()));
        }
        let known = doc! {"hash": secret::hash(key), "app": &app.id, "disabled": false};
        let stored = self.api_keys.find_one(known).await?.ok_or(IdentityError::Unauthorized)?;
        match stored.user_id {
            Some(user) => Ok(Presented::Key { user, key: stored.id }),
            None => self.presented(app, Newcomer::server(stored.id.to_hex(), doc! {"name": stored.name})).await,
        }
    }

    /// The identity that a user's key is; made when it is first used.
    pub(crate) async fn key_identity(
        &self,
        app: &App,
        user: ObjectId,
        key: ObjectId,
    ) -> Result<LinkedIdentity, IdentityError> {
        let key = &key.to_hex();
        if let Some(identity) = self.identity(app, API_KEY, key).await? {
            return Ok(identity);
        }
        let identity = LinkedIdentity {
            id: ObjectId::new(),
            app: app.id.clone(),
            user_id: user,
            provider: API_KEY.to_owned(),
            provider_id: key.to_owned(),
            data: Document::new(),
            linked_at: DateTime::now(),
        };
        match self.store.identities.insert_one(&identity).await {
            Err(error) if is_duplicate_key(&error) => {
                self.identity(app, API_KEY, key).await?.ok_or(IdentityError::Unauthorized)
            }
            outcome => Ok(outcome.map(|_| identity)?),
        }
    }

    async fn create_key(&self, app: &App, owner: Owner, name: &str, most: u64) -> Result<NewApiKey, IdentityError> {
        check_name(name)?;
        // One at a time on this host; two hosts may together exceed the limit by one.
        let _turn = self.flights.board(format!("{} keys {owner:?}", app.id)).await;
        let of_owner = doc! {"app": &app.id, "user_id": owner};
        if self.api_keys.count_documents(of_owner.clone()).await? >= most {
            // A name that is taken says more.
            return Err(match self.api_keys.find_one(doc! {"name": name, "app": &app.id, "user_id": owner}).await? {
                Some(_) => IdentityError::KeyExists,
                None => IdentityError::BadRequest(format!("there are {most} API keys already; delete one first")),
            });
        }
        let key = hex::encode(rand::random::<[u8; KEY_BYTES]>());
        let stored = StoredKey {
            id: ObjectId::new(),
            app: app.id.clone(),
            user_id: owner,
            name: name.to_owned(),
            hash: secret::hash(&key),
            disabled: false,
            created_at: DateTime::now(),
        };
        match self.api_keys.insert_one(&stored).await {
            Err(error) if is_duplicate_key(&error) => Err(IdentityError::KeyExists),
            outcome => {
                outcome?;
                Ok(NewApiKey { id: stored.id.to_hex(), key, name: stored.name })
            }
        }
    }

    async fn keys_of(&self, app: &App, owner: Owner) -> Result<Vec<ApiKey>, IdentityError> {
        let cursor = self.api_keys.find(doc! {"app": &app.id, "user_id": owner}).sort(doc! {"_id": 1}).await?;
        let keys: Vec<StoredKey> = cursor.try_collect().await?;
        Ok(keys.into_iter().map(ApiKey::from).collect())
    }

    async fn key(&self, app: &App, owner: Owner, key: &str) -> Result<StoredKey, IdentityError> {
        let id = ObjectId::parse_str(key).map_err(|_| IdentityError::KeyNotFound)?;
        let found = self.api_keys.find_one(doc! {"_id": id, "app": &app.id, "user_id": owner}).await?;
        found.ok_or(IdentityError::KeyNotFound)
    }

    async fn switch_key(&self, app: &App, owner: Owner, key: &str, disabled: bool) -> Result<(), IdentityError> {
        let key = self.key(app, owner, key).await?;
        self.api_keys.update_one(doc! {"_id": key.id}, doc! {"$set": {"disabled": disabled}}).await?;
        if disabled && let Some(identity) = self.identity(app, API_KEY, &key.id.to_hex()).await? {
            self.end_sessions_of(&identity).await?;
        }
        Ok(())
    }

    /// The identity goes with its key: an identity that is left would show in the profile for ever.
    async fn remove_key(&self, key: &StoredKey, identity: Option<&LinkedIdentity>) -> Result<(), IdentityError> {
        let identity_key = doc! {"app": &key.app, "provider": API_KEY, "provider_id": key.id.to_hex()};
        self.database
            .transaction(|transaction| {
                let identity_key = &identity_key;
                async move {
                    let mut session = transaction.session().await;
                    self.api_keys.delete_one(doc! {"_id": key.id}).session(&mut *session).await?;
                    self.store.identities.delete_one(identity_key.clone()).session(&mut *session).await?;
                    Ok::<_, IdentityError>(())
                }
            })
            .await?;
        match identity {
            Some(identity) => self.end_sessions_of(identity).await,
            None => Ok(()),
        }
    }

    /// Ends a session that was just begun with an API key, where the key was disabled or deleted since it was looked up:
    /// whoever did that has ended the sessions that were there. Whichever of the two writes last sees what the other wrote.
    pub(crate) async fn check_key_of(&self, identity: &LinkedIdentity) -> Result<(), IdentityError> {
        if identity.provider != API_KEY {
            return Ok(());
        }
        let id = ObjectId::parse_str(&identity.provider_id).map_err(|_| IdentityError::Unauthorized)?;
        let key = self.api_keys.find_one(doc! {"_id": id, "app": &identity.app}).await?;
        if key.as_ref().is_some_and(|key| !key.disabled) {
            return Ok(());
        }
        if key.is_none() {
            // It may have been made when its key was gone already.
            self.store.identities.delete_one(doc! {"_id": identity.id}).await?;
        }
        self.end_sessions_of(identity).await?;
        Err(IdentityError::Unauthorized)
    }

    async fn end_sessions_of(&self, identity: &LinkedIdentity) -> Result<(), IdentityError> {
        let theirs = doc! {"user_id": identity.user_id, "identity_id": identity.id};
        self.store.sessions.delete_many(theirs).await?;
        Ok(())
    }
}

fn check_name(name: &str) -> Result<(), IdentityError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if name.is_empty() || !name.bytes().all(allowed) {
        return Err(IdentityError::KeyName);
    }
    if name.len() > limits::API_KEY_NAME_CHARS {
        let most = limits::API_KEY_NAME_CHARS;
        return Err(IdentityError::BadRequest(format!("an API key's name has at most {most} characters")));
    }
    Ok(())
}
