//! The fields of a query or form.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use usher_identity::Device;

use crate::errors::ApiError;
use crate::login;

pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(super) fn of_query(query: Option<&str>) -> Self {
        Self::of_form(query.unwrap_or_default().as_bytes())
    }

    pub(super) fn of_form(form: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(form).into_owned().collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|field| field.0 == name).map(|field| field.1.as_str())
    }

    pub(super) fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.get(name).ok_or_else(|| ApiError::missing_parameter(format!("'{name}' is a required string")))
    }

    pub(super) fn is_true(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }

    /// The device in `device`, Base64 of what a login has in `options.device`. It may be missing or anything.
    pub(super) fn device(&self) -> Device {
        let encoded = self.get("device").map(|text| text.replace(' ', "+")).unwrap_or_default();
        let device = BASE64_STANDARD.decode(encoded).ok().and_then(|json| serde_json::from_slice::<Value>(&json).ok());
        let members = json!({"options": {"device": device}});
        members.as_object().map(login::device).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_decoded() {
        let fields = Fields::of_query(Some("redirect=http%3A%2F%2Fa%2Fb%3Fc&state=x+y&link=true&again=1&again=2"));
        assert_eq!(fields.get("redirect"), Some("http://a/b?c"));
        assert_eq!((fields.get("state"), fields.get("again"), fields.get("gone")), (Some("x y"), Some("1"), None));
        assert!(fields.is_true("link") && !fields.is_true("state"));
        assert_eq!(fields.required("gone").err().and_then(|error| error.code), Some("MissingParameter"));
        assert!(Fields::of_query(None).get("").is_none());
    }

    #[test]
    fn a_device_is_taken_when_it_is_one() {
        let device = |json: &str| {
            let query = format!("device={}", BASE64_STANDARD.encode(json));
            Fields::of_query(Some(&query)).device().id
        };
        let id = "65a1b2c3d4e5f60718293a4b";
        assert_eq!(device(&format!(r#"{{"deviceId":"{id}","platform":"chrome"}}"#)).as_deref(), Some(id));
        assert_eq!(device(r#"{"platform":"chrome"}"#), None);
        assert_eq!(device("[1]"), None);
        assert_eq!(Fields::of_query(Some("device=%%%")).device().id, None);
    }
}
