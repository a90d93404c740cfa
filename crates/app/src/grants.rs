//! `"grants"` and `"account"` in `functions/config.json`: what a function is handed besides custom user data.

use usher_contract::Operations;

use crate::json::Node;
use crate::names::{self, near, quote};
use crate::{Account, Grant, Reach};

const KEYS: &[&str] = &["name", "database", "collection", "operations", "own"];
const OPERATIONS: &[&str] = &["read", "insert", "update", "delete"];
const ACCOUNT: &[&str] = &["delete"];

/// The collections that a function is handed.
pub(crate) fn read(node: Option<Node<'_>>) -> Vec<Grant> {
    let mut grants: Vec<(usize, Grant)> = Vec::new();
    for node in node.and_then(Node::array).unwrap_or_default() {
        let Some(grant) = grant(node) else { continue };
        if let Some((first, _)) = grants.iter().find(|(_, other)| other.name == grant.name) {
            let message = format!("a second grant named {}, the first is on line {first}", quote(&grant.name));
            node.mistake(message, "give each grant of a function its own name");
        }
        grants.push((node.line(), grant));
    }
    grants.into_iter().map(|(_, grant)| grant).collect()
}

fn grant(node: Node<'_>) -> Option<Grant> {
    let fields = node.object()?;
    fields.refuse_unknown(KEYS);
    // Each is read before any is missed, so that all their mistakes are told.
    let name = fields.required("name").and_then(name);
    let database = fields.required("database").and_then(names::database);
    let collection = fields.required("collection").and_then(|node| names::collection(node, database));
    let operations = fields.get("operations").map_or(Some(Operations::ALL), operations);
    let reach = match fields.get("own") {
        Some(node) => names::id_field(node).map(|field| Reach::Own { field: field.to_owned() }),
        None => Some(Reach::Collection),
    };
    Some(Grant {
        name: name?.to_owned(),
        database: database?.to_owned(),
        collection: collection?.to_owned(),
        reach: reach?,
        operations: operations?,
    })
}

fn name(node: Node<'_>) -> Option<&str> {
    let name = node.text()?;
    if !names::is_function_name(name) {
        node.mistake(format!("{} cannot name a grant", quote(name)), names::FUNCTION_NAME_HELP);
        return None;
    }
    Some(name)
}

pub(crate) fn operations(node: Node<'_>) -> Option<Operations> {
    let chosen = words(node, OPERATIONS)?;
    if chosen.is_empty() {
        let help = format!("choose from {}, or leave \"operations\" out for all", OPERATIONS.join(", "));
        node.mistake("a grant without operations", help);
        return None;
    }
    Some(Operations {
        read: chosen.contains(&"read"),
        insert: chosen.contains(&"insert"),
        update: chosen.contains(&"update"),
        delete: chosen.contains(&"delete"),
    })
}

/// What a function may do to the calling user's account.
pub(crate) fn account(node: Option<Node<'_>>) -> Account {
    let chosen = node.and_then(|node| words(node, ACCOUNT)).unwrap_or_default();
    Account { delete: chosen.contains(&"delete") }
}

/// An array of words from a list.
fn words<'d>(node: Node<'d>, known: &[&str]) -> Option<Vec<&'d str>> {
    let word = |node: Node<'d>| {
        let word = node.text()?;
        if !known.contains(&word) {
            let guess = near(word, known).map(|near| format!("; did you mean {}?", quote(near)));
            let message = format!("unknown operation {}{}", quote(word), guess.unwrap_or_default());
            node.mistake(message, format!("the operations here are {}", known.join(", ")));
        }
        Some(word)
    };
    node.array()?.into_iter().map(word).collect()
}
