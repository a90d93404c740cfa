//! Users as the admin API shows them (reference 7.4, 7.6).

use std::collections::HashMap;

use bson::oid::ObjectId;
use bson::{Bson, DateTime, Document, doc};
use futures::TryStreamExt as _;
use serde::Serialize;
use serde_json::Value;
use usher_app::App;
use usher_contract::{limits, value};

use crate::custom_data::encode;
use crate::error::IdentityError;
use crate::identity::Identity;
use crate::store::{LinkedIdentity, Registration, Status, User};
use crate::token::{self, Claims};
use crate::types::ProfileIdentity;

/// Which users to list.
#[derive(Debug, Clone)]
pub struct UserQuery {
    /// Only those after the user with this id.
    pub after: Option<String>,
    /// At most so many.
    pub limit: u32,
    /// Newest first instead of oldest first.
    pub descending: bool,
    /// Only the disabled, or only the others.
    pub disabled: Option<bool>,
    /// Only those who have an identity of one of these providers; empty for all.
    pub providers: Vec<String>,
}

impl Default for UserQuery {
    fn default() -> Self {
        Self { after: None, limit: limits::USER_PAGE, descending: false, disabled: None, providers: Vec::new() }
    }
}

/// The admin API's user object (reference 7.6). Its times are seconds since the Unix epoch.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs, reason = "the members of the reply, by name")]
pub struct AdminUser {
    #[serde(rename = "_id")]
    pub id: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub identities: Vec<AdminIdentity>,
    /// Extended JSON.
    pub data: Value,
    /// Only where one user was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_data: Option<Value>,
    pub disabled: bool,
    pub creation_date: i64,
    /// 0 before the first login.
    pub last_authentication_date: i64,
}

/// One identity of an [`AdminUser`].
#[derive(Debug, Clone, Serialize)]
pub struct AdminIdentity {
    /// As everybody sees it.
    #[serde(flatten)]
    pub shown: ProfileIdentity,
    /// What the provider told of the user, as Extended JSON.
    pub provider_data: Value,
}

/// Somebody who registered and has not logged in yet.
#[derive(Debug, Clone)]
pub struct PendingRegistration {
    /// The registration's id, 24 hexadecimal digits.
    pub id: String,
    /// The e-mail address.
    pub email: String,
    /// Whether only the first login is missing.
    pub confirmed: bool,
    /// Milliseconds since the Unix epoch.
    pub created_at: i64,
}

/// What a good access token says (reference 4, `verify_token`).
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs, reason = "the members of the reply, by name")]
pub struct VerifiedToken {
    pub sub: String,
    pub exp: i64,
    pub iat: i64,
    pub iss: String,
    pub domain_id: String,
    pub device_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_user_data: Option<Value>,
}

impl Identity {
    /// A page of an app's users.
    ///
    /// # Errors
    /// [`IdentityError::BadRequest`] where `after` is no user id.
    pub async fn users(&self, app: &App, query: &UserQuery) -> Result<Vec<AdminUser>, IdentityError> {
        let mut after = match &query.after {
            Some(id) => Some(ObjectId::parse_str(id).map_err(|_| {
                IdentityError::BadRequest(format!("'after' is the id of a user, which \"{id}\" is not"))
            })?),
            None => None,
        };
        let (beyond, order) = if query.descending { ("$lt", -1) } else { ("$gt", 1) };
        let limit = usize::try_from(query.limit.clamp(1, limits::USER_PAGE)).unwrap_or(usize::MAX);
        let mut page = Vec::new();
        loop {
            let mut filter = doc! {"app": &app.id};
            if let Some(disabled) = query.disabled {
                filter.insert("disabled", disabled);
            }
            if let Some(after) = after {
                filter.insert("_id", doc! {beyond: after});
            }
            let found = self.store.users.find(filter).sort(doc! {"_id": order}).limit(i64::from(limits::USER_PAGE));
            let users: Vec<User> = found.await?.try_collect().await?;
            after = users.last().map(|user| user.id);
            let mut linked = self.linked(&users).await?;
            for user in users {
                let identities = linked.remove(&user.id).unwrap_or_default();
                let wanted = |identity: &LinkedIdentity| query.providers.contains(&identity.provider);
                if query.providers.is_empty() || identities.iter().any(wanted) {
                    page.push(admin_user(user, identities));
                }
                if page.len() == limit {
                    return Ok(page);
                }
            }
            if after.is_none() {
                return Ok(page);
            }
        }
    }

    /// One user, with the custom data.
    ///
    /// # Errors
    /// [`IdentityError::UserNotFound`].
    pub async fn user(&self, app: &App, user: &str) -> Result<AdminUser, IdentityError> {
        let member = self.member(&app.id, user).await?;
        let custom_data = self.custom_data(app, user).await?.map(encode);
        Ok(AdminUser { custom_data, ..admin_user(member.user, member.identities) })
    }

    /// Those who registered with e-mail and password and have not logged in yet, oldest first: at most
    /// [`limits::USER_PAGE`] after the one with this id.
    ///
    /// # Errors
    /// [`IdentityError::BadRequest`] where `after` is no id.
    pub async fn pending_registrations(
        &self,
        app: &App,
        after: Option<&str>,
    ) -> Result<Vec<PendingRegistration>, IdentityError> {
        let mut filter = doc! {"app": &app.id, "user_id": {"$exists": false}};
        if let Some(id) = after {
            let id = ObjectId::parse_str(id)
                .map_err(|_| IdentityError::BadRequest(format!("'after' is an id, which \"{id}\" is not")))?;
            filter.insert("_id", doc! {"$gt": id});
        }
        let found = self.store.registrations.find(filter).sort(doc! {"_id": 1}).limit(i64::from(limits::USER_PAGE));
        let found: Vec<Registration> = found.await?.try_collect().await?;
        let pending = found.into_iter().map(|registration| PendingRegistration {
            id: registration.id.to_hex(),
            email: registration.email,
            confirmed: registration.status == Status::Confirmed,
            created_at: registration.created_at.timestamp_millis(),
        });
        Ok(pending.collect())
    }

    /// Deletes a registration that has no user yet.
    ///
    /// # Errors
    /// [`IdentityError::UserNotFound`].
    pub async fn delete_registration(&self, app: &App, email: &str) -> Result<(), IdentityError> {
        let found = self.registration_of(app, email).await?.ok_or(IdentityError::UserNotFound)?;
        let unused = doc! {"_id": found.id, "user_id": {"$exists": false}};
        let deleted = self.store.registrations.delete_one(unused).await?;
        if deleted.deleted_count == 0 { Err(IdentityError::UserNotFound) } else { Ok(()) }
    }

    /// Checks an access token for somebody else's server (reference 4). Unlike
    /// [`verify_access`](Self::verify_access) it says what the token says.
    ///
    /// # Errors
    /// [`IdentityError::InvalidSession`] with the texts of App Services: `token expired`, `signature is invalid`, else
    /// `invalid session`.
    pub async fn verify_token(&self, app: &App, token: &str) -> Result<VerifiedToken, IdentityError> {
        let told = |text: &str| IdentityError::InvalidSession(text.to_owned());
        let payload = token::authentic(&self.keys, token).await.map_err(|error| match error {
            IdentityError::InvalidSession(_) => told("signature is invalid"),
            error => error,
        })?;
        let claims = Claims::read(&payload)?;
        let session = claims.access_session(&self.domains.of(&app.id).await?)?;
        if claims.exp <= DateTime::now().timestamp_millis() / 1000 {
            return Err(told("token expired"));
        }
        if self.revocations.revoked(claims.sub) {
            return Err(IdentityError::invalid_session());
        }
        Ok(VerifiedToken {
            sub: claims.sub.to_owned(),
            exp: claims.exp,
            iat: claims.iat,
            iss: session.to_owned(),
            domain_id: claims.baas_domain_id.to_owned(),
            device_id: claims.baas_device_id.to_owned(),
            custom_user_data: claims.user_data.and_then(|data| serde_json::from_str(data.get()).ok()),
        })
    }

    /// The identities of users, in the order of linking.
    async fn linked(&self, users: &[User]) -> Result<HashMap<ObjectId, Vec<LinkedIdentity>>, IdentityError> {
        let ids: Vec<ObjectId> = users.iter().map(|user| user.id).collect();
        let theirs = doc! {"user_id": {"$in": ids}};
        let mut cursor = self.store.identities.find(theirs).sort(doc! {"linked_at": 1, "_id": 1}).await?;
        let mut linked: HashMap<ObjectId, Vec<LinkedIdentity>> = HashMap::new();
        while let Some(identity) = cursor.try_next().await? {
            linked.entry(identity.user_id).or_default().push(identity);
        }
        Ok(linked)
    }
}

fn admin_user(user: User, identities: Vec<LinkedIdentity>) -> AdminUser {
    let identities = identities
        .into_iter()
        .map(|identity| AdminIdentity { shown: identity.shown(), provider_data: json(identity.data) });
    AdminUser {
        id: user.id.to_hex(),
        kind: user.kind,
        identities: identities.collect(),
        data: json(user.data),
        custom_data: None,
        disabled: user.disabled,
        creation_date: seconds(user.created_at),
        last_authentication_date: user.last_login_at.map_or(0, seconds),
    }
}

fn json(document: Document) -> Value {
    value::to_extended_json(Bson::Document(document))
}

fn seconds(time: DateTime) -> i64 {
    time.timestamp_millis() / 1000
}
