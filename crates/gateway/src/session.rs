//! `auth/profile`, `auth/session` and `auth/delete` (reference 3.5).

use bson::Bson;
use hyper::StatusCode;
use serde::Serialize;
use serde_json::Value;
use usher_contract::value;
use usher_identity::{Profile, ProfileIdentity};

use crate::errors::ApiError;
use crate::exchange::Exchange;
use crate::reply::Reply;

#[derive(Serialize)]
struct AccessToken {
    access_token: String,
}

#[derive(Serialize)]
struct ProfileBody {
    user_id: String,
    domain_id: String,
    identities: Vec<ProfileIdentity>,
    data: Value,
    #[serde(rename = "type")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_data: Option<Value>,
}

impl From<Profile> for ProfileBody {
    fn from(profile: Profile) -> Self {
        Self {
            user_id: profile.user_id,
            domain_id: profile.domain_id,
            identities: profile.identities,
            data: value::to_extended_json(Bson::Document(profile.data)),
            kind: profile.kind,
            custom_data: profile.custom_data,
        }
    }
}

/// `GET auth/profile`, with the access token.
pub(crate) async fn profile(exchange: &Exchange) -> Result<Reply, ApiError> {
    let (token, deployment) = exchange.token_deployment()?;
    let app = deployment.app();
    let token = exchange.identity().verify_access(app, token).await?;
    let profile = exchange.identity().profile(app, &token.user_id).await?;
    Reply::json(StatusCode::OK, &ProfileBody::from(profile))
}

/// `POST auth/session`, with the refresh token: a new access token.
pub(crate) async fn refresh(exchange: &Exchange) -> Result<Reply, ApiError> {
    let (token, deployment) = exchange.token_deployment()?;
    let access_token = exchange.identity().refresh(deployment.app(), token).await?;
    Reply::json(StatusCode::CREATED, &AccessToken { access_token })
}

/// `DELETE auth/session`, with the refresh token: the session ends.
pub(crate) async fn logout(exchange: &Exchange) -> Result<Reply, ApiError> {
    let (token, deployment) = exchange.token_deployment()?;
    exchange.identity().logout(deployment.app(), token).await?;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// `DELETE auth/delete`, with the access token: the user goes, with every session; the custom data stays.
pub(crate) async fn delete_user(exchange: &Exchange) -> Result<Reply, ApiError> {
    let (token, deployment) = exchange.token_deployment()?;
    let app = deployment.app();
    let token = exchange.identity().verify_access(app, token).await?;
    exchange.identity().delete_user(app, &token.user_id).await?;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

#[cfg(test)]
mod tests {
    use bson::doc;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_profile_has_the_members_that_clients_demand() {
        let profile = Profile {
            user_id: "u".into(),
            domain_id: "d".into(),
            identities: vec![ProfileIdentity {
                id: "i".into(),
                provider_type: "local-userpass".into(),
                provider_id: "p".into(),
            }],
            data: doc! {"email": "a@example.org"},
            kind: "normal".into(),
            custom_data: None,
        };
        let body = serde_json::to_value(ProfileBody::from(profile)).unwrap();
        let expected = json!({
            "user_id": "u", "domain_id": "d", "type": "normal", "data": {"email": "a@example.org"},
            "identities": [{"id": "i", "provider_type": "local-userpass", "provider_id": "p"}],
        });
        assert_eq!(body, expected);
    }
}
