//! Sessions: what a refresh token stands for.

use std::sync::PoisonError;

use bson::oid::ObjectId;
use bson::{DateTime, doc};
use mongodb::options::ReturnDocument;
use usher_app::App;
use usher_contract::limits;

use crate::Identity;
use crate::api::{Device, IdentityError, Login};
use crate::store::{AppRecord, IdentityRecord, Session, User};

impl Identity {
    /// Opens a session and signs its tokens, the custom data read now.
    pub(crate) async fn open_session(
        &self,
        app: &App,
        user: &User,
        identity: &IdentityRecord,
        device: Device,
    ) -> Result<Login, IdentityError> {
        let lifetime = match identity.provider.as_str() {
            "anon-user" => limits::ANONYMOUS_REFRESH_TOKEN_LIFETIME,
            _ => self.options.refresh_lifetime,
        };
        let now = DateTime::now();
        let device = device.id.filter(|id| ObjectId::parse_str(id).is_ok() && id.bytes().any(|digit| digit != b'0'));
        let lifetime = i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX);
        let session = Session {
            id: ObjectId::new(),
            app: app.id.clone(),
            user_id: user.id,
            device_id: device.unwrap_or_else(|| ObjectId::new().to_hex()),
            created_at: now,
            expires_at: DateTime::from_millis(now.timestamp_millis().saturating_add(lifetime)),
        };
        let id = user.id.to_hex();
        let (stored, claim) = tokio::join!(self.store.sessions.insert_one(&session), self.claim(app, &id));
        stored?;
        let domain = self.domain(&app.id).await?;
        Ok(Login {
            access_token: self.access_token(&domain, &session, claim?).await?,
            refresh_token: self.refresh_token(&domain, &session, identity).await?,
            user_id: id,
            device_id: session.device_id,
        })
    }

    /// A new access token for a refresh token, with custom data read afresh (`POST /auth/session`).
    ///
    /// # Errors
    /// [`IdentityError::InvalidSession`] where the session has ended or the user is gone or disabled.
    pub async fn refresh(&self, app: &App, refresh_token: &str) -> Result<String, IdentityError> {
        let claims = self.verify_refresh(app, refresh_token).await?;
        let id = ObjectId::parse_str(&claims.baas_id).map_err(|_| ended())?;
        let session = self
            .store
            .sessions
            .find_one(doc! { "_id": id, "app": &app.id })
            .await?
            .filter(|session| session.expires_at > DateTime::now())
            .ok_or_else(ended)?;
        let user = self.store.users.find_one(doc! { "_id": session.user_id, "disabled": false }).await?;
        if user.is_none() {
            return Err(ended());
        }
        let claim = self.claim(app, &session.user_id.to_hex()).await?;
        let domain = self.domain(&app.id).await?;
        self.access_token(&domain, &session, claim).await
    }

    /// Ends the session of a refresh token (`DELETE /auth/session`).
    ///
    /// # Errors
    /// [`IdentityError::InvalidSession`] where there is none any more.
    pub async fn logout(&self, app: &App, refresh_token: &str) -> Result<(), IdentityError> {
        let claims = self.verify_refresh(app, refresh_token).await?;
        let id = ObjectId::parse_str(&claims.baas_id).map_err(|_| ended())?;
        let deleted = self.store.sessions.delete_one(doc! { "_id": id, "app": &app.id }).await?;
        if deleted.deleted_count == 0 { Err(ended()) } else { Ok(()) }
    }

    /// The id that an app's tokens carry: made once, the same on every host.
    pub(crate) async fn domain(&self, app: &str) -> Result<String, IdentityError> {
        if let Some(domain) = self.domains.read().unwrap_or_else(PoisonError::into_inner).get(app) {
            return Ok(domain.clone());
        }
        let record: Option<AppRecord> = self
            .store
            .apps
            .find_one_and_update(doc! { "_id": app }, doc! { "$setOnInsert": { "domain_id": ObjectId::new() } })
            .upsert(true)
            .return_document(ReturnDocument::After)
            .await?;
        let domain = record.ok_or(IdentityError::UserNotFound)?.domain_id.to_hex();
        let mut domains = self.domains.write().unwrap_or_else(PoisonError::into_inner);
        domains.insert(app.to_owned(), domain.clone());
        Ok(domain)
    }

    pub(crate) fn app_of_domain(&self, domain: &str) -> Option<String> {
        let domains = self.domains.read().unwrap_or_else(PoisonError::into_inner);
        domains.iter().find(|(_, id)| *id == domain).map(|(app, _)| app.clone())
    }
}

/// The text that realm-web takes for "already logged out" (reference 3.5).
fn ended() -> IdentityError {
    IdentityError::InvalidSession("invalid session: failed to find refresh token".into())
}
