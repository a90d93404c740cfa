//! `oauth2-google`, `oauth2-facebook`, `oauth2-apple` (reference 3.3, 3.9).

use super::APPLE;
use super::metadata::{self, Names};
use crate::json::{Fields, Node};
use crate::known::Known;
use crate::{OAuth2, OAuth2Services};

const KEYS: &[&str] = &["clientId", "openId"];
const SECRET_KEYS: &[&str] = &["clientSecret"];

/// The provider of this name.
pub(super) fn read(name: &str, provider: Fields<'_>, known: Known<'_>) -> Option<OAuth2> {
    let config = provider.required("config")?.object()?;
    config.refuse_misspelt(KEYS);
    let client_ids = client_ids(config);
    let client_secret = match provider.get("secret_config").map(Node::object) {
        Some(Some(secrets)) => {
            secrets.refuse_misspelt(SECRET_KEYS);
            let named = secrets.get("clientSecret").filter(|node| !node.is_empty());
            named.and_then(|node| known.secret(node)).map(str::to_owned)
        }
        _ => None,
    };
    if client_secret.is_none() && name != APPLE {
        // Where one is named and not known, that is a mistake already.
        let message =
            "there is no \"clientSecret\", so nobody can log in through the browser or by an authorization code";
        provider.node.notice(message);
    }
    Some(OAuth2 {
        client_ids: client_ids?,
        client_secret,
        open_id: config.flag("openId"),
        domains: texts(provider, "domain_restrictions"),
        redirect_uris: texts(provider, "redirect_uris"),
        metadata_fields: metadata::read(provider, Names::Plain),
        services: OAuth2Services::default(),
    })
}

fn client_ids(config: Fields<'_>) -> Option<Vec<String>> {
    let node = config.required("clientId")?;
    let ids: Option<Vec<&str>> = node.one_or_more().into_iter().map(Node::text).collect();
    let ids: Vec<String> = ids?.into_iter().filter(|id| !id.is_empty()).map(str::to_owned).collect();
    if ids.is_empty() {
        node.mistake("\"clientId\" is empty, so no token could be for this app", "write the id that the provider gave");
        return None;
    }
    Some(ids)
}

fn texts(provider: Fields<'_>, key: &str) -> Vec<String> {
    let nodes = provider.get(key).and_then(Node::array).unwrap_or_default();
    nodes.into_iter().filter_map(Node::text).map(str::to_owned).collect()
}
