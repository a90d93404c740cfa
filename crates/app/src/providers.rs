//! `auth/providers.json`: how users may authenticate (reference 3.3, 7.7).

use crate::json::{self, Fields, Node};
use crate::names::{near, quote};
use crate::{Context, LocalUserpass, Providers};

const FILE: &str = "auth/providers.json";
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
const KEYS: &[&str] =
    &["name", "type", "disabled", "config", "secret_config", "metadata_fields", "redirect_uris", "domain_restrictions"];
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

pub(crate) fn read(context: Context<'_>) -> Providers {
    if !context.tree.exists(FILE) {
        let message = "there is no such file, so nobody can log in; Usher runs anon-user and local-userpass";
        context.report.notice(FILE, None, message);
    }
    json::read(context, FILE, |node| node.object().map(providers)).flatten().unwrap_or_default()
}

fn providers(fields: Fields<'_>) -> Providers {
    let mut providers = Providers::default();
    for (name, node) in fields.iter() {
        let Some(provider) = node.object() else {
            continue;
        };
        provider.notice_unknown(KEYS);
        let disabled = provider.flag("disabled");
        if !check_type(name, node, provider) || disabled {
            continue;
        }
        match name {
            ANON_USER => providers.anon_user = true,
            LOCAL_USERPASS => providers.local_userpass = Some(local_userpass(node, provider)),
            _ => node.not_run(
                &format!("the provider {}", quote(name)),
                "this version authenticates by anon-user and local-userpass only",
            ),
        }
    }
    if !providers.anon_user && providers.local_userpass.is_none() {
        fields.node.notice("no provider that Usher runs is switched on, so nobody can log in");
    }
    providers
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
    LocalUserpass { auto_confirm }
}

fn pending(node: Node<'_>) {
    node.not_run(
        "confirmation of registrations",
        "this version neither sends e-mail nor runs a confirmation function: \
         a registration stays pending until \"autoConfirm\" is true",
    );
}
