//! The credentials of other authorities, from the payloads of clients (reference 3.3).

use bson::Bson;
use serde_json::{Map, Value};
use usher_contract::value;
use usher_identity::{Credential, GoogleCredential, IdentityError};

use crate::body;
use crate::errors::ApiError;

pub(crate) fn credential(provider: &str, members: &Map<String, Value>) -> Result<Credential, ApiError> {
    let text = |name| body::text(members, name).map(str::to_owned);
    match provider {
        "custom-token" => Ok(Credential::CustomToken(text("token")?)),
        "custom-function" => payload(members),
        "oauth2-google" if members.contains_key("authCode") => {
            Ok(Credential::Google(GoogleCredential::Code(text("authCode")?)))
        }
        "oauth2-google" => Ok(Credential::Google(GoogleCredential::IdToken(text("id_token")?))),
        "oauth2-facebook" => Ok(Credential::Facebook(text("accessToken")?)),
        "oauth2-apple" => Ok(Credential::Apple(text("id_token")?)),
        other => Err(IdentityError::ProviderNotFound(other.to_owned()).into()),
    }
}

/// The whole payload is the function's, but for what clients say of themselves.
fn payload(members: &Map<String, Value>) -> Result<Credential, ApiError> {
    let mut members = members.clone();
    members.shift_remove("options");
    match value::from_extended_json(Value::Object(members)) {
        Ok(Bson::Document(payload)) => Ok(Credential::CustomFunction(payload)),
        Ok(_) => Err(ApiError::bad_request("the payload must be a document, not one value of Extended JSON")),
        Err(failure) => Err(ApiError::bad_request(format!("the payload is no Extended JSON: {}", failure.message))),
    }
}

#[cfg(test)]
mod tests {
    use bson::doc;
    use hyper::StatusCode;
    use serde_json::json;

    use super::*;

    fn read(provider: &str, payload: Value) -> Result<Credential, ApiError> {
        credential(provider, payload.as_object().unwrap())
    }

    #[test]
    fn each_provider_has_its_member() {
        let token = |credential| match credential {
            Credential::CustomToken(token) | Credential::Facebook(token) | Credential::Apple(token) => token,
            Credential::Google(GoogleCredential::Code(code)) => format!("code {code}"),
            Credential::Google(GoogleCredential::IdToken(token)) => token,
            other => panic!("{other:?}"),
        };
        for (provider, payload, expected) in [
            ("custom-token", json!({"token": "t"}), "t"),
            ("oauth2-google", json!({"id_token": "t"}), "t"),
            ("oauth2-google", json!({"authCode": "c"}), "code c"),
            ("oauth2-facebook", json!({"accessToken": "t"}), "t"),
            ("oauth2-apple", json!({"id_token": "t", "options": {"device": {}}}), "t"),
        ] {
            assert_eq!(token(read(provider, payload).unwrap()), expected, "{provider}");
        }
    }

    #[test]
    fn nothing_but_a_string_is_a_token() {
        let members = [
            ("custom-token", "token"),
            ("oauth2-google", "id_token"),
            ("oauth2-google", "authCode"),
            ("oauth2-facebook", "accessToken"),
            ("oauth2-apple", "id_token"),
        ];
        for (provider, member) in members {
            for value in [json!({"$gt": ""}), json!(["t"]), json!(7), json!(true), json!(null)] {
                let error = read(provider, json!({ member: value })).unwrap_err();
                assert_eq!(error.status, StatusCode::BAD_REQUEST, "{provider} {value}");
            }
            let error = read(provider, json!({"other": "t"})).unwrap_err();
            assert_eq!((error.status, error.code), (StatusCode::BAD_REQUEST, Some("MissingParameter")), "{provider}");
        }
    }

    #[test]
    fn a_function_gets_the_whole_payload_with_its_types() {
        let payload =
            json!({"name": "Ann", "pin": {"$numberInt": "7"}, "big": {"$numberLong": "7"}, "options": {"device": {}}});
        let Credential::CustomFunction(document) = read("custom-function", payload).unwrap() else {
            panic!("another credential");
        };
        assert_eq!(document, doc! {"name": "Ann", "pin": 7_i32, "big": 7_i64});
        for bad in [json!({"$oid": "65a1b2c3d4e5f60718293a4b"}), json!({"id": {"$oid": "xyz"}})] {
            assert_eq!(read("custom-function", bad.clone()).unwrap_err().status, StatusCode::BAD_REQUEST, "{bad}");
        }
    }
}
