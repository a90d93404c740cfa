//! What a function can touch, in a sentence that a person can check.

use usher_contract::Operations;

use super::powers::{Access, DEFAULT_RULES, Powers, Rows};

/// Such as "may read and change the caller's own document in app.custom_data; nothing else".
pub(super) fn sentence(powers: &Powers) -> String {
    let mut parts: Vec<String> = Vec::new();
    // Equal things are said once, in the order in which they first come.
    let mut said: Vec<(String, Vec<String>)> = Vec::new();
    for access in &powers.access {
        let verb = format!("may {} {}", operations(access.operations), rows(&access.rows));
        match said.iter_mut().find(|(other, _)| *other == verb) {
            Some((_, places)) => places.push(place(access)),
            None => said.push((verb, vec![place(access)])),
        }
    }
    parts.extend(said.into_iter().map(|(verb, places)| format!("{verb} {}", list(&places))));
    if !powers.http.is_empty() {
        let origins: Vec<String> = powers.http.iter().cloned().collect();
        parts.push(format!("may send HTTP requests to {}", list(&origins)));
    }
    if powers.delete_account {
        parts.push("may delete the caller's account".to_owned());
    }
    if parts.is_empty() {
        return "may touch nothing".to_owned();
    }
    parts.push("nothing else".to_owned());
    parts.join("; ")
}

/// The kinds of operation, as verbs. To change is to insert, update, replace and delete.
pub(super) fn operations(operations: Operations) -> String {
    let Operations { read, insert, update, delete } = operations;
    let mut verbs = Vec::new();
    if read {
        verbs.push("read".to_owned());
    }
    if insert && update && delete {
        verbs.push("change".to_owned());
    } else {
        let others = [(insert, "insert"), (update, "update"), (delete, "delete")];
        verbs.extend(others.iter().filter(|(allowed, _)| *allowed).map(|(_, verb)| (*verb).to_owned()));
    }
    if verbs.is_empty() { "do nothing to".to_owned() } else { list(&verbs) }
}

fn rows(rows: &Rows) -> String {
    match rows {
        Rows::All => "every document in".to_owned(),
        Rows::Ruled => "what the rules give to the caller in".to_owned(),
        Rows::CustomData => "the caller's own document in".to_owned(),
        Rows::Own(field) => format!("the caller's own documents (whose field {field} holds the caller's id) in"),
    }
}

fn place(access: &Access) -> String {
    match &access.collection {
        None if access.database == DEFAULT_RULES => "every collection without roles of its own".to_owned(),
        Some(collection) => format!("{}.{collection}", access.database),
        None => format!("every collection of the database {}", access.database),
    }
}

/// "a", "a and b", "a, b and c".
pub(super) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
