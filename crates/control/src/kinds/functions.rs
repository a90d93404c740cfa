//! Functions: `functions/<name>.js`, and an entry in `functions/config.json`.

use serde_json::{Value, json};

use super::{About, Kind, Members};
use crate::error::ControlError;
use crate::workspace::{Workspace, text};

const MANIFEST: &str = "functions/config.json";
const SOURCE: &str = "source";
/// Members of an entry that are Usher's own. Clients of App Services do not send them, which is no wish to lose them.
const OWN: [&str; 3] = ["budget", "grants", "account"];

/// Functions, by name.
pub struct Functions;

impl Kind for Functions {
    fn about(&self) -> About {
        About {
            word: "function",
            missing: "FunctionNotFound",
            taken: "FunctionDuplicateName",
            listed: &["name", "private", "can_evaluate", "run_as_system", "run_as_user_id", "disable_arg_logs"],
        }
    }

    fn all(&self, workspace: &Workspace) -> Vec<(String, Members)> {
        let one = |mut entry: Members| {
            let name = entry.get("name")?.as_str()?.to_owned();
            let source = workspace.files.read(&path(&name)).unwrap_or_default();
            entry.insert(SOURCE.to_owned(), json!(String::from_utf8_lossy(source)));
            Some((name, entry))
        };
        workspace.array(MANIFEST).into_iter().filter_map(one).collect()
    }

    fn write(
        &self,
        workspace: &mut Workspace,
        key: &str,
        mut members: Members,
        before: Option<&Members>,
    ) -> Result<(), ControlError> {
        let source = text(&members, SOURCE)?.as_bytes().to_vec();
        members.remove(SOURCE);
        for own in OWN {
            if let Some(kept) = before.and_then(|before| before.get(own)) {
                members.entry(own).or_insert_with(|| kept.clone());
            }
        }
        // Both say that there is no rule.
        if members.get("can_evaluate").is_some_and(Value::is_null) {
            members.remove("can_evaluate");
        }
        workspace.files.write(path(key), source)?;
        workspace.put_in_array(MANIFEST, |entry| is(entry, key), Some(members))
    }

    fn remove(&self, workspace: &mut Workspace, key: &str) -> Result<(), ControlError> {
        workspace.files.remove(&path(key));
        workspace.put_in_array(MANIFEST, |entry| is(entry, key), None)
    }
}

fn path(name: &str) -> String {
    format!("functions/{name}.js")
}

fn is(entry: &Members, name: &str) -> bool {
    entry.get("name").and_then(Value::as_str) == Some(name)
}
