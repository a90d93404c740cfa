//! Apps that live in the database.

use bson::oid::ObjectId;
use bson::{DateTime, doc};
use futures::TryStreamExt as _;
use serde_json::{Map, Value, json};
use usher_contract::limits;
use usher_database::is_duplicate_key;

use crate::GROUP;
use crate::change::Version;
use crate::control::Control;
use crate::error::ControlError;
use crate::files::Files;
use crate::store::AppDocument;

/// The root file of every app here.
pub(crate) const ROOT: &str = "realm_config.json";
/// The config version of its layout.
pub(crate) const CONFIG_VERSION: u64 = 20_210_101;
/// What App Services called apps such as these.
pub const PRODUCT: &str = "standard";
/// Letters that make a client app id out of a name.
const SUFFIX_LETTERS: usize = 5;

/// What to make an app from (reference 7.2).
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the members of the request, by name")]
pub struct NewApp {
    pub name: String,
    pub location: Option<String>,
    pub deployment_model: Option<String>,
    pub environment: Option<String>,
    pub provider_region: Option<String>,
}

/// An app, as the admin API shows it.
#[derive(Debug, Clone)]
pub struct AppInfo {
    /// The internal id, which stands in paths of the admin API.
    pub id: ObjectId,
    /// The client app id.
    pub client_app_id: String,
    /// The name for people.
    pub name: String,
    /// `LOCAL` or `GLOBAL`.
    pub deployment_model: String,
    /// Such as `US-VA`.
    pub location: String,
    /// The environment's tag; empty for none.
    pub environment: String,
    /// Seconds since the Unix epoch.
    pub modified_at: i64,
}

impl AppInfo {
    /// The members that clients of the admin API look for (reference 7.2).
    pub fn body(&self) -> Value {
        json!({
            "_id": self.id.to_hex(),
            "client_app_id": self.client_app_id,
            "name": self.name,
            "location": self.location,
            "deployment_model": self.deployment_model,
            "domain_id": self.id.to_hex(),
            "group_id": GROUP,
            "last_used": self.modified_at,
            "last_modified": self.modified_at,
            "product": PRODUCT,
            "environment": self.environment,
        })
    }

    fn new(app: &AppDocument, root: &Map<String, Value>) -> Self {
        let text = |key, default: &str| root.get(key).and_then(Value::as_str).unwrap_or(default).to_owned();
        Self {
            id: app.id,
            client_app_id: app.client_app_id.clone(),
            name: app.name.clone(),
            deployment_model: text("deployment_model", "LOCAL"),
            location: text("location", "US-VA"),
            environment: text("environment", ""),
            modified_at: app.modified_at.timestamp_millis() / 1000,
        }
    }
}

impl Control {
    /// Makes an app and runs it: with the provider `api-key` switched off, as App Services did, and nothing else.
    ///
    /// # Errors
    /// [`ControlError::Invalid`] where the name cannot be one.
    pub async fn create_app(&self, new: &NewApp, author: &str) -> Result<AppInfo, ControlError> {
        let name = &new.name;
        let fits = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        if name.is_empty() || name.len() > limits::FUNCTION_NAME_CHARS || !fits {
            let limit = limits::FUNCTION_NAME_CHARS;
            let message = format!("an app's name has from 1 to {limit} letters, digits, \"_\" and \"-\"");
            return Err(ControlError::Invalid("InvalidParameter", message));
        }
        let suffix: [u8; SUFFIX_LETTERS] = rand::random();
        let suffix: String = suffix.iter().map(|byte| char::from(b'a' + byte % 26)).collect();
        let now = DateTime::now();
        let mut app = AppDocument {
            id: ObjectId::new(),
            client_app_id: format!("{name}-{suffix}"),
            name: name.clone(),
            created_at: now,
            modified_at: now,
            revision: 0,
            files: Vec::new(),
            deployment: ObjectId::new(),
        };
        let files = first_files(new, &app.client_app_id)?;
        let turn = self.turn(app.id);
        let _turn = turn.lock().await;
        let loaded = self.load(&app, &files, self.secrets_of(app.id).await?).await?;
        app.files = self.store.save(app.id, &files, &[]).await?;
        match self.store.apps.insert_one(&app).await {
            Err(error) if is_duplicate_key(&error) => {
                let message = "this client app id is taken; try again".to_owned();
                return Err(ControlError::Conflict("AppAlreadyExists", message));
            }
            outcome => drop(outcome?),
        }
        self.commit(&mut app, Version { files: &files, author, draft: None }, loaded).await?;
        self.info(&app).await
    }

    /// Every app, oldest first.
    ///
    /// # Errors
    /// [`ControlError::Internal`] where the database fails.
    pub async fn apps(&self) -> Result<Vec<AppInfo>, ControlError> {
        let apps: Vec<AppDocument> = self.store.apps.find(doc! {}).sort(doc! {"_id": 1}).await?.try_collect().await?;
        let mut infos = Vec::new();
        for app in &apps {
            infos.push(self.info(app).await?);
        }
        Ok(infos)
    }

    /// One app.
    ///
    /// # Errors
    /// [`ControlError::NotFound`].
    pub async fn app(&self, app: ObjectId) -> Result<AppInfo, ControlError> {
        self.info(&self.find(app).await?).await
    }

    /// The files that run of the app with this client app id; `None` where the database has no such app.
    ///
    /// # Errors
    /// [`ControlError::Internal`] where the database fails.
    pub async fn files_of(&self, client_app_id: &str) -> Result<Option<Files>, ControlError> {
        match self.store.apps.find_one(doc! {"client_app_id": client_app_id}).await? {
            Some(app) => Ok(Some(self.store.load(app.id, &app.files, None).await?)),
            None => Ok(None),
        }
    }

    /// Deletes an app with its deployments, drafts and secrets. Its users stay in the database, as does its data.
    ///
    /// # Errors
    /// [`ControlError::NotFound`].
    pub async fn delete_app(&self, app: ObjectId) -> Result<(), ControlError> {
        let turn = self.turn(app);
        let _turn = turn.lock().await;
        let found = self.store.apps.find_one_and_delete(doc! {"_id": app}).await?;
        let found = found.ok_or_else(ControlError::app_not_found)?;
        self.hosted().remove(&app);
        self.deployer.remove(&found.client_app_id).await;
        let its = doc! {"app": app};
        self.store.drafts.delete_many(its.clone()).await?;
        self.store.deployments.delete_many(its.clone()).await?;
        self.store.secrets.delete_many(its.clone()).await?;
        self.store.contents.delete_many(its).await?;
        Ok(())
    }

    pub(crate) async fn find(&self, app: ObjectId) -> Result<AppDocument, ControlError> {
        self.store.apps.find_one(doc! {"_id": app}).await?.ok_or_else(ControlError::app_not_found)
    }

    async fn info(&self, app: &AppDocument) -> Result<AppInfo, ControlError> {
        let root: Vec<_> = app.files.iter().filter(|entry| entry.path == ROOT).cloned().collect();
        let known = self.hosted().get(&app.id).map(|hosted| hosted.files.clone());
        let files = self.store.load(app.id, &root, known.as_ref()).await?;
        Ok(AppInfo::new(app, files.json(ROOT).as_ref().and_then(Value::as_object).unwrap_or(&Map::new())))
    }
}

fn first_files(new: &NewApp, client_app_id: &str) -> Result<Files, ControlError> {
    let mut root = json!({
        "config_version": CONFIG_VERSION,
        "app_id": client_app_id,
        "name": new.name,
        "location": new.location.as_deref().unwrap_or("US-VA"),
        "deployment_model": new.deployment_model.as_deref().unwrap_or("LOCAL"),
    });
    for (key, value) in [("environment", &new.environment), ("provider_region", &new.provider_region)] {
        if let Some(value) = value {
            root[key] = json!(value);
        }
    }
    let mut files = Files::default();
    files.write_json(ROOT, &root)?;
    let provider = json!({"api-key": {"name": "api-key", "type": "api-key", "disabled": true}});
    files.write_json("auth/providers.json", &provider)?;
    Ok(files)
}
