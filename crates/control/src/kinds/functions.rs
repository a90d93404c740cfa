//! Functions: `functions/<name>.js`, and an entry in `functions/config.json`.

use serde_json::{Value, json};

use super::{Kind, Members};
use crate::error::ControlError;
use crate::workspace::{Workspace, text};

const MANIFEST: &str = "functions/config.json";
const SOURCE: &str = "source";
/// Members of an entry that are Usher's own. Clients of App Services do not send them, which is no wish to lose them.
const OWN: [&str; 3] = ["budget", "grants", "account"];

/// Functions, by name.
pub struct Functions;

impl Kind for Functions {
    fn word(&self) -> &'static str {
        "function"
    }

    fn codes(&self) -> (&'static str, &'static str) {
        ("FunctionNotFound", "FunctionDuplicateName")
    }

    fn listed(&self) -> &'static [&'static str] {
        &["name", "private", "can_evaluate", "run_as_system", "run_as_user_id", "disable_arg_logs"]
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

    fn key(&self, _: &Workspace, members: &Members) -> Result<String, ControlError> {
        text(members, "name").map(str::to_owned)
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
        let mut entries = workspace.array(MANIFEST);
        match entries.iter_mut().find(|entry| is(entry, key)) {
            Some(entry) => *entry = members,
            None => entries.push(members),
        }
        workspace.files.write(path(key), source)?;
        workspace.write_array(MANIFEST, entries)
    }

    fn remove(&self, workspace: &mut Workspace, key: &str) -> Result<(), ControlError> {
        let mut entries = workspace.array(MANIFEST);
        entries.retain(|entry| !is(entry, key));
        workspace.files.remove(&path(key));
        workspace.write_array(MANIFEST, entries)
    }
}

fn path(name: &str) -> String {
    format!("functions/{name}.js")
}

fn is(entry: &Members, name: &str) -> bool {
    entry.get("name").and_then(Value::as_str) == Some(name)
}
