//! `POST app/{id}/auth/providers/{provider}/login` (reference 3.3): a login, or with `link=true` one more identity for the
//! user of the access token.

use hyper::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};
use usher_identity::{Credential, Device};

use crate::errors::ApiError;
use crate::exchange::Exchange;
use crate::reply::Reply;
use crate::{body, external};

#[derive(Serialize)]
struct Tokens {
    access_token: String,
    refresh_token: String,
    user_id: String,
    device_id: String,
}

pub(crate) async fn login(exchange: &Exchange, app: &str, provider: &str, body: &[u8]) -> Result<Reply, ApiError> {
    let deployment = exchange.deployment(app)?;
    // Whom to link to is asked first: without that, a credential is nobody's business.
    let linked = match links(exchange.parts.uri.query()) {
        true => Some(exchange.identity().verify_access(deployment.app(), exchange.bearer()?).await?.user_id),
        false => None,
    };
    let (credential, device) = payload(provider, body)?;
    let (identity, peer) = (exchange.identity(), exchange.peer());
    let login = match linked {
        Some(user) => {
            let linking = identity.link(&deployment, &user, credential, device, peer, &exchange.id);
            linking.await.map_err(|error| of_link(error.into()))?
        }
        None => identity.login(&deployment, credential, device, peer, &exchange.id).await?,
    };
    let tokens = Tokens {
        access_token: login.access_token,
        refresh_token: login.refresh_token,
        user_id: login.user_id,
        device_id: login.device_id,
    };
    let user = tokens.user_id.clone();
    Ok(Reply::json(StatusCode::OK, &tokens)?.about(&user))
}

/// What a client presents, and its device. All of it in one go, so that of a large body no more is kept than the token:
/// parsed JSON takes many times its size, and a provider may take seconds to answer.
fn payload(provider: &str, body: &[u8]) -> Result<(Credential, Device), ApiError> {
    let members = body::object(body)?;
    Ok((credential(provider, &members)?, device(&members)))
}

/// realm-web takes a 401 that says `unauthorized`, and nothing else, for an access token that has expired: it would renew
/// the token and link again, for ever.
fn of_link(error: ApiError) -> ApiError {
    match error.status {
        StatusCode::UNAUTHORIZED if error.message == "unauthorized" => {
            ApiError { message: "unauthorized: the credential is not good".into(), ..error }
        }
        _ => error,
    }
}

/// Whether a login is to link the identity to the user of the access token.
pub(crate) fn links(query: Option<&str>) -> bool {
    query.is_some_and(|query| query.split('&').any(|pair| pair == "link=true"))
}

/// The credential of a payload; members that the provider does not know are ignored.
fn credential(provider: &str, members: &Map<String, Value>) -> Result<Credential, ApiError> {
    match provider {
        "anon-user" => Ok(Credential::Anonymous),
        "local-userpass" => Ok(Credential::EmailPassword {
            email: body::text(members, "username")?.to_owned(),
            password: body::text(members, "password")?.to_owned(),
        }),
        "api-key" => Ok(Credential::ApiKey(body::text(members, "key")?.to_owned())),
        other => external::credential(other, members),
    }
}

/// The device of `options.device`. Its id comes as an ObjectId in Extended JSON; 24 zeros mean that there is none.
pub(crate) fn device(members: &Map<String, Value>) -> Device {
    let id = members
        .get("options")
        .and_then(|options| options.get("device")?.get("deviceId"))
        .and_then(|id| id.get("$oid").unwrap_or(id).as_str())
        .filter(|id| id.len() == 24 && id.bytes().all(|b| b.is_ascii_hexdigit()) && id.bytes().any(|b| b != b'0'));
    Device { id: id.map(str::to_ascii_lowercase) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn members(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn the_device_id_is_taken_when_it_is_one() {
        let with = |id: Value| device(&members(json!({"options": {"device": {"deviceId": id}}}))).id;
        assert_eq!(with(json!({"$oid": "65A1B2C3D4E5F60718293A4B"})).as_deref(), Some("65a1b2c3d4e5f60718293a4b"));
        assert_eq!(with(json!("65a1b2c3d4e5f60718293a4b")).as_deref(), Some("65a1b2c3d4e5f60718293a4b"));
        for none in [json!("000000000000000000000000"), json!("abc"), json!({"$gt": ""}), json!(1), json!(null)] {
            assert_eq!(with(none.clone()), None, "{none}");
        }
        assert_eq!(device(&Map::new()).id, None);
        assert_eq!(device(&members(json!({"options": 1}))).id, None);
    }

    #[test]
    fn an_operator_is_not_a_credential() {
        for body in [
            json!({"username": {"$gt": ""}, "password": "secret"}),
            json!({"username": "a@example.org", "password": {"$ne": null}}),
            json!({"username": ["a@example.org"], "password": "secret"}),
            json!({"password": "secret"}),
        ] {
            let error = credential("local-userpass", &members(body.clone())).unwrap_err();
            assert_eq!(error.status, StatusCode::BAD_REQUEST, "{body}");
        }
    }

    #[test]
    fn what_a_provider_does_not_know_is_ignored() {
        let body = members(json!({"username": "a@b", "password": "p", "provider": "local-userpass", "x": {"$y": 1}}));
        assert!(matches!(
            credential("local-userpass", &body).unwrap(),
            Credential::EmailPassword { email, password } if email == "a@b" && password == "p"
        ));
        assert!(matches!(credential("anon-user", &Map::new()).unwrap(), Credential::Anonymous));
        assert_eq!(credential("custom-tokens", &body).unwrap_err().code, Some("AuthProviderNotFound"));
    }

    #[test]
    fn no_refusal_to_link_looks_like_an_expired_token() {
        use usher_identity::IdentityError as E;
        for error in [E::InvalidPassword, E::Pending, E::Unauthorized, E::LinkInUse, E::UserDisabled] {
            let error = of_link(error.into());
            assert_eq!(error.status, StatusCode::UNAUTHORIZED);
            assert!(error.message != "unauthorized" && error.code != Some("InvalidSession"), "{error:?}");
        }
    }

    #[test]
    fn a_link_is_recognised() {
        assert!(links(Some("link=true")) && links(Some("a=b&link=true")));
        assert!(!links(None) && !links(Some("link=false")) && !links(Some("xlink=true")));
    }
}
