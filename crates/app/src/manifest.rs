//! `functions/config.json`: an entry for each function (reference 5.1), with Usher's own `budget`, `grants` and
//! `account`. In the older layouts the entry of a function is its own file, `functions/<name>/config.json`.

use std::collections::HashMap;
use std::sync::Arc;

use usher_contract::Budget;
use usher_rules::Expression;

use crate::json::{self, Node};
use crate::names::{self, quote};
use crate::root::Layout;
use crate::run_as::{self, Authority};
use crate::sources::Sources;
use crate::{Account, Context, Grant, budget, grants, rules};

pub(crate) const FILE: &str = "functions/config.json";
const KEYS: &[&str] = &[
    "id",
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
    /// The name under which its source is found.
    pub(crate) source: String,
    /// Where its name stands: the file, and the line in it, which a function that has a source only has not.
    pub(crate) file: String,
    pub(crate) line: Option<usize>,
    pub(crate) private: bool,
    pub(crate) run_as: Option<Authority>,
    pub(crate) can_evaluate: Option<Arc<Expression>>,
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
            source: name.to_owned(),
            file: FILE.to_owned(),
            line: None,
            private: false,
            run_as: None,
            can_evaluate: None,
            disable_arg_logs: false,
            budget: budget::read(None, creation == Some(name)),
            grants: Vec::new(),
            account: Account::default(),
        }
    }
}

/// The entries that have a name, each name once; `creation` is the name of the user-creation function.
pub(crate) fn read(context: Context<'_>, layout: Layout, sources: &Sources, creation: Option<&str>) -> Vec<Entry> {
    let entries = match layout {
        Layout::Current => json::read(context, FILE, |node| {
            let nodes = node.array().unwrap_or_default().into_iter();
            nodes.filter_map(|node| entry(node, FILE, None, creation)).collect()
        })
        .unwrap_or_default(),
        Layout::Older => {
            let manifests = sources.manifests.iter();
            let read = manifests.filter_map(|(directory, file)| {
                json::read(context, file, |node| entry(node, file, Some(directory), creation)).flatten()
            });
            read.collect()
        }
    };
    without_repeated(context, entries)
}

fn without_repeated(context: Context<'_>, entries: Vec<Entry>) -> Vec<Entry> {
    let mut places: HashMap<String, (String, usize)> = HashMap::new();
    let mut kept = Vec::new();
    for entry in entries {
        let line = entry.line.unwrap_or_default();
        if let Some((file, first)) = places.get(&entry.name) {
            let first = if *file == entry.file { format!("on line {first}") } else { format!("in {file}") };
            let name = quote(&entry.name);
            let message = format!("a second function named {name} on line {line}, the first is {first}");
            context.report.mistake(&entry.file, entry.line, message, "rename or remove one of them");
            continue;
        }
        places.insert(entry.name.clone(), (entry.file.clone(), line));
        kept.push(entry);
    }
    kept
}

fn entry(node: Node<'_>, file: &str, directory: Option<&str>, creation: Option<&str>) -> Option<Entry> {
    let fields = node.object()?;
    fields.refuse_misspelt(KEYS);
    let name_node = fields.required("name");
    let name = name_node.and_then(Node::text);
    let owner = name.unwrap_or_default();
    let entry = Entry {
        name: name.unwrap_or_default().to_owned(),
        source: directory.or(name).unwrap_or_default().to_owned(),
        file: file.to_owned(),
        line: name_node.map(Node::line),
        private: fields.flag("private"),
        run_as: run_as::read(fields, owner),
        can_evaluate: rules::can_evaluate(fields),
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
