//! Domain ids: the id by which tokens name their app (reference 4, `baas_domain_id`).

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use bson::doc;
use bson::oid::ObjectId;
use mongodb::Collection;
use mongodb::options::ReturnDocument;
use serde::{Deserialize, Serialize};
use usher_database::{Database, is_duplicate_key};

use crate::error::IdentityError;

/// One app's document in the system database.
#[derive(Serialize, Deserialize)]
struct AppDocument {
    #[serde(rename = "_id")]
    id: String,
    domain_id: String,
}

pub(crate) struct Domains {
    apps: Collection<AppDocument>,
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    domains: HashMap<String, Arc<str>>,
    apps: HashMap<Arc<str>, String>,
}

impl Domains {
    pub(crate) fn new(database: &Database) -> Self {
        Self { apps: database.system().collection("apps"), known: RwLock::default() }
    }

    /// The domain id of an app; allocated when the app is first seen, and never changed.
    pub(crate) async fn of(&self, app: &str) -> Result<Arc<str>, IdentityError> {
        if let Some(domain) = self.known.read().unwrap_or_else(PoisonError::into_inner).domains.get(app) {
            return Ok(Arc::clone(domain));
        }
        let domain: Arc<str> = self.allocate(app).await?.into();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.domains.insert(app.to_owned(), Arc::clone(&domain));
        known.apps.insert(Arc::clone(&domain), app.to_owned());
        Ok(domain)
    }

    /// The app of a domain id, among those that this host has seen.
    pub(crate) fn app(&self, domain: &str) -> Option<String> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).apps.get(domain).cloned()
    }

    async fn allocate(&self, app: &str) -> Result<String, IdentityError> {
        let fresh = doc! {"$setOnInsert": {"domain_id": ObjectId::new().to_hex()}};
        let found = self
            .apps
            .find_one_and_update(doc! {"_id": app}, fresh)
            .upsert(true)
            .return_document(ReturnDocument::After)
            .await;
        let found = match found {
            // Another host was quicker.
            Err(error) if is_duplicate_key(&error) => self.apps.find_one(doc! {"_id": app}).await?,
            found => found?,
        };
        found
            .map(|document| document.domain_id)
            .ok_or_else(|| IdentityError::internal(format!("the app {app} has no domain id after it got one")))
    }
}
