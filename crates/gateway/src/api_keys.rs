//! API keys of users, `auth/api_keys` (reference 3.6). All of it is asked with the refresh token.

use hyper::{Method, StatusCode};
use serde::Serialize;
use serde_json::Value;

use crate::body;
use crate::errors::ApiError;
use crate::exchange::Exchange;
use crate::reply::Reply;
use crate::routes;

/// A key that was just made: the only answer that holds it.
#[derive(Serialize)]
struct NewKey {
    #[serde(rename = "_id")]
    id: String,
    key: String,
    name: String,
    disabled: bool,
}

pub(crate) async fn handle(
    exchange: &Exchange,
    method: &Method,
    rest: &[&str],
    body: &[u8],
) -> Result<Reply, ApiError> {
    let (token, deployment) = exchange.token_deployment()?;
    let (identity, app) = (exchange.identity(), deployment.app());
    match (method, rest) {
        (&Method::POST, []) => {
            let made = identity.create_user_key(app, token, &name(body)?).await?;
            let key = NewKey { id: made.id, key: made.key, name: made.name, disabled: false };
            Reply::json(StatusCode::CREATED, &key)
        }
        (&Method::GET, []) => Reply::json(StatusCode::OK, &identity.user_keys(app, token).await?),
        (&Method::GET, [key]) => Reply::json(StatusCode::OK, &identity.user_key(app, token, key).await?),
        (&Method::PUT, [key, "enable"]) => {
            identity.set_user_key_disabled(app, token, key, false).await?;
            Ok(Reply::empty(StatusCode::NO_CONTENT))
        }
        (&Method::PUT, [key, "disable"]) => {
            identity.set_user_key_disabled(app, token, key, true).await?;
            Ok(Reply::empty(StatusCode::NO_CONTENT))
        }
        (&Method::DELETE, [key]) => {
            identity.delete_user_key(app, token, key).await?;
            Ok(Reply::empty(StatusCode::NO_CONTENT))
        }
        _ => Err(routes::nothing(exchange)),
    }
}

/// The name of a new key. One that is not there is answered without a code (reference 3.6).
fn name(body: &[u8]) -> Result<String, ApiError> {
    let members = body::object(body)?;
    match members.get("name") {
        None | Some(Value::Null) => Err(missing()),
        Some(Value::String(name)) if name.is_empty() => Err(missing()),
        _ => body::text(&members, "name").map(str::to_owned),
    }
}

fn missing() -> ApiError {
    ApiError { code: None, ..ApiError::bad_request("'name' is a required string") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_string_with_something_in_it() {
        assert_eq!(name(br#"{"name":"ci"}"#).unwrap(), "ci");
        for body in ["", "{}", r#"{"name":null}"#, r#"{"name":""}"#] {
            let error = name(body.as_bytes()).unwrap_err();
            assert_eq!(
                (error.status.as_u16(), error.code, &*error.message),
                (400, None, "'name' is a required string")
            );
        }
        for body in [r#"{"name":1}"#, r#"{"name":{"$gt":""}}"#, r#"{"name":["a"]}"#] {
            assert_eq!(name(body.as_bytes()).unwrap_err().code, Some("InvalidParameter"), "{body}");
        }
    }
}
