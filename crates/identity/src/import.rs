//! Users of another server, with their ids (reference 9.3).
//!
//! App Services exported no password hashes: whoever logs in with e-mail and password first resets the password. No
//! creation function runs, and no event is appended: these users were created long ago.

use bson::oid::ObjectId;
use bson::{Bson, DateTime, Document, doc};
use serde::Deserialize;
use serde_json::{Map, Value};
use usher_app::App;
use usher_contract::value;
use usher_database::is_duplicate_key;

use crate::credential::{acceptable, key};
use crate::error::IdentityError;
use crate::identity::Identity;
use crate::store::{ANON_USER, LOCAL_USERPASS, LinkedIdentity, NORMAL, Registration, Status, User};

/// A user as the admin API of App Services tells it (reference 7.6). Members that are not here are ignored.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs, reason = "the members of the object, by name")]
pub struct ImportedUser {
    #[serde(rename = "_id")]
    pub id: String,
    #[serde(rename = "type", default)]
    pub kind: Option<String>,
    #[serde(default)]
    pub identities: Vec<ImportedIdentity>,
    /// Extended JSON.
    #[serde(default)]
    pub data: Map<String, Value>,
    #[serde(default)]
    pub disabled: bool,
    /// Seconds since the Unix epoch.
    #[serde(default)]
    pub creation_date: Option<i64>,
    /// Seconds since the Unix epoch.
    #[serde(default)]
    pub last_authentication_date: Option<i64>,
}

/// One identity of an [`ImportedUser`].
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs, reason = "the members of the object, by name")]
pub struct ImportedIdentity {
    /// What the provider calls the user. The member `provider_id` of an export is the id of the app's provider there.
    pub id: String,
    pub provider_type: String,
    /// Extended JSON.
    #[serde(default)]
    pub provider_data: Map<String, Value>,
}

impl Identity {
    /// Takes over a user with their id and identities. Gives false where the app has a user with this id already.
    ///
    /// # Errors
    /// [`IdentityError::BadRequest`] where the object is not one of a user; [`IdentityError::AccountNameInUse`] where an
    /// identity or e-mail address belongs to somebody else.
    pub async fn import_user(&self, app: &App, imported: &ImportedUser) -> Result<bool, IdentityError> {
        let import = Import::read(app, imported)?;
        match self.store.users.find_one(doc! {"_id": import.user.id}).await? {
            Some(user) if user.app == app.id => return Ok(false),
            Some(_) => return Err(bad("a user of another app has this id")),
            None => {}
        }
        self.database
            .transaction(|transaction| {
                let (store, import) = (&self.store, &import);
                async move {
                    let mut session = transaction.session().await;
                    store.users.insert_one(&import.user).session(&mut *session).await?;
                    for registration in &import.registrations {
                        let inserted = store.registrations.insert_one(registration).session(&mut *session).await;
                        inserted.map_err(taken)?;
                    }
                    for identity in &import.identities {
                        let inserted = store.identities.insert_one(identity).session(&mut *session).await;
                        inserted.map_err(taken)?;
                    }
                    Ok::<_, IdentityError>(())
                }
            })
            .await?;
        Ok(true)
    }
}

/// What is written for one user.
struct Import {
    user: User,
    identities: Vec<LinkedIdentity>,
    registrations: Vec<Registration>,
}

impl Import {
    fn read(app: &App, imported: &ImportedUser) -> Result<Self, IdentityError> {
        let id = ObjectId::parse_str(&imported.id)
            .map_err(|_| bad(format!("the user's id is not 24 hexadecimal digits: \"{}\"", imported.id)))?;
        let created = imported.creation_date.map_or_else(DateTime::now, time);
        let user = User {
            id,
            app: app.id.clone(),
            kind: imported.kind.clone().unwrap_or_else(|| NORMAL.to_owned()),
            data: document(&imported.data)?,
            disabled: imported.disabled,
            created_at: created,
            last_login_at: imported.last_authentication_date.filter(|seconds| *seconds > 0).map(time),
            seen_at: None,
        };
        let mut import = Self { user, identities: Vec::new(), registrations: Vec::new() };
        for (number, identity) in imported.identities.iter().enumerate() {
            // Each a millisecond later than the one before: they are kept in order of linking.
            let offset = i64::try_from(number).unwrap_or_default();
            let linked = DateTime::from_millis(created.timestamp_millis() + offset);
            import.add(app, identity, linked)?;
        }
        if import.identities.iter().all(|identity| identity.provider == ANON_USER) {
            import.user.seen_at = Some(DateTime::now());
        }
        Ok(import)
    }

    fn add(&mut self, app: &App, identity: &ImportedIdentity, linked_at: DateTime) -> Result<(), IdentityError> {
        let data = document(&identity.provider_data)?;
        let mut provider_id = identity.id.clone();
        if identity.provider_type == LOCAL_USERPASS {
            let email = data.get_str("email").or_else(|_| self.user.data.get_str("email"));
            let email = email.ok().filter(|email| acceptable(email));
            let email = email.ok_or_else(|| bad("an identity of local-userpass has no \"email\" in its data"))?;
            let registration = Registration {
                id: ObjectId::parse_str(&provider_id).unwrap_or_else(|_| ObjectId::new()),
                app: app.id.clone(),
                email: key(app, email).into_owned(),
                password: None,
                status: Status::Confirmed,
                created_at: linked_at,
                user_id: Some(self.user.id),
            };
            provider_id = registration.id.to_hex();
            self.registrations.push(registration);
        }
        self.identities.push(LinkedIdentity {
            id: ObjectId::parse_str(&identity.id).unwrap_or_else(|_| ObjectId::new()),
            app: app.id.clone(),
            user_id: self.user.id,
            provider: identity.provider_type.clone(),
            provider_id,
            data,
            linked_at,
        });
        Ok(())
    }
}

fn document(members: &Map<String, Value>) -> Result<Document, IdentityError> {
    match value::from_extended_json(Value::Object(members.clone())) {
        Ok(Bson::Document(document)) => Ok(document),
        Ok(_) => Err(bad("\"data\" is not an object")),
        Err(failure) => Err(bad(failure.message)),
    }
}

fn time(seconds: i64) -> DateTime {
    DateTime::from_millis(seconds.saturating_mul(1000))
}

fn taken(error: mongodb::error::Error) -> IdentityError {
    if is_duplicate_key(&error) { IdentityError::AccountNameInUse } else { error.into() }
}

fn bad(why: impl Into<String>) -> IdentityError {
    IdentityError::BadRequest(why.into())
}
