//! Custom user data: lookup, the claim, and changing it by hand (reference 1).

use bson::oid::ObjectId;
use bson::{Bson, Document, doc};
use futures::TryStreamExt as _;
use mongodb::options::ReturnDocument;
use mongodb::{ClientSession, Collection};
use serde_json::value::RawValue;
use usher_app::App;
use usher_contract::{limits, value};
use usher_database::index;

use crate::error::IdentityError;
use crate::identity::Identity;

impl Identity {
    pub(crate) async fn prepare_custom_data(&self, app: &App) -> Result<(), IdentityError> {
        let config = &app.custom_user_data;
        let Some(collection) = self.custom_data_of(app) else {
            return Ok(());
        };
        self.database.ensure_collection(&config.database, &config.collection).await?;
        let field = config.user_id_field.as_str();
        let indexes: Vec<_> = collection.list_indexes().await?.try_collect().await?;
        // `_id` has an index anyway; an app may have made one of its own, perhaps a unique one.
        if !indexes.iter().any(|index| index.keys.keys().next().is_some_and(|first| first == field)) {
            self.database.ensure_indexes(&collection, [index::plain(doc! {field: 1})]).await?;
        }
        Ok(())
    }

    /// A user's custom-data document by the lookup rules of reference 1.2: the id as a string before the id as an
    /// ObjectId, and of several the first inserted. None where the feature is switched off.
    ///
    /// # Errors
    /// [`IdentityError::Internal`] where the database fails.
    pub async fn custom_data(&self, app: &App, user: &str) -> Result<Option<Document>, IdentityError> {
        let Some(collection) = self.custom_data_of(app) else {
            return Ok(None);
        };
        for id in forms(user) {
            let found = collection.find_one(doc! {&app.custom_user_data.user_id_field: id}).await?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// The claim `user_data`; none where there is no document (reference 1.2 and 1.3).
    pub(crate) async fn claim(&self, app: &App, user: &str) -> Result<Option<Box<RawValue>>, IdentityError> {
        let Some(document) = self.custom_data(app, user).await? else {
            return Ok(None);
        };
        let claim = serde_json::value::to_raw_value(&encode(document)).map_err(IdentityError::internal)?;
        let bytes = claim.get().len();
        if bytes > limits::CLAIM_BYTES {
            tracing::warn!(
                app = app.id,
                user,
                bytes,
                "custom data make an access token that servers may refuse to read"
            );
        }
        Ok(Some(claim))
    }

    /// Sets fields of a user's custom-data document by hand, making it where there is none. Gives the document.
    ///
    /// # Errors
    /// [`IdentityError::BadRequest`] where the feature is switched off, there are no fields, or one cannot be set.
    pub async fn set_custom_data(&self, app: &App, user: &str, fields: Document) -> Result<Document, IdentityError> {
        let collection = self.custom_data_of(app).ok_or_else(switched_off)?;
        let id_field = &app.custom_user_data.user_id_field;
        check(&fields, id_field)?;
        let filter = match self.custom_data(app, user).await? {
            // With the user's id, so that a document deleted in between is made anew as this user's.
            Some(document) => ["_id", id_field]
                .into_iter()
                .map(|field| (field.to_owned(), document.get(field).cloned().unwrap_or(Bson::Null)))
                .collect(),
            None => doc! {id_field: user},
        };
        collection
            .find_one_and_update(filter, doc! {"$set": fields})
            .upsert(true)
            .return_document(ReturnDocument::After)
            .await?
            .ok_or_else(|| IdentityError::internal("an upsert gave no document"))
    }

    /// Deletes a user's custom-data documents by hand, whichever form of the id they hold; gives how many there were.
    ///
    /// # Errors
    /// [`IdentityError::BadRequest`] where the feature is switched off.
    pub async fn delete_custom_data(&self, app: &App, user: &str) -> Result<u64, IdentityError> {
        let collection = self.custom_data_of(app).ok_or_else(switched_off)?;
        let ids: Vec<Bson> = forms(user).collect();
        let filter = doc! {&app.custom_user_data.user_id_field: {"$in": ids}};
        Ok(collection.delete_many(filter).await?.deleted_count)
    }

    /// The same inside a transaction; nothing where the feature is switched off.
    pub(crate) async fn delete_custom_data_within(
        &self,
        app: &App,
        user: &str,
        session: &mut ClientSession,
    ) -> Result<(), IdentityError> {
        if let Some(collection) = self.custom_data_of(app) {
            let ids: Vec<Bson> = forms(user).collect();
            let theirs = doc! {&app.custom_user_data.user_id_field: {"$in": ids}};
            collection.delete_many(theirs).session(session).await?;
        }
        Ok(())
    }

    fn custom_data_of(&self, app: &App) -> Option<Collection<Document>> {
        let config = &app.custom_user_data;
        config.enabled.then(|| self.database.client().database(&config.database).collection(&config.collection))
    }
}

/// The document as in the claim: canonical Extended JSON, a top-level ObjectId `_id` as its bare digits (reference 1.3).
pub(crate) fn encode(mut document: Document) -> serde_json::Value {
    if let Some(id) = document.get_mut("_id")
        && let Bson::ObjectId(digits) = id
    {
        *id = Bson::String(digits.to_hex());
    }
    value::to_extended_json(Bson::Document(document))
}

/// A user id as documents may hold it, in the order of the lookup.
fn forms(user: &str) -> impl Iterator<Item = Bson> {
    let object_id = ObjectId::parse_str(user).ok().map(Bson::ObjectId);
    std::iter::once(Bson::from(user)).chain(object_id)
}

fn check(fields: &Document, id_field: &str) -> Result<(), IdentityError> {
    let refuse = |message: String| Err(IdentityError::BadRequest(message));
    if fields.is_empty() {
        return refuse("give at least one field to set".to_owned());
    }
    for name in fields.keys() {
        let top = name.split('.').next().unwrap_or_default();
        if top == id_field || top == "_id" {
            return refuse(format!("\"{top}\" says which document this is and cannot be set"));
        }
        if top.is_empty() || name.starts_with('$') {
            return refuse(format!("\"{name}\" is not a field name"));
        }
    }
    Ok(())
}

fn switched_off() -> IdentityError {
    IdentityError::BadRequest(
        "custom user data is switched off for this app (\"enabled\" in auth/custom_user_data.json)".to_owned(),
    )
}
