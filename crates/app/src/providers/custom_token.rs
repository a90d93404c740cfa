//! `custom-token`: tokens that somebody else issued (reference 7.7).

use usher_contract::limits;

use super::metadata::{self, Names};
use crate::json::{Fields, Node};
use crate::known::Known;
use crate::names::{self, quote};
use crate::{CustomToken, TokenKeys};

const KEYS: &[&str] = &["audience", "requireAnyAudience", "signingAlgorithm", "useJWKURI", "jwkURI"];
const SECRET_KEYS: &[&str] = &["signingKeys"];

/// Of the app with the id `app`.
pub(super) fn read(provider: Fields<'_>, known: Known<'_>, app: &str) -> Option<CustomToken> {
    let config = provider.required("config")?.object()?;
    config.refuse_misspelt(KEYS);
    // Each is read before any is missed, so that all their mistakes are told.
    let metadata_fields = metadata::read(provider, Names::Paths);
    let audiences = audiences(config, app);
    let any_audience = config.flag("requireAnyAudience");
    let algorithm = algorithm(config);
    let keys = if config.flag("useJWKURI") { published(config) } else { signing_keys(provider, known, algorithm?) };
    Some(CustomToken { audiences, any_audience, keys: keys?, metadata_fields })
}

/// Without one, the app's id.
fn audiences(config: Fields<'_>, app: &str) -> Vec<String> {
    let nodes = config.get("audience").map(Node::one_or_more).unwrap_or_default();
    let named = nodes.into_iter().filter_map(Node::text).filter(|audience| !audience.is_empty());
    let mut audiences: Vec<String> = named.map(str::to_owned).collect();
    if audiences.is_empty() {
        audiences.push(app.to_owned());
    }
    audiences
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Hs256,
    Rs256,
}

fn algorithm(config: Fields<'_>) -> Option<Algorithm> {
    match config.text("signingAlgorithm") {
        None | Some("HS256") => Some(Algorithm::Hs256),
        Some("RS256") => Some(Algorithm::Rs256),
        Some(other) => {
            let message = format!("{} is not an algorithm for custom tokens", quote(other));
            config.get("signingAlgorithm")?.mistake(message, "write \"HS256\" or \"RS256\"");
            None
        }
    }
}

fn published(config: Fields<'_>) -> Option<TokenKeys> {
    let node = config.required("jwkURI")?;
    names::service_address(node).map(|address| TokenKeys::Published(address.to_owned()))
}

fn signing_keys(provider: Fields<'_>, known: Known<'_>, algorithm: Algorithm) -> Option<TokenKeys> {
    let secrets = provider.required("secret_config")?.object()?;
    secrets.refuse_misspelt(SECRET_KEYS);
    let field = secrets.required("signingKeys")?;
    let nodes = field.one_or_more();
    if nodes.is_empty() || nodes.len() > limits::SIGNING_KEYS {
        let message = format!("{} signing keys, where there are from 1 to {}", nodes.len(), limits::SIGNING_KEYS);
        field.mistake(message, "name the secrets that hold them");
        return None;
    }
    // All of them, so that all their mistakes are told.
    let keys: Vec<Option<String>> = nodes.into_iter().map(|node| signing_key(node, known, algorithm)).collect();
    let keys: Vec<String> = keys.into_iter().collect::<Option<_>>()?;
    Some(match algorithm {
        Algorithm::Hs256 => TokenKeys::Hs256(keys),
        Algorithm::Rs256 => TokenKeys::Rs256(keys),
    })
}

fn signing_key(node: Node<'_>, known: Known<'_>, algorithm: Algorithm) -> Option<String> {
    let secret = known.secret(node)?;
    let name = quote(node.as_text()?);
    match algorithm {
        Algorithm::Hs256 => {
            let (least, most) = (limits::SIGNING_KEY_CHARS_LEAST, limits::SIGNING_KEY_CHARS);
            let length = secret.chars().count();
            if !(least..=most).contains(&length) {
                let message =
                    format!("the secret {name} has {length} characters, where a key has from {least} to {most}");
                node.mistake(message, "make another one, of random characters");
                return None;
            }
        }
        // A secret key in its place could be meant for HS256.
        Algorithm::Rs256 => {
            let begins = secret.trim_start().starts_with("-----BEGIN ");
            if !begins || secret.contains("PRIVATE KEY-----") {
                let message = format!("the secret {name} is not the text of a public key");
                node.mistake(message, "give the public key in PEM, which begins \"-----BEGIN PUBLIC KEY-----\"");
                return None;
            }
        }
    }
    Some(secret.to_owned())
}
