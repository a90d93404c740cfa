//! Custom user data: lookup, the claim, and the manual way to change it (reference 1).

use bson::oid::ObjectId;
use bson::{Bson, Document, doc};
use mongodb::Collection;
use serde_json::Value;
use usher_app::App;
use usher_contract::value;
use usher_database::index;

use crate::Identity;
use crate::api::IdentityError;

impl Identity {
    /// Makes sure of what an app needs before its first user: its domain id, its custom-data collection, and an index
    /// for the lookup of every login.
    ///
    /// # Errors
    /// The database's.
    pub async fn prepare_app(&self, app: &App) -> Result<(), IdentityError> {
        self.domain(&app.id).await?;
        let config = &app.custom_user_data;
        if !config.enabled {
            return Ok(());
        }
        self.database.ensure_collection(&config.database, &config.collection).await?;
        let collection = self.collection(app);
        let field = &config.user_id_field;
        let names_it = |keys: &Document| keys.keys().next() == Some(field);
        let mut indexes = collection.list_indexes().await?;
        while indexes.advance().await? {
            if names_it(&indexes.deserialize_current()?.keys) {
                return Ok(());
            }
        }
        self.database.ensure_indexes(&collection, [index::plain(doc! { field: 1 })]).await?;
        Ok(())
    }

    fn collection(&self, app: &App) -> Collection<Document> {
        let config = &app.custom_user_data;
        self.database.client().database(&config.database).collection(&config.collection)
    }

    /// A user's custom-data document by the lookup rules of reference 1.2: the id as a string before the id as an
    /// ObjectId, and of several the first.
    ///
    /// # Errors
    /// The database's.
    pub async fn custom_data(&self, app: &App, user: &str) -> Result<Option<Document>, IdentityError> {
        if !app.custom_user_data.enabled {
            return Ok(None);
        }
        let collection = self.collection(app);
        for id in forms(user) {
            if let Some(document) = collection.find_one(doc! { &app.custom_user_data.user_id_field: id }).await? {
                return Ok(Some(document));
            }
        }
        Ok(None)
    }

    /// The claim `user_data` (reference 1.3).
    pub(crate) async fn claim(&self, app: &App, user: &str) -> Result<Option<Value>, IdentityError> {
        Ok(self.custom_data(app, user).await?.map(claim))
    }

    /// Sets fields of a user's custom-data document by hand, making it where there is none. Gives the document.
    ///
    /// # Errors
    /// [`IdentityError::BadRequest`] where the fields name the user-id field or are no field names.
    pub async fn set_custom_data(&self, app: &App, user: &str, fields: Document) -> Result<Document, IdentityError> {
        let id_field = &app.custom_user_data.user_id_field;
        for name in fields.keys() {
            if name == id_field || name == "_id" || name.starts_with(&format!("{id_field}.")) {
                return Err(IdentityError::BadRequest(format!(
                    "\"{name}\" says whose document this is and cannot be set"
                )));
            }
            if name.is_empty() || name.starts_with('$') {
                return Err(IdentityError::BadRequest(format!("\"{name}\" is not a field name")));
            }
        }
        let collection = self.collection(app);
        let filter = match self.custom_data(app, user).await? {
            Some(document) => doc! { "_id": document.get("_id").cloned().unwrap_or(Bson::Null) },
            None => {
                let made = doc! { id_field: user };
                collection.insert_one(&made).await?;
                made
            }
        };
        if !fields.is_empty() {
            collection.update_one(filter, doc! { "$set": fields }).await?;
        }
        self.custom_data(app, user).await?.ok_or(IdentityError::UserNotFound)
    }

    /// Deletes a user's custom-data documents by hand; gives how many there were.
    ///
    /// # Errors
    /// The database's.
    pub async fn delete_custom_data(&self, app: &App, user: &str) -> Result<u64, IdentityError> {
        let ids: Vec<Bson> = forms(user).collect();
        let filter = doc! { &app.custom_user_data.user_id_field: { "$in": ids } };
        Ok(self.collection(app).delete_many(filter).await?.deleted_count)
    }
}

/// A user id as documents may hold it, in the order of the lookup.
fn forms(user: &str) -> impl Iterator<Item = Bson> {
    let oid = ObjectId::parse_str(user).ok().map(Bson::ObjectId);
    std::iter::once(Bson::String(user.to_owned())).chain(oid)
}

/// Canonical Extended JSON, with a top-level ObjectId `_id` as its bare digits.
fn claim(mut document: Document) -> Value {
    if let Some(Bson::ObjectId(id)) = document.get("_id") {
        let digits = id.to_hex();
        document.insert("_id", digits);
    }
    value::to_extended_json(Bson::Document(document))
}
