//! What passes between identity and the rooms above.

use std::sync::Arc;

use bson::Document;
use serde_json::Value;
use usher_dispatch::Caller;

use crate::external::AuthorizationCode;

/// What a client presents to log in (reference 3.3).
#[derive(Debug, Clone)]
pub enum Credential {
    /// `anon-user`: a new anonymous user each time.
    Anonymous,
    /// `local-userpass`.
    EmailPassword {
        /// The e-mail address, as registered: case matters.
        email: String,
        /// The password in the clear.
        password: String,
    },
    /// `api-key`: a key of a user, or one of the app itself, which makes a user of the type `server`.
    ApiKey(String),
    /// `custom-token`.
    CustomToken(String),
    /// `custom-function`: the payload without `options`.
    CustomFunction(Document),
    /// `oauth2-google`.
    Google(GoogleCredential),
    /// `oauth2-facebook`: an access token.
    Facebook(String),
    /// `oauth2-apple`: an ID token.
    Apple(String),
    /// Any of the `oauth2-` providers: what a browser brought back from it.
    AuthorizationCode(AuthorizationCode),
}

/// What a client presents to log in with Google.
#[derive(Debug, Clone)]
pub enum GoogleCredential {
    /// An authorization code, to be exchanged for tokens.
    Code(String),
    /// An ID token.
    IdToken(String),
}

/// What a client says of its device (`options.device`, reference 3.3).
#[derive(Debug, Clone, Default)]
pub struct Device {
    /// The id of an earlier login, 24 hexadecimal digits; a new one is made without it.
    pub id: Option<String>,
}

/// A successful login (reference 3.3, response).
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the members of the reply, by name")]
pub struct Login {
    pub access_token: String,
    pub refresh_token: String,
    pub user_id: String,
    pub device_id: String,
}

/// A verified access token.
#[derive(Debug, Clone)]
pub struct AccessToken {
    /// The user's id.
    pub user_id: String,
    /// The session it was issued in.
    pub session_id: String,
    /// The claim `user_data` as it stands in the token: canonical Extended JSON.
    pub user_data: Option<Arc<str>>,
}

impl AccessToken {
    /// The caller that a function sees.
    pub fn caller(&self) -> Caller {
        Caller::User { id: self.user_id.clone(), custom_data: self.user_data.clone() }
    }
}

/// What `GET /auth/profile` answers (reference 3.5).
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the members of the reply, by name")]
pub struct Profile {
    pub user_id: String,
    pub domain_id: String,
    /// In the order in which they were linked.
    pub identities: Vec<ProfileIdentity>,
    pub data: Document,
    /// `normal` or `server`.
    pub kind: String,
    /// The custom-data document, read afresh, encoded as in the claim.
    pub custom_data: Option<Value>,
}

/// One identity of a user, as clients, tokens and administrators see it (reference 3.5, 4 and 7.6).
#[derive(Debug, Clone, serde::Serialize)]
pub struct ProfileIdentity {
    /// What the provider calls the user: the `sub` of a token, what an authenticating function answered.
    pub id: String,
    /// The provider's name.
    pub provider_type: String,
    /// The id of the app's provider, 24 hexadecimal digits.
    pub provider_id: String,
}

/// A user, as an operator sees it.
#[derive(Debug, Clone, serde::Serialize)]
#[allow(missing_docs, reason = "the members by name")]
pub struct UserSummary {
    pub id: String,
    pub kind: String,
    pub providers: Vec<String>,
    pub email: Option<String>,
    pub disabled: bool,
    /// Milliseconds since the Unix epoch.
    pub created_at: i64,
    /// Milliseconds since the Unix epoch; absent before the first login.
    pub last_login_at: Option<i64>,
}

/// An API key, without the key itself (reference 3.6).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[allow(missing_docs, reason = "the members of the reply, by name")]
pub struct ApiKey {
    #[serde(rename = "_id")]
    pub id: String,
    pub name: String,
    pub disabled: bool,
}

/// An API key that was just made.
#[derive(Clone)]
pub struct NewApiKey {
    /// 24 hexadecimal digits.
    pub id: String,
    /// The key itself, which nobody can be told again.
    pub key: String,
    /// Its name.
    pub name: String,
}

impl std::fmt::Debug for NewApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewApiKey").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}
