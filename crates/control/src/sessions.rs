//! Logins of administrators and their tokens (reference 7.1). They are signed with a key of their own and name another
//! audience than users' tokens, so that neither passes for the other.

use std::net::IpAddr;

use bson::oid::ObjectId;
use bson::spec::BinarySubtype;
use bson::{Binary, DateTime, doc};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use mongodb::options::ReturnDocument;
use serde::{Deserialize, Serialize};
use usher_contract::limits;
use usher_database::is_duplicate_key;

use crate::admins::{Admin, hash_of_key};
use crate::control::Control;
use crate::error::ControlError;
use crate::store::{AdminKind, KeyDocument, SessionDocument, Store};

const AUDIENCE: &str = "admin";
const ACCESS: &str = "access";
const REFRESH: &str = "refresh";
const SIGNING_KEY: &str = "admin";

const NO_SESSION: ControlError = ControlError::InvalidSession("invalid session");
const EXPIRED: ControlError = ControlError::InvalidSession("invalid session: access token expired");

/// How an administrator logs in.
#[derive(Clone, Copy)]
pub enum AdminLogin<'a> {
    /// `mongodb-cloud`: an API key.
    #[allow(missing_docs, reason = "the parts by name")]
    Key { public: &'a str, private: &'a str },
    /// `local-userpass`.
    #[allow(missing_docs, reason = "the parts by name")]
    Person { email: &'a str, password: &'a str },
}

/// The answer to a login.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "the members of the reply, by name")]
pub struct AdminTokens {
    pub access_token: String,
    pub refresh_token: String,
    pub user_id: String,
    pub device_id: String,
}

/// The keys that sign and verify.
pub(crate) struct Signing {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    aud: String,
    typ: String,
    exp: i64,
    iat: i64,
    /// The session.
    iss: String,
    /// The administrator.
    sub: String,
}

impl Signing {
    /// The key of the system database; the first host makes it.
    pub(crate) async fn open(store: &Store) -> Result<Self, ControlError> {
        let secret = Binary { subtype: BinarySubtype::Generic, bytes: rand::random::<[u8; 32]>().to_vec() };
        let this = doc! {"_id": SIGNING_KEY};
        let found: Result<Option<KeyDocument>, _> = store
            .keys
            .find_one_and_update(this.clone(), doc! {"$setOnInsert": {"secret": secret}})
            .upsert(true)
            .return_document(ReturnDocument::After)
            .await;
        let key = match found {
            Err(error) if is_duplicate_key(&error) => store.keys.find_one(this).await?,
            found => found?,
        };
        let key = key.ok_or_else(|| ControlError::internal("the signing key of administrators has vanished"))?;
        Ok(Self {
            encoding: EncodingKey::from_secret(&key.secret.bytes),
            decoding: DecodingKey::from_secret(&key.secret.bytes),
        })
    }

    fn sign(
        &self,
        kind: &str,
        admin: ObjectId,
        session: ObjectId,
        life: std::time::Duration,
    ) -> Result<String, ControlError> {
        let now = DateTime::now().timestamp_millis() / 1000;
        let claims = Claims {
            aud: AUDIENCE.to_owned(),
            typ: kind.to_owned(),
            exp: now + i64::try_from(life.as_secs()).unwrap_or(i64::MAX / 2),
            iat: now,
            iss: session.to_hex(),
            sub: admin.to_hex(),
        };
        encode(&Header::new(Algorithm::HS256), &claims, &self.encoding).map_err(ControlError::internal)
    }

    fn verify(&self, kind: &str, token: &str) -> Result<Claims, ControlError> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[AUDIENCE]);
        validation.leeway = 0;
        match decode::<Claims>(token, &self.decoding, &validation) {
            Ok(token) if token.claims.typ == kind => Ok(token.claims),
            Err(error) if matches!(error.kind(), ErrorKind::ExpiredSignature) && kind == ACCESS => Err(EXPIRED),
            _ => Err(NO_SESSION),
        }
    }
}

impl Control {
    /// Logs an administrator in. Failures are counted, for the name and for the address.
    ///
    /// # Errors
    /// [`ControlError::Unauthorized`], [`ControlError::TooManyFailures`].
    pub async fn login(&self, login: AdminLogin<'_>, peer: IpAddr) -> Result<AdminTokens, ControlError> {
        let (kind, name) = match login {
            AdminLogin::Key { public, .. } => (AdminKind::Key, public),
            AdminLogin::Person { email, .. } => (AdminKind::Person, email),
        };
        self.attempts.check(name, peer)?;
        let kind = bson::serialize_to_bson(&kind).map_err(ControlError::internal)?;
        let found = self.store.admins.find_one(doc! {"kind": kind, "name": name}).await?;
        let hash = found.as_ref().map(|admin| admin.hash.as_str());
        let fits = match login {
            AdminLogin::Key { private, .. } => hash == Some(hash_of_key(private).as_str()),
            // Looked at once more when it is its turn, since others may have failed while this one waited.
            AdminLogin::Person { password, .. } => {
                self.passwords.verify(password, hash, || self.attempts.check(name, peer)).await?
            }
        };
        let Some(admin) = found.filter(|_| fits) else {
            self.attempts.failed(name, peer);
            return Err(ControlError::Unauthorized);
        };
        self.attempts.succeeded(name);
        let life = limits::REFRESH_TOKEN_LIFETIME;
        let session = SessionDocument {
            id: ObjectId::new(),
            admin: admin.id,
            expires_at: DateTime::from_system_time(std::time::SystemTime::now() + life),
        };
        self.store.sessions.insert_one(&session).await?;
        Ok(AdminTokens {
            access_token: self.signing.sign(ACCESS, admin.id, session.id, limits::ACCESS_TOKEN_LIFETIME)?,
            refresh_token: self.signing.sign(REFRESH, admin.id, session.id, life)?,
            user_id: admin.id.to_hex(),
            device_id: ObjectId::new().to_hex(),
        })
    }

    /// The administrator of an access token. The database is asked each time: requests are few, and a key that was
    /// deleted opens nothing any more.
    ///
    /// # Errors
    /// [`ControlError::InvalidSession`].
    pub async fn verify(&self, access_token: &str) -> Result<Admin, ControlError> {
        let claims = self.signing.verify(ACCESS, access_token)?;
        self.admin_of(&claims).await
    }

    /// A new access token for a refresh token.
    ///
    /// # Errors
    /// [`ControlError::InvalidSession`].
    pub async fn refresh(&self, refresh_token: &str) -> Result<String, ControlError> {
        let claims = self.signing.verify(REFRESH, refresh_token)?;
        let admin = self.admin_of(&claims).await?;
        self.signing.sign(ACCESS, admin.id, id(&claims.iss)?, limits::ACCESS_TOKEN_LIFETIME)
    }

    /// Ends the session of a refresh token.
    ///
    /// # Errors
    /// [`ControlError::InvalidSession`].
    pub async fn logout(&self, refresh_token: &str) -> Result<(), ControlError> {
        let claims = self.signing.verify(REFRESH, refresh_token)?;
        match self.store.sessions.delete_one(doc! {"_id": id(&claims.iss)?}).await?.deleted_count {
            0 => Err(ControlError::InvalidSession("invalid session: failed to find refresh token")),
            _ => Ok(()),
        }
    }

    async fn admin_of(&self, claims: &Claims) -> Result<Admin, ControlError> {
        let (session, admin) = (id(&claims.iss)?, id(&claims.sub)?);
        let open = doc! {"_id": session, "admin": admin, "expires_at": {"$gt": DateTime::now()}};
        let (open, found) = tokio::try_join!(async { self.store.sessions.find_one(open).await }, async {
            self.store.admins.find_one(doc! {"_id": admin}).await
        },)?;
        let found = open.and(found).ok_or(NO_SESSION)?;
        Ok(Admin { id: found.id, has_key: found.kind == AdminKind::Key, name: found.name, role: found.role })
    }
}

fn id(hexadecimal: &str) -> Result<ObjectId, ControlError> {
    ObjectId::parse_str(hexadecimal).map_err(|_| NO_SESSION)
}
