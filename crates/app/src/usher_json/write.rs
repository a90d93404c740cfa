//! Writing the grants of `usher.json`, for `usher import`.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value};
use usher_contract::Operations;

use super::FILE;
use crate::{DataGrant, HttpGrant, UsherConfig};

#[derive(Serialize)]
struct File<'a> {
    share_instance: bool,
    http: Vec<Http<'a>>,
    grants: Vec<Grant<'a>>,
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(untagged)]
enum Http<'a> {
    All(String),
    Some { origin: String, functions: &'a [String] },
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Grant<'a> {
    data_source: &'a str,
    database: &'a str,
    collection: &'a str,
    /// Left out where it is all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    operations: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    functions: &'a [String],
}

/// Writes `share_instance`, `http` and `grants` into the `usher.json` of an app directory; its other members stay as they
/// are. Pretty, and always in the same order, so that version control shows what changed and nothing else.
///
/// # Errors
/// The file cannot be written, or the one that is there is no JSON object. It is then as it was.
pub fn write_grants(directory: &Path, config: &UsherConfig) -> io::Result<()> {
    let mut file = File {
        share_instance: config.share_instance,
        http: config.http.iter().map(http).collect(),
        grants: config.grants.iter().map(grant).collect(),
    };
    file.http.sort();
    file.http.dedup();
    file.grants.sort();
    file.grants.dedup();
    let mut text = serde_json::to_string_pretty(&merged(directory, serde_json::to_value(&file)?)?)?;
    text.push('\n');
    // Whole or not at all: half a file would lock functions out of what they need.
    let part = directory.join(format!(".{FILE}.part"));
    let mut written = std::fs::File::create(&part)?;
    written.write_all(text.as_bytes())?;
    written.sync_all()?;
    std::fs::rename(&part, directory.join(FILE))
}

/// The file that is there with these members in place of its own; new ones come first, in their order.
fn merged(directory: &Path, written: Value) -> io::Result<Value> {
    let there = match std::fs::read(directory.join(FILE)) {
        Ok(content) => serde_json::from_slice(&content)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Map::new(),
        Err(error) => return Err(error),
    };
    let Value::Object(mut members) = written else { return Ok(written) };
    for (key, value) in there {
        members.entry(key).or_insert(value);
    }
    Ok(Value::Object(members))
}

fn http(grant: &HttpGrant) -> Http<'_> {
    let default = matches!((grant.scheme.as_str(), grant.port), ("https", 443) | ("http", 80));
    let port = if default { String::new() } else { format!(":{}", grant.port) };
    let origin = format!("{}://{}{port}", grant.scheme, grant.host);
    match &grant.functions[..] {
        [] => Http::All(origin),
        functions => Http::Some { origin, functions },
    }
}

fn grant(grant: &DataGrant) -> Grant<'_> {
    let Operations { read, insert, update, delete } = grant.operations;
    let words = [("read", read), ("insert", insert), ("update", update), ("delete", delete)];
    let granted = words.into_iter().filter_map(|(word, granted)| granted.then_some(word)).collect();
    Grant {
        data_source: &grant.data_source,
        database: &grant.database,
        collection: grant.collection.as_deref().unwrap_or("*"),
        operations: (grant.operations != Operations::ALL).then_some(granted),
        functions: &grant.functions,
    }
}
