//! `"oauth2"`: addresses of another issuer that speaks a provider's protocol.

use std::collections::BTreeMap;

use crate::OAuth2Services;
use crate::json::{Fields, Node};
use crate::names;
use crate::providers::{APPLE, FACEBOOK, GOOGLE};

const PROVIDERS: &[&str] = &[GOOGLE, FACEBOOK, APPLE];
const KEYS: &[&str] = &["issuer", "authorization", "token", "keys", "profile"];

/// By the provider's name.
pub(super) fn read(file: Fields<'_>) -> BTreeMap<&'static str, OAuth2Services> {
    let Some(fields) = file.get("oauth2").and_then(Node::object) else {
        return BTreeMap::new();
    };
    fields.refuse_unknown(PROVIDERS);
    let named = PROVIDERS.iter().filter_map(|name| Some((*name, services(fields.get(name)?.object()?))));
    named.collect()
}

fn services(fields: Fields<'_>) -> OAuth2Services {
    fields.refuse_unknown(KEYS);
    let address = |key| fields.get(key).and_then(names::service_address).map(str::to_owned);
    OAuth2Services {
        issuer: address("issuer"),
        authorization: address("authorization"),
        token: address("token"),
        keys: address("keys"),
        profile: address("profile"),
    }
}
