//! The secrets of apps: in the database encrypted, in memory only while an app is loaded, in answers never.

use std::collections::BTreeMap;
use std::sync::Arc;

use bson::oid::ObjectId;
use bson::spec::BinarySubtype;
use bson::{Binary, DateTime, doc};
use futures::TryStreamExt as _;
use usher_contract::limits;
use usher_database::is_duplicate_key;
use usher_dispatch::Deployment;

use crate::control::Control;
use crate::error::ControlError;
use crate::files::Files;
use crate::store::SecretDocument;

/// A secret, as the admin API shows it.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the members of the reply, by name")]
pub struct SecretInfo {
    pub id: String,
    pub name: String,
}

impl From<SecretDocument> for SecretInfo {
    fn from(secret: SecretDocument) -> Self {
        Self { id: secret.id.to_hex(), name: secret.name }
    }
}

impl Control {
    /// The secrets of an app, by name.
    ///
    /// # Errors
    /// [`ControlError::Internal`] where the database fails.
    pub async fn secrets(&self, app: ObjectId) -> Result<Vec<SecretInfo>, ControlError> {
        let secrets: Vec<SecretDocument> =
            self.store.secrets.find(doc! {"app": app}).sort(doc! {"name": 1}).await?.try_collect().await?;
        Ok(secrets.into_iter().map(SecretInfo::from).collect())
    }

    /// Stores a new secret; the app runs with it when this returns.
    ///
    /// # Errors
    /// [`ControlError::Conflict`] where there is one of that name, or this host has no key to encrypt it under.
    pub async fn create_secret(&self, app: ObjectId, name: &str, value: &str) -> Result<SecretInfo, ControlError> {
        check(name, value)?;
        let turn = self.turn(app);
        let _turn = turn.lock().await;
        let id = ObjectId::new();
        let secret = self.sealed(app, id, name, value)?;
        if self.store.secrets.find_one(doc! {"app": app, "name": name}).await?.is_some() {
            return Err(taken(name));
        }
        let tried = self.try_secret(app, name, Some(value)).await?;
        match self.store.secrets.insert_one(&secret).await {
            Err(error) if is_duplicate_key(&error) => return Err(taken(name)),
            outcome => drop(outcome?),
        }
        self.apply(app, tried).await?;
        Ok(secret.into())
    }

    /// Stores another value of a secret; the app runs with it when this returns. Whoever gives its name as well means this
    /// one.
    ///
    /// # Errors
    /// [`ControlError::NotFound`]; [`ControlError::Invalid`] where the name is another's; as [`Control::create_secret`].
    pub async fn replace_secret(
        &self,
        app: ObjectId,
        secret: &str,
        name: Option<&str>,
        value: &str,
    ) -> Result<(), ControlError> {
        let turn = self.turn(app);
        let _turn = turn.lock().await;
        let found = self.find_secret(app, secret).await?;
        if name.is_some_and(|name| !name.is_empty() && name != found.name) {
            let message = format!(
                "the secret {:?} keeps its name, which values and providers refer to: make another",
                found.name
            );
            return Err(ControlError::invalid(message));
        }
        check(&found.name, value)?;
        let sealed = self.sealed(app, found.id, &found.name, value)?;
        let tried = self.try_secret(app, &found.name, Some(value)).await?;
        self.store.secrets.replace_one(doc! {"_id": found.id}, sealed).await?;
        self.apply(app, tried).await
    }

    /// Removes a secret.
    ///
    /// # Errors
    /// [`ControlError::NotFound`]; [`ControlError::Invalid`] where the app cannot run without it.
    pub async fn delete_secret(&self, app: ObjectId, secret: &str) -> Result<(), ControlError> {
        let turn = self.turn(app);
        let _turn = turn.lock().await;
        let found = self.find_secret(app, secret).await?;
        let tried = self.try_secret(app, &found.name, None).await?;
        self.store.secrets.delete_one(doc! {"_id": found.id}).await?;
        self.apply(app, tried).await
    }

    /// Encrypts every secret that is not under the first key anew. Gives how many there were.
    ///
    /// # Errors
    /// [`ControlError::Conflict`] without a key, or where the key of a secret is not at hand; those before it are done.
    pub async fn rotate_secrets(&self) -> Result<u64, ControlError> {
        let key = self.options.keyring.id().ok_or_else(no_key)?;
        let mut others = self.store.secrets.find(doc! {"key": {"$ne": key}}).await?;
        let mut rotated = 0;
        while let Some(secret) = others.try_next().await? {
            let value = self.unsealed(&secret).ok_or_else(|| {
                let (name, key) = (&secret.name, &secret.key);
                let message = format!("the secret {name:?} is encrypted under the key {key}: give that key as well");
                ControlError::Conflict("EncryptionKeyMissing", message)
            })?;
            let sealed = self.sealed(secret.app, secret.id, &secret.name, &value)?;
            // Somebody may have replaced it since.
            let unchanged = doc! {"_id": secret.id, "key": &secret.key, "sealed": secret.sealed};
            rotated += self.store.secrets.replace_one(unchanged, sealed).await?.modified_count;
        }
        Ok(rotated)
    }

    /// The secrets of an app in the clear, for its loading. One whose key is not at hand is left out, and told to the
    /// log by name.
    pub(crate) async fn secrets_of(&self, app: ObjectId) -> Result<BTreeMap<String, String>, ControlError> {
        let mut secrets = BTreeMap::new();
        let mut found = self.store.secrets.find(doc! {"app": app}).await?;
        while let Some(secret) = found.try_next().await? {
            match self.unsealed(&secret) {
                Some(value) => drop(secrets.insert(secret.name, value)),
                None => {
                    let (name, key) = (secret.name, secret.key);
                    let what = "a secret cannot be read, and the app runs without it: this host was not given the key that it is \
                                encrypted under; add that key to --encryption-key-file, or give the secret a new value";
                    tracing::error!(%app, name, key, "{what}");
                }
            }
        }
        Ok(secrets)
    }

    /// Loads the app as it would run with a changed secret, where its files name the secret at all.
    async fn try_secret(&self, app: ObjectId, name: &str, value: Option<&str>) -> Result<Tried, ControlError> {
        let found = self.find(app).await?;
        let files = self.store.load(app, &found.files, None).await?;
        let mut loaded = None;
        if mentions(&files, name) {
            let mut secrets = self.secrets_of(app).await?;
            match value {
                Some(value) => drop(secrets.insert(name.to_owned(), value.to_owned())),
                None => drop(secrets.remove(name)),
            }
            loaded = Some(self.load(&found, &files, secrets).await?);
        }
        Ok(Tried { revision: found.revision, loaded })
    }

    /// Has every host load the app with the secrets as they are now, and this one before it returns. The app has a new
    /// revision even where nothing names the secret: another host may be deploying what does, with the secrets that it
    /// read before.
    async fn apply(&self, app: ObjectId, tried: Tried) -> Result<(), ControlError> {
        let before = self.store.apps.find_one_and_update(doc! {"_id": app}, doc! {"$inc": {"revision": 1}}).await?;
        let before = before.ok_or_else(ControlError::app_not_found)?.revision;
        if before == tried.revision {
            if let Some(loaded) = tried.loaded {
                self.install(app, before + 1, loaded, None).await;
                return Ok(());
            }
            if let Some(hosted) = self.hosted().get_mut(&app).filter(|hosted| hosted.revision == before) {
                hosted.revision += 1;
                return Ok(());
            }
        }
        self.run_present(app).await
    }

    fn sealed(&self, app: ObjectId, id: ObjectId, name: &str, value: &str) -> Result<SecretDocument, ControlError> {
        let (key, bytes) = self.options.keyring.seal(&place(app, id), value).ok_or_else(no_key)?;
        Ok(SecretDocument {
            id,
            app,
            name: name.to_owned(),
            key,
            sealed: Binary { subtype: BinarySubtype::Generic, bytes },
            modified_at: DateTime::now(),
        })
    }

    fn unsealed(&self, secret: &SecretDocument) -> Option<String> {
        self.options.keyring.open(&secret.key, &place(secret.app, secret.id), &secret.sealed.bytes)
    }

    async fn find_secret(&self, app: ObjectId, secret: &str) -> Result<SecretDocument, ControlError> {
        // Clients name a secret by its id; the command line of App Services by its name as well.
        let filter = match ObjectId::parse_str(secret) {
            Ok(id) => doc! {"app": app, "_id": id},
            Err(_) => doc! {"app": app, "name": secret},
        };
        let none = || ControlError::NotFound("SecretNotFound", "secret not found".to_owned());
        self.store.secrets.find_one(filter).await?.ok_or_else(none)
    }
}

/// An app as it would run with a changed secret.
struct Tried {
    /// The revision whose files were looked at.
    revision: i64,
    /// What they were loaded as; `None` where they do not name the secret.
    loaded: Option<Arc<Deployment>>,
}

/// What a ciphertext is bound to: in the place of another secret it does not open.
fn place(app: ObjectId, secret: ObjectId) -> String {
    format!("{}/{}", app.to_hex(), secret.to_hex())
}

/// Whether a JSON file holds this name as a text.
fn mentions(files: &Files, name: &str) -> bool {
    let text = serde_json::Value::from(name).to_string();
    let holds = |content: &[u8]| content.windows(text.len()).any(|part| part == text.as_bytes());
    files.iter().any(|(path, content)| path.ends_with(".json") && holds(content))
}

fn check(name: &str, value: &str) -> Result<(), ControlError> {
    if name.is_empty() || name.chars().count() > limits::FUNCTION_NAME_CHARS {
        let limit = limits::FUNCTION_NAME_CHARS;
        return Err(ControlError::invalid(format!("the name of a secret has from 1 to {limit} characters")));
    }
    if value.is_empty() || value.len() > limits::SECRET_BYTES {
        let limit = limits::SECRET_BYTES;
        return Err(ControlError::invalid(format!("a secret has from 1 to {limit} bytes")));
    }
    Ok(())
}

fn taken(name: &str) -> ControlError {
    ControlError::Invalid("SecretDuplicateName", format!("a secret named {name:?} exists already"))
}

fn no_key() -> ControlError {
    let message = "this host has no key to encrypt secrets under: make one with `usher secrets new-key` and start \
                   every host with it, as --encryption-key-file or in USHER_ENCRYPTION_KEY";
    ControlError::Conflict("EncryptionKeyMissing", message.to_owned())
}
