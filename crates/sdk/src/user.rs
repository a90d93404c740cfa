//! Users, as functions see them.

use bson::Document;
use bson::raw::{RawBsonRef, RawDocument};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::exact;

/// A user: the argument of the function that runs when one is created, and the caller of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// 24 hexadecimal digits.
    pub id: String,
    /// `normal`, or `server` for a user made of an API key.
    pub r#type: String,
    /// What the providers know of the user, such as `email`.
    #[serde(default)]
    pub data: Document,
    /// The custom data as of the caller's access token; none for a user that is about to be created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_data: Option<Document>,
    /// The user's logins.
    #[serde(default)]
    pub identities: Vec<Identity>,
}

/// One provider's login of a user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// What the provider calls the user.
    pub id: String,
    /// Such as `local-userpass`.
    pub provider_type: String,
    /// What this provider knows of the user.
    #[serde(default)]
    pub data: Document,
}

impl User {
    /// The e-mail address, for a user who logs in with one.
    pub fn email(&self) -> Option<&str> {
        self.data.get_str("email").ok()
    }

    /// Past serde, as [`exact`] has it.
    pub(crate) fn read(raw: RawBsonRef<'_>) -> Result<Self, String> {
        let RawBsonRef::Document(user) = raw else {
            return Err(format!("invalid type: {:?}, expected a user", raw.element_type()));
        };
        let identities = match user.get("identities").map_err(Error::bson)? {
            Some(RawBsonRef::Array(identities)) => {
                identities.into_iter().map(|identity| Identity::read(identity.map_err(Error::bson)?)).collect()
            }
            _ => Ok(Vec::new()),
        };
        Ok(Self {
            id: text(user, "id")?,
            r#type: text(user, "type")?,
            data: document(user, "data")?.unwrap_or_default(),
            custom_data: document(user, "custom_data")?,
            identities: identities?,
        })
    }
}

impl Identity {
    fn read(raw: RawBsonRef<'_>) -> Result<Self, String> {
        let RawBsonRef::Document(identity) = raw else {
            return Err(format!("invalid type: {:?}, expected an identity", raw.element_type()));
        };
        Ok(Self {
            id: text(identity, "id")?,
            provider_type: text(identity, "provider_type")?,
            data: document(identity, "data")?.unwrap_or_default(),
        })
    }
}

fn text(document: &RawDocument, field: &str) -> Result<String, String> {
    match document.get(field).map_err(Error::bson)? {
        Some(RawBsonRef::String(text)) => Ok(text.to_owned()),
        Some(other) => Err(format!("field {field}: invalid type: {:?}, expected a string", other.element_type())),
        None => Err(format!("missing field `{field}`")),
    }
}

fn document(document: &RawDocument, field: &str) -> Result<Option<Document>, String> {
    match document.get(field).map_err(Error::bson)? {
        None | Some(RawBsonRef::Null) => Ok(None),
        Some(value) => exact::document(value).map(Some),
    }
}
