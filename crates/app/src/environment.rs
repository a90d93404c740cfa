//! `environments/<tag>.json`: what functions read as `context.environment` (reference 5.4, 7.7).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::data_sources::json_files;
use crate::json::{self, Fields};
use crate::root::ENVIRONMENTS;
use crate::{Context, Environment};

const DIRECTORY: &str = "environments";
/// The file of the app that names no environment.
const NONE: &str = "no-environment";

/// The environment `tag`. One without a file of its own has the values of `no-environment.json`.
pub(crate) fn read(context: Context<'_>, tag: &str) -> Environment {
    let mut environments = BTreeMap::new();
    // All of them are read: a mistake should not wait for the day the environment changes.
    for file in json_files(context, DIRECTORY) {
        let values = json::read(context, &file, |node| values(node.object()?)).flatten();
        let stem = file.trim_start_matches(DIRECTORY).trim_matches('/').trim_end_matches(".json").to_owned();
        if stem != NONE && !ENVIRONMENTS.contains(&stem.as_str()) {
            let others = ENVIRONMENTS[1..].join(", ");
            let message = format!("is of no environment: they are {NONE}, {others}");
            context.report.notice(&file, None, message);
        }
        environments.insert(stem, values.unwrap_or_default());
    }
    let values = environments.remove(tag).or_else(|| environments.remove(NONE)).unwrap_or_default();
    Environment { tag: tag.to_owned(), values }
}

fn values(fields: Fields<'_>) -> Option<Map<String, Value>> {
    fields.notice_unknown(&["values"]);
    let node = fields.get("values")?;
    node.object()?;
    match node.json()? {
        Value::Object(values) => Some(values),
        _ => None,
    }
}
