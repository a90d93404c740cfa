//! The operations that a trigger waits for: `operation_type` or `operation_types`, one or several, in any case.

use crate::json::{Fields, Node};
use crate::names::{near, quote};

/// What happens to users.
const OF_USERS: &[&str] = &["CREATE", "LOGIN", "DELETE", LOGOUT];
/// App Services listed it in places, and never fired it (reference 2.2).
const LOGOUT: &str = "LOGOUT";
/// What happens to documents, and with a trigger of a whole database or of all of them to collections. The names of MongoDB
/// stand beside those that App Services gave to what happens to collections.
const OF_DATA: &[&str] = &[
    "INSERT",
    "UPDATE",
    "REPLACE",
    "DELETE",
    "CREATE_COLLECTION",
    "MODIFY_COLLECTION",
    "RENAME_COLLECTION",
    "DROP_COLLECTION",
    "SHARD_COLLECTION",
    "RESHARD_COLLECTION",
    "REFINE_COLLECTION_SHARD_KEY",
    "CREATE_INDEXES",
    "DROP_INDEXES",
    "DROP_DATABASE",
    "DROP",
    "RENAME",
    "DROPDATABASE",
    "INVALIDATE",
];

/// Those of an authentication trigger; `None` where it would never fire.
pub(super) fn of_users(config: Fields<'_>) -> Option<Vec<String>> {
    let Some(node) = given(config) else {
        config.node.mistake("\"operation_type\" is missing", "write \"CREATE\", \"LOGIN\" or \"DELETE\"");
        return None;
    };
    let mut operations = read(node, OF_USERS);
    if let Some(index) = operations.iter().position(|operation| operation == LOGOUT) {
        node.notice("LOGOUT never fires");
        operations.remove(index);
    }
    // None at all would mean all of them.
    (!operations.is_empty()).then_some(operations)
}

/// Those of a database trigger; none for all of them.
pub(super) fn of_data(config: Fields<'_>) -> Vec<String> {
    given(config).map(|node| read(node, OF_DATA)).unwrap_or_default()
}

fn given<'d>(config: Fields<'d>) -> Option<Node<'d>> {
    let given = |key| config.get(key).filter(|node| !node.is_empty());
    given("operation_types").or(given("operation_type"))
}

fn read(node: Node<'_>, known: &[&'static str]) -> Vec<String> {
    let mut operations: Vec<String> = Vec::new();
    for node in node.one_or_more() {
        let Some(text) = node.text() else { continue };
        let operation = text.to_ascii_uppercase();
        if !known.contains(&operation.as_str()) {
            let guess = near(text, known).map(|near| format!("; did you mean {}?", quote(near)));
            let message = format!("{} is not an operation{}", quote(text), guess.unwrap_or_default());
            node.mistake(message, format!("the operations here are {}", known.join(", ")));
        } else if !operations.contains(&operation) {
            operations.push(operation);
        }
    }
    operations
}
