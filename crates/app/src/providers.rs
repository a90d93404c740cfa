//! `auth/providers.json`, or `auth_providers/<name>.json` in the older layouts: how users may authenticate (reference
//! 3.3, 7.7).

mod custom_token;
mod local_userpass;
mod metadata;
mod oauth2;

use crate::data_sources::json_files;
use crate::json::{self, Fields, Node};
use crate::known::Known;
use crate::names::{near, quote};
use crate::root::{Layout, Root};
use crate::{Context, OAuth2Services, Providers};

const FILE: &str = "auth/providers.json";
const DIRECTORY: &str = "auth_providers";
const ANON_USER: &str = "anon-user";
const LOCAL_USERPASS: &str = "local-userpass";
const API_KEY: &str = "api-key";
const CUSTOM_TOKEN: &str = "custom-token";
const CUSTOM_FUNCTION: &str = "custom-function";
pub(crate) const GOOGLE: &str = "oauth2-google";
pub(crate) const FACEBOOK: &str = "oauth2-facebook";
pub(crate) const APPLE: &str = "oauth2-apple";
/// Every provider of App Services.
pub(crate) const TYPES: &[&str] =
    &[ANON_USER, LOCAL_USERPASS, API_KEY, CUSTOM_TOKEN, CUSTOM_FUNCTION, GOOGLE, FACEBOOK, APPLE];
const KEYS: &[&str] = &[
    "_id",
    "id",
    "name",
    "type",
    "disabled",
    "config",
    "secret_config",
    "metadata_fields",
    "redirect_uris",
    "domain_restrictions",
];
const FUNCTION_KEYS: &[&str] = &["authFunctionName", "authFunctionId"];

/// `auth/providers.json` holds all of them; the older layouts have a file for each.
pub(crate) fn read(context: Context<'_>, root: &Root, known: Known<'_>) -> Providers {
    let mut reader = Reader { known, app: &root.id, providers: Providers::default(), none: true };
    let place = match root.layout {
        Layout::Current => {
            json::read(context, FILE, |node| {
                for (name, node) in node.object()?.iter() {
                    reader.provider(name, node);
                }
                Some(())
            });
            FILE
        }
        Layout::Older => {
            for file in json_files(context, DIRECTORY) {
                json::read(context, &file, |node| {
                    let name = node.object()?.required("name")?.text()?;
                    reader.provider(name, node);
                    Some(())
                });
            }
            DIRECTORY
        }
    };
    if !context.tree.exists(place) {
        context.report.notice(place, None, "there is nothing here, so nobody can log in");
    } else if reader.none {
        context.report.notice(place, None, "no provider is switched on, so nobody can log in");
    }
    reader.providers
}

impl Providers {
    /// Gives the provider of this name, if it is switched on, other addresses than the usual ones.
    pub(crate) fn set_services(&mut self, name: &str, services: OAuth2Services) {
        let provider = match name {
            GOOGLE => self.google.as_mut(),
            FACEBOOK => self.facebook.as_mut(),
            APPLE => self.apple.as_mut(),
            _ => None,
        };
        if let Some(provider) = provider {
            provider.services = services;
        }
    }
}

struct Reader<'a> {
    known: Known<'a>,
    /// The app's id.
    app: &'a str,
    providers: Providers,
    /// None is switched on.
    none: bool,
}

impl Reader<'_> {
    fn provider(&mut self, name: &str, node: Node<'_>) {
        let Some(provider) = node.object() else {
            return;
        };
        provider.refuse_misspelt(KEYS);
        let disabled = provider.flag("disabled");
        if !check_type(name, node, provider) || disabled {
            return;
        }
        self.none = false;
        let known = self.known;
        let providers = &mut self.providers;
        let unread = |node: &Node<'_>| !node.is_empty() && ![GOOGLE, FACEBOOK, APPLE].contains(&name);
        if let Some(domains) = provider.get("domain_restrictions").filter(unread) {
            domains.notice(
                "\"domain_restrictions\" keeps nobody out here: only providers of OAuth 2 tell an e-mail address",
            );
        }
        match name {
            ANON_USER => providers.anon_user = true,
            LOCAL_USERPASS => providers.local_userpass = Some(local_userpass::read(provider, known)),
            API_KEY => providers.api_key = true,
            CUSTOM_TOKEN => providers.custom_token = custom_token::read(provider, known, self.app),
            CUSTOM_FUNCTION => providers.custom_function = custom_function(provider, known),
            GOOGLE => providers.google = oauth2::read(name, provider, known),
            FACEBOOK => providers.facebook = oauth2::read(name, provider, known),
            APPLE => providers.apple = oauth2::read(name, provider, known),
            _ => {}
        }
    }
}

fn check_type(name: &str, node: Node<'_>, provider: Fields<'_>) -> bool {
    if !TYPES.contains(&name) {
        let guess = near(name, TYPES).map(|near| format!("; did you mean {}?", quote(near)));
        let message = format!("unknown provider {}{}", quote(name), guess.unwrap_or_default());
        node.mistake(message, format!("the providers are {}", TYPES.join(", ")));
        return false;
    }
    match provider.get("type").and_then(|node| Some((node, node.text()?))) {
        Some((node, kind)) if kind != name => {
            let message = format!("the provider {} has the type {}", quote(name), quote(kind));
            node.mistake(message, "providers stand under their types: make the two the same");
            false
        }
        _ => true,
    }
}

fn custom_function(provider: Fields<'_>, known: Known<'_>) -> Option<String> {
    let config = provider.required("config")?.object()?;
    config.refuse_misspelt(FUNCTION_KEYS);
    known.function(config.required("authFunctionName")?).map(str::to_owned)
}
