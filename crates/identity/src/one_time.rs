//! One-time tokens: what a link to confirm a registration or to reset a password holds (reference 3.4).

use bson::oid::ObjectId;
use bson::{DateTime, doc};
use mongodb::{ClientSession, Collection};
use serde::{Deserialize, Serialize};
use usher_contract::limits;
use usher_database::{Database, index};

use crate::error::IdentityError;
use crate::secret;
use crate::token::seconds;

/// Bytes of a token; twice as many hexadecimal digits.
const TOKEN_BYTES: usize = 64;

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Purpose {
    Confirm,
    Reset,
}

impl Purpose {
    /// As it is stored.
    fn word(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Reset => "reset",
        }
    }
}

/// A token with its id, as they stand in a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneTime {
    /// 128 hexadecimal digits.
    pub token: String,
    /// 24 hexadecimal digits.
    pub token_id: String,
}

impl OneTime {
    /// A pair that a client presents.
    pub(crate) fn read(token: &str, token_id: &str) -> Result<Self, IdentityError> {
        let hexadecimal = token.len() == 2 * TOKEN_BYTES && token.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !hexadecimal || ObjectId::parse_str(token_id).is_err() {
            return Err(IdentityError::BadRequest("invalid token data".to_owned()));
        }
        Ok(Self { token: token.to_ascii_lowercase(), token_id: token_id.to_ascii_lowercase() })
    }
}

/// A token in the system database: its hash only.
#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(rename = "_id")]
    id: ObjectId,
    app: String,
    registration: ObjectId,
    purpose: Purpose,
    hash: String,
    expires_at: DateTime,
}

pub(crate) struct OneTimeTokens {
    stored: Collection<Stored>,
}

impl OneTimeTokens {
    pub(crate) async fn open(database: &Database) -> Result<Self, IdentityError> {
        let system = database.system();
        database.ensure_collection(system.name(), "userpass_tokens").await?;
        let stored = system.collection("userpass_tokens");
        let indexes = [index::expiring("expires_at"), index::plain(doc! {"registration": 1})];
        database.ensure_indexes(&stored, indexes).await?;
        Ok(Self { stored })
    }

    /// A new token for a registration; earlier ones stay good.
    pub(crate) async fn issue(
        &self,
        app: &str,
        registration: ObjectId,
        purpose: Purpose,
    ) -> Result<OneTime, IdentityError> {
        let token = hex::encode(rand::random::<[u8; TOKEN_BYTES]>());
        let lifetime = 1000 * seconds(limits::ONE_TIME_TOKEN_LIFETIME);
        let stored = Stored {
            id: ObjectId::new(),
            app: app.to_owned(),
            registration,
            purpose,
            hash: secret::hash(&token),
            expires_at: DateTime::from_millis(DateTime::now().timestamp_millis() + lifetime),
        };
        self.stored.insert_one(&stored).await?;
        Ok(OneTime { token, token_id: stored.id.to_hex() })
    }

    /// The registration that a token is for.
    pub(crate) async fn registration(
        &self,
        app: &str,
        purpose: Purpose,
        presented: &OneTime,
    ) -> Result<ObjectId, IdentityError> {
        let id = ObjectId::parse_str(&presented.token_id).map_err(|_| IdentityError::TokenInvalid)?;
        // The database removes expired tokens when it gets round to it.
        let key = doc! {
            "_id": id, "app": app, "purpose": purpose.word(), "hash": secret::hash(&presented.token), "expires_at": {"$gt": DateTime::now()},
        };
        let found = self.stored.find_one(key).await?;
        found.map(|stored| stored.registration).ok_or(IdentityError::TokenInvalid)
    }

    /// Uses a token up: it was there, and is no more.
    pub(crate) async fn take(&self, presented: &OneTime, session: &mut ClientSession) -> Result<(), IdentityError> {
        let id = ObjectId::parse_str(&presented.token_id).map_err(|_| IdentityError::TokenInvalid)?;
        let taken = self.stored.delete_one(doc! {"_id": id}).session(session).await?;
        if taken.deleted_count == 0 { Err(IdentityError::TokenInvalid) } else { Ok(()) }
    }

    /// Forgets every token of a registration for one purpose, which they have served.
    pub(crate) async fn forget(
        &self,
        registration: ObjectId,
        purpose: Purpose,
        session: &mut ClientSession,
    ) -> Result<(), IdentityError> {
        let theirs = doc! {"registration": registration, "purpose": purpose.word()};
        self.stored.delete_many(theirs).session(session).await?;
        Ok(())
    }
}
