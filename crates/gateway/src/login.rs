//! `POST app/{id}/auth/providers/{provider}/login` (reference 3.3).

use hyper::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};
use usher_identity::{Credential, Device, IdentityError};

use crate::body;
use crate::errors::ApiError;
use crate::exchange::Exchange;
use crate::reply::Reply;

#[derive(Serialize)]
struct Tokens {
    access_token: String,
    refresh_token: String,
    user_id: String,
    device_id: String,
}

pub(crate) async fn login(exchange: &Exchange, app: &str, provider: &str, body: &[u8]) -> Result<Reply, ApiError> {
    let deployment = exchange.deployment(app)?;
    if links(exchange.parts.uri.query()) {
        return Err(ApiError::bad_request(
            "linking is not supported yet: log in without link=true, or register a new user",
        ));
    }
    let members = body::object(body)?;
    let credential = credential(provider, &members)?;
    let login =
        exchange.identity().login(&deployment, credential, device(&members), exchange.peer(), &exchange.id).await?;
    let tokens = Tokens {
        access_token: login.access_token,
        refresh_token: login.refresh_token,
        user_id: login.user_id,
        device_id: login.device_id,
    };
    Reply::json(StatusCode::OK, &tokens)
}

fn links(query: Option<&str>) -> bool {
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
        other => Err(IdentityError::ProviderNotFound(other.to_owned()).into()),
    }
}

/// The device of `options.device`. Its id comes as an ObjectId in Extended JSON; 24 zeros mean that there is none.
fn device(members: &Map<String, Value>) -> Device {
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
        assert_eq!(credential("custom-token", &body).unwrap_err().code, Some("AuthProviderNotFound"));
    }

    #[test]
    fn a_link_is_recognised() {
        assert!(links(Some("link=true")) && links(Some("a=b&link=true")));
        assert!(!links(None) && !links(Some("link=false")) && !links(Some("xlink=true")));
    }
}
