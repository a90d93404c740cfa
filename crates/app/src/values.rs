//! `values/<name>.json`: what functions read as `context.values` (reference 5.4, 7.7).

use std::collections::BTreeMap;

use usher_contract::limits;

use crate::data_sources::json_files;
use crate::json::{self, Node};
use crate::names::quote;
use crate::secrets::{Secrets, variable};
use crate::{AppValue, Context};

const DIRECTORY: &str = "values";
/// `id` and `private` are of the older layouts, and mean nothing here.
const KEYS: &[&str] = &["id", "name", "value", "from_secret", "private"];

/// The values by name. One whose secret is not known is absent, with a notice.
pub(crate) fn read(context: Context<'_>, secrets: &Secrets) -> BTreeMap<String, AppValue> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let mut values = BTreeMap::new();
    for file in json_files(context, DIRECTORY) {
        let Some((name, value)) = json::read(context, &file, |node| value(node, secrets)).flatten() else {
            continue;
        };
        if let Some(first) = files.get(&name) {
            let message = format!("a second value named {}, the first is {first}", quote(&name));
            context.report.mistake(&file, None, message, "rename or remove one of them");
            continue;
        }
        values.extend(value.map(|value| (name.clone(), value)));
        files.insert(name, file);
    }
    values
}

/// The name, and the value where it is known.
fn value(node: Node<'_>, secrets: &Secrets) -> Option<(String, Option<AppValue>)> {
    let fields = node.object()?;
    fields.notice_unknown(KEYS);
    let name = fields.required("name").and_then(name);
    let from_secret = fields.flag("from_secret");
    // Null is a value.
    let Some((_, given)) = fields.iter().find(|(key, _)| *key == "value") else {
        node.mistake("\"value\" is missing", "add \"value\"");
        return None;
    };
    let value = if from_secret {
        let secret = given.text()?;
        if secrets.get(secret).is_none() {
            given.notice(format!(
                "the secret {} is not known, so functions do not find the value: set {}, or give a file of secrets",
                quote(secret),
                variable(secret)
            ));
        }
        secrets.get(secret).map(|secret| AppValue::Secret(secret.to_owned()))
    } else {
        Some(AppValue::Plain(given.json()?))
    };
    Some((name?.to_owned(), value))
}

fn name(node: Node<'_>) -> Option<&str> {
    let name = node.text()?;
    if name.is_empty() || name.chars().count() > limits::FUNCTION_NAME_CHARS {
        let message = format!("a value's name has from 1 to {} characters", limits::FUNCTION_NAME_CHARS);
        node.mistake(message, "give it a shorter name, and use that in the functions");
        return None;
    }
    Some(name)
}
