//! `auth/providers.json`, or `auth_providers/<name>.json` in the older layouts: how users may authenticate (reference
//! 3.3, 7.7).

use crate::data_sources::json_files;
use crate::json::{self, Fields, Node};
use crate::names::{near, quote};
use crate::root::Layout;
use crate::{Confirmation, Context, LocalUserpass, Mail, Providers, Reset};

const FILE: &str = "auth/providers.json";
const DIRECTORY: &str = "auth_providers";
const ANON_USER: &str = "anon-user";
const LOCAL_USERPASS: &str = "local-userpass";
/// Every provider of App Services.
const TYPES: &[&str] = &[
    ANON_USER,
    LOCAL_USERPASS,
    "api-key",
    "custom-token",
    "custom-function",
    "oauth2-google",
    "oauth2-facebook",
    "oauth2-apple",
];
const KEYS: &[&str] = &[
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
/// Configuration of `local-userpass` (reference 3.4).
const USERPASS_KEYS: &[&str] = &[
    "autoConfirm",
    "emailConfirmationUrl",
    "confirmEmailSubject",
    "runConfirmationFunction",
    "confirmationFunctionName",
    "confirmationFunctionId",
    "resetPasswordUrl",
    "resetPasswordSubject",
    "runResetFunction",
    "resetFunctionName",
    "resetFunctionId",
];

/// `auth/providers.json` holds all of them; the older layouts have a file for each.
pub(crate) fn read(context: Context<'_>, layout: Layout) -> Providers {
    let mut providers = Providers::default();
    let place = match layout {
        Layout::Current => {
            json::read(context, FILE, |node| {
                for (name, node) in node.object()?.iter() {
                    providers.read(name, node);
                }
                Some(())
            });
            FILE
        }
        Layout::Older => {
            for file in json_files(context, DIRECTORY) {
                json::read(context, &file, |node| {
                    let name = node.object()?.required("name")?.text()?;
                    providers.read(name, node);
                    Some(())
                });
            }
            DIRECTORY
        }
    };
    if !context.tree.exists(place) {
        let message = "there is nothing here, so nobody can log in; Usher runs anon-user and local-userpass";
        context.report.notice(place, None, message);
    } else if !providers.anon_user && providers.local_userpass.is_none() {
        let message = "no provider that Usher runs is switched on, so nobody can log in";
        context.report.notice(place, None, message);
    }
    providers
}

impl Providers {
    fn read(&mut self, name: &str, node: Node<'_>) {
        let Some(provider) = node.object() else {
            return;
        };
        provider.notice_unknown(KEYS);
        let disabled = provider.flag("disabled");
        if !check_type(name, node, provider) || disabled {
            return;
        }
        match name {
            ANON_USER => self.anon_user = true,
            LOCAL_USERPASS => self.local_userpass = Some(local_userpass(node, provider)),
            _ => node.not_run(
                &format!("the provider {}", quote(name)),
                "this version authenticates by anon-user and local-userpass only",
            ),
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

fn local_userpass(node: Node<'_>, provider: Fields<'_>) -> LocalUserpass {
    let Some(config) = provider.get("config") else {
        pending(node);
        return LocalUserpass::default();
    };
    let Some(fields) = config.object() else {
        return LocalUserpass::default();
    };
    fields.notice_unknown(USERPASS_KEYS);
    let auto_confirm = fields.flag("autoConfirm") && !fields.flag("runConfirmationFunction");
    if !auto_confirm {
        pending(config);
    }
    let reset_function = fields.get("runResetFunction").filter(|node| node.boolean() == Some(true));
    let reset_mail = fields.get("resetPasswordUrl").filter(|node| !node.is_empty());
    if let Some(reset) = reset_function.or(reset_mail) {
        reset.not_run("password reset", "this version neither sends e-mail nor runs a reset function");
    }
    LocalUserpass {
        confirmation: if auto_confirm { Confirmation::Automatic } else { Confirmation::Mail(Mail::default()) },
        reset: Reset::None,
    }
}

fn pending(node: Node<'_>) {
    node.not_run(
        "confirmation of registrations",
        "this version neither sends e-mail nor runs a confirmation function: \
         a registration stays pending until \"autoConfirm\" is true",
    );
}
