//! Sessions: opening, refreshing and ending them, and checking their tokens (reference 3.5).

use std::sync::Arc;

use bson::oid::ObjectId;
use bson::{DateTime, doc};
use usher_app::App;
use usher_contract::limits;

use crate::error::IdentityError;
use crate::identity::Identity;
use crate::login::{Member, Via};
use crate::store::{ANON_USER, Event, EventKind, LinkedIdentity, Session, User};
use crate::token::{self, Claims, Grant};
use crate::types::{AccessToken, Device, Login};

/// A session that has not ended, and its user, who is not disabled.
pub(crate) struct Open {
    pub(crate) session: Session,
    pub(crate) user: User,
}

impl Identity {
    /// Opens a session, appends the LOGIN event, reads the custom data and issues the tokens.
    pub(crate) async fn open_session(
        &self,
        app: &App,
        member: &Member,
        via: Via,
        device: Device,
    ) -> Result<Login, IdentityError> {
        let via = via.find(&member.identities).ok_or(IdentityError::InvalidPassword)?;
        let event = Event::new(EventKind::Login, &member.user, &member.identities, vec![via.provider.clone()]);
        self.issue(app, member.user.id, via, device, Some(&event)).await
    }

    /// A session with its tokens, and custom data read afresh.
    ///
    /// The event is appended when the session is there, and the tokens are handed out when the event is: no login is
    /// without its event, and no event is of a login that failed for want of a session. More than this order a transaction
    /// could not promise to somebody whose answer gets lost.
    pub(crate) async fn issue(
        &self,
        app: &App,
        user: ObjectId,
        via: &LinkedIdentity,
        device: Device,
        event: Option<&Event>,
    ) -> Result<Login, IdentityError> {
        let now = DateTime::now();
        let lifetime = match via.provider.as_str() {
            ANON_USER => limits::ANONYMOUS_REFRESH_TOKEN_LIFETIME,
            _ => app.usher.users.refresh_token_lifetime.unwrap_or(self.options.refresh_lifetime),
        };
        let session = Session {
            id: ObjectId::new(),
            app: app.id.clone(),
            user_id: user,
            identity_id: via.id,
            device_id: device.id.filter(|id| is_device(id)).unwrap_or_else(|| ObjectId::new().to_hex()),
            created_at: now,
            expires_at: DateTime::from_millis(now.timestamp_millis() + 1000 * token::seconds(lifetime)),
        };
        let written = async {
            self.store.sessions.insert_one(&session).await?;
            self.check_key_of(via).await?;
            if let Some(event) = event {
                self.store.events.insert_one(event).await?;
            }
            Ok(())
        };
        let user = user.to_hex();
        let (domain, key, claim, ()) = tokio::try_join!(
            self.domains.of(&app.id),
            async { Ok(self.keys.active().await) },
            self.claim(app, &user),
            written,
        )?;
        self.revocations.pardon(&session.user_id);
        let session_id = session.id.to_hex();
        let grant = Grant {
            user: &user,
            session: &session_id,
            device: &session.device_id,
            domain: &domain,
            now: now.timestamp_millis() / 1000,
        };
        let identity = via.shown();
        let access_token = token::access(&key, &grant, claim.as_deref())?;
        let refresh_token = token::refresh(&key, &grant, &identity, grant.now + token::seconds(lifetime))?;
        Ok(Login { access_token, refresh_token, device_id: session.device_id, user_id: user })
    }

    /// Checks an access token, without asking the database unless it was signed with a key not seen before. It stays
    /// valid for its 30 minutes when its session ends, but not when its user is disabled or deleted.
    ///
    /// # Errors
    /// [`IdentityError::InvalidSession`].
    pub async fn verify_access(&self, app: &App, token: &str) -> Result<AccessToken, IdentityError> {
        let payload = token::authentic(&self.keys, token).await?;
        let claims = Claims::read(&payload)?;
        let session = claims.access_session(&self.domains.of(&app.id).await?)?;
        if claims.exp <= now() {
            return Err(IdentityError::InvalidSession("invalid session: access token expired".to_owned()));
        }
        if self.revocations.revoked(claims.sub) {
            return Err(IdentityError::InvalidSession("invalid session: the user is disabled or deleted".to_owned()));
        }
        Ok(AccessToken {
            user_id: claims.sub.to_owned(),
            session_id: session.to_owned(),
            user_data: claims.user_data.map(|data| Arc::from(data.get())),
        })
    }

    /// Changes whenever users were disabled, enabled or deleted: whoever goes on with an access token looks at it again.
    pub fn revocations(&self) -> tokio::sync::watch::Receiver<()> {
        self.revocations.news()
    }

    /// A new access token for a refresh token, with custom data read afresh (`POST /auth/session`).
    ///
    /// # Errors
    /// [`IdentityError::InvalidSession`] where the session has ended, or the user is gone or disabled.
    pub async fn refresh(&self, app: &App, refresh_token: &str) -> Result<String, IdentityError> {
        let payload = token::authentic(&self.keys, refresh_token).await?;
        let claims = Claims::read(&payload)?;
        let domain = self.domains.of(&app.id).await?;
        let (key, claim, open) = tokio::try_join!(
            async { Ok(self.keys.active().await) },
            self.claim(app, claims.sub),
            self.opened(app, &claims, &domain),
        )?;
        self.seen(app, &open.user).await?;
        self.revocations.pardon(&open.user.id);
        let session = open.session.id.to_hex();
        let grant =
            Grant { user: claims.sub, session: &session, device: claims.baas_device_id, domain: &domain, now: now() };
        token::access(&key, &grant, claim.as_deref())
    }

    /// The session of a refresh token, and its user.
    ///
    /// # Errors
    /// [`IdentityError::InvalidSession`] where the session has ended, or the user is gone or disabled.
    pub(crate) async fn session(&self, app: &App, refresh_token: &str) -> Result<Open, IdentityError> {
        let payload = token::authentic(&self.keys, refresh_token).await?;
        self.opened(app, &Claims::read(&payload)?, &self.domains.of(&app.id).await?).await
    }

    async fn opened(&self, app: &App, claims: &Claims<'_>, domain: &str) -> Result<Open, IdentityError> {
        let session = id(claims.refresh_session(domain)?)?;
        let user = id(claims.sub)?;
        if claims.exp <= now() {
            return Err(IdentityError::no_session());
        }
        let open = doc! {"_id": session, "app": &app.id, "user_id": user, "expires_at": {"$gt": DateTime::now()}};
        let enabled = doc! {"_id": user, "app": &app.id, "disabled": false};
        let (session, user) = tokio::try_join!(self.store.sessions.find_one(open), self.store.users.find_one(enabled))?;
        session.zip(user).map(|(session, user)| Open { session, user }).ok_or_else(IdentityError::no_session)
    }

    /// Ends the session of a refresh token (`DELETE /auth/session`).
    ///
    /// # Errors
    /// [`IdentityError::InvalidSession`] where there is none any more.
    pub async fn logout(&self, app: &App, refresh_token: &str) -> Result<(), IdentityError> {
        let payload = token::authentic(&self.keys, refresh_token).await?;
        let claims = Claims::read(&payload)?;
        let session = id(claims.refresh_session(&self.domains.of(&app.id).await?)?)?;
        let ended = self.store.sessions.delete_one(doc! {"_id": session, "app": &app.id}).await?;
        if ended.deleted_count == 0 { Err(IdentityError::no_session()) } else { Ok(()) }
    }

    /// The client app id of the app that a token says it is for. The token is not verified: a call that verifies it
    /// must follow.
    ///
    /// # Errors
    /// [`IdentityError::InvalidSession`] where the token is malformed or for no app of this host.
    pub fn app_of_token(&self, token: &str) -> Result<String, IdentityError> {
        let payload = token::unverified(token)?;
        let claims = Claims::read(&payload)?;
        self.domains.app(claims.baas_domain_id).ok_or_else(IdentityError::invalid_session)
    }
}

fn id(session: &str) -> Result<ObjectId, IdentityError> {
    ObjectId::parse_str(session).map_err(|_| IdentityError::no_session())
}

/// Seconds since the Unix epoch.
fn now() -> i64 {
    DateTime::now().timestamp_millis() / 1000
}

/// Zeros mean "none" (reference 3.3).
fn is_device(id: &str) -> bool {
    ObjectId::parse_str(id).is_ok() && id.bytes().any(|digit| digit != b'0')
}
