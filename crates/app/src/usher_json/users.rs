//! `"users"`: how users are kept.

use std::time::Duration;

use usher_contract::limits;

use crate::UsersConfig;
use crate::json::{Fields, Node};

const KEYS: &[&str] = &["case_insensitive_email", "refresh_token_seconds", "anonymous_days", "delete_custom_data"];
const DAY: u64 = 24 * 60 * 60;

pub(super) fn read(file: Fields<'_>) -> UsersConfig {
    let Some(fields) = file.get("users").and_then(Node::object) else {
        return UsersConfig::default();
    };
    fields.refuse_unknown(KEYS);
    let (least, most) = (limits::REFRESH_TOKEN_LEAST.as_secs(), limits::REFRESH_TOKEN_MOST.as_secs());
    let days = limits::ANONYMOUS_USER_MOST.as_secs() / DAY;
    UsersConfig {
        case_insensitive_email: fields.flag("case_insensitive_email"),
        refresh_token_lifetime: amount(fields, "refresh_token_seconds", least, most).map(Duration::from_secs),
        anonymous_lifetime: amount(fields, "anonymous_days", 1, days).map(|days| Duration::from_secs(days * DAY)),
        delete_custom_data: fields.flag("delete_custom_data"),
    }
}

fn amount(fields: Fields<'_>, key: &str, least: u64, most: u64) -> Option<u64> {
    let node = fields.get(key)?;
    let amount = node.whole_number()?;
    if !(least..=most).contains(&amount) {
        let message = format!("\"{key}\" is {amount}, which is not from {least} to {most}");
        node.mistake(message, format!("give a number from {least} to {most}, or leave it out for the default"));
        return None;
    }
    Some(amount)
}
