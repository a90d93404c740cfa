//! `functions/config.json`: an entry for each function (reference 5.1), with Usher's own `budget`, `grants` and
//! `account`.

use std::collections::HashMap;

use usher_contract::Budget;

use crate::json::{self, Fields, Node};
use crate::names::{self, quote};
use crate::{Account, Context, Grant, budget, grants};

pub(crate) const FILE: &str = "functions/config.json";
const KEYS: &[&str] = &[
    "name",
    "private",
    "can_evaluate",
    "disable_arg_logs",
    "run_as_system",
    "run_as_user_id",
    "run_as_user_id_script_source",
    "budget",
    "grants",
    "account",
];

/// What the manifest says about one function.
pub(crate) struct Entry {
    pub(crate) name: String,
    /// Where its name stands; `None` for a function that has a source only.
    pub(crate) line: Option<usize>,
    pub(crate) private: bool,
    pub(crate) run_as_system: bool,
    pub(crate) disable_arg_logs: bool,
    pub(crate) budget: Budget,
    pub(crate) grants: Vec<Grant>,
    pub(crate) account: Account,
}

impl Entry {
    /// The entry of a function that has none.
    pub(crate) fn implied(name: &str, creation: Option<&str>) -> Self {
        Self {
            name: name.to_owned(),
            line: None,
            private: false,
            run_as_system: false,
            disable_arg_logs: false,
            budget: budget::read(None, creation == Some(name)),
            grants: Vec::new(),
            account: Account::default(),
        }
    }
}

/// The entries that have a name, each name once; `creation` is the name of the user-creation function.
pub(crate) fn read(context: Context<'_>, creation: Option<&str>) -> Vec<Entry> {
    json::read(context, FILE, |node| entries(node, creation)).unwrap_or_default()
}

fn entries(node: Node<'_>, creation: Option<&str>) -> Vec<Entry> {
    let mut lines = HashMap::new();
    let mut entries = Vec::new();
    for node in node.array().unwrap_or_default() {
        let Some(entry) = entry(node, creation) else {
            continue;
        };
        let line = entry.line.unwrap_or_default();
        if let Some(first) = lines.insert(entry.name.clone(), line) {
            let name = quote(&entry.name);
            let message = format!("a second function named {name} on line {line}, the first is on line {first}");
            node.mistake_at(line, message, "rename or remove one of them");
            continue;
        }
        entries.push(entry);
    }
    entries
}

fn entry(node: Node<'_>, creation: Option<&str>) -> Option<Entry> {
    let fields = node.object()?;
    unknown(fields);
    refuse_what_would_widen_access(fields);
    let name_node = fields.required("name");
    let name = name_node.and_then(Node::text);
    let entry = Entry {
        name: name.unwrap_or_default().to_owned(),
        line: name_node.map(Node::line),
        private: fields.flag("private"),
        run_as_system: fields.flag("run_as_system"),
        disable_arg_logs: fields.flag("disable_arg_logs"),
        budget: budget::read(fields.get("budget"), creation.is_some() && creation == name),
        grants: grants::read(fields.get("grants")),
        account: grants::account(fields.get("account")),
    };
    let name = name?;
    if !names::is_function_name(name) {
        let message = format!("{} cannot name a function", quote(name));
        name_node?.mistake(message, names::FUNCTION_NAME_HELP);
    }
    Some(entry)
}

/// Exports carry keys that mean nothing here, but a slip in one that does, as in `"privat": true`, would give away
/// what its author meant to keep.
fn unknown(fields: Fields<'_>) {
    for unknown in fields.unknown(KEYS) {
        match unknown.near {
            Some(near) => {
                let help = format!("write \"{near}\", or remove the field");
                fields.node.mistake_at(unknown.line, unknown.what(), help);
            }
            None => fields.node.notice_at(unknown.line, format!("{}; it has no effect", unknown.what())),
        }
    }
}

fn refuse_what_would_widen_access(fields: Fields<'_>) {
    let refuse = |key: &str, means: &str, instead: &str| {
        if let Some(node) = fields.get(key).filter(|node| !node.is_empty()) {
            node.mistake(
                format!("\"{key}\" is not run by this version, and ignoring it would {means}"),
                format!("{instead}, then remove \"{key}\""),
            );
        }
    };
    // `true` is the rule that always holds (reference 6.1).
    if !fields.get("can_evaluate").is_some_and(Node::is_true) {
        refuse(
            "can_evaluate",
            "let callers in that it keeps out",
            "check the caller at the start of the function, or make it private",
        );
    }
    let instead = "give the function the grants that it needs";
    refuse("run_as_user_id", "run the function as somebody else", instead);
    refuse("run_as_user_id_script_source", "run the function as somebody else", instead);
}
