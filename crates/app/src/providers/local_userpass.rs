//! `local-userpass`: how registrations are confirmed and passwords reset (reference 3.4).

use usher_contract::limits;

use crate::json::{Fields, Node};
use crate::known::Known;
use crate::{Confirmation, LocalUserpass, Mail, Reset};

const KEYS: &[&str] = &[
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

pub(super) fn read(provider: Fields<'_>, known: Known<'_>) -> LocalUserpass {
    match provider.get("config").map(Node::object) {
        Some(Some(config)) => {
            config.refuse_misspelt(KEYS);
            LocalUserpass { confirmation: confirmation(config, known), reset: reset(config, known) }
        }
        // Without a word about it, registrations are not confirmed by themselves.
        _ => {
            pending(provider.node);
            LocalUserpass { confirmation: Confirmation::Mail(Mail::default()), reset: Reset::None }
        }
    }
}

/// Where several ways are switched on, the one that lets fewer people in.
fn confirmation(config: Fields<'_>, known: Known<'_>) -> Confirmation {
    if config.flag("runConfirmationFunction") {
        let name = config.required("confirmationFunctionName").and_then(|node| known.function(node));
        return Confirmation::Function(name.unwrap_or_default().to_owned());
    }
    if config.flag("autoConfirm") {
        return Confirmation::Automatic;
    }
    let mail = mail(config, "emailConfirmationUrl", "confirmEmailSubject");
    if mail.url.is_empty() {
        pending(config.node);
    }
    Confirmation::Mail(mail)
}

fn reset(config: Fields<'_>, known: Known<'_>) -> Reset {
    if config.flag("runResetFunction") {
        let name = config.required("resetFunctionName").and_then(|node| known.function(node));
        return Reset::Function(name.unwrap_or_default().to_owned());
    }
    let mail = mail(config, "resetPasswordUrl", "resetPasswordSubject");
    if mail.url.is_empty() { Reset::None } else { Reset::Mail(mail) }
}

fn mail(config: Fields<'_>, url: &str, subject: &str) -> Mail {
    let address = config.text(url).unwrap_or_default();
    if let Some(node) = config.get(url).filter(|_| !address.is_empty() && url::Url::parse(address).is_err()) {
        node.mistake("is no address that a link could lead to", "write it whole: \"https://example.com/confirm\"");
    }
    let text = config.text(subject).unwrap_or_default();
    if let Some(node) = config.get(subject).filter(|_| text.chars().count() > limits::MAIL_SUBJECT_CHARS) {
        let message = format!("a subject has at most {} characters", limits::MAIL_SUBJECT_CHARS);
        node.mistake(message, "make it shorter");
    }
    Mail { url: address.to_owned(), subject: text.to_owned() }
}

fn pending(node: Node<'_>) {
    node.notice(
        "nothing confirms a registration: \"autoConfirm\" is off, and there is neither a confirmation function nor an \
         \"emailConfirmationUrl\", so only an operator can, by `usher users confirm` or the admin API",
    );
}
