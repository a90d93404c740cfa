//! The grants as a table: function, collection, operations, and on whose behalf.

use serde_json::{Value, json};
use usher_app::{App, DataGrant, UsherConfig};

use super::{operations, origin};
use crate::output::table;

/// What stands for all functions.
const EVERY: &str = "(every function)";
const SYSTEM: &str = "system";
const OWN: &str = "the caller: own document only";
const RULED: &str = "the caller: what the rules allow";
const REFUSED: &str = "the caller: nothing, for want of rules";

/// One function's grant.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    function: String,
    /// A collection, or an origin.
    reach: String,
    operations: Vec<&'static str>,
    whom: String,
}

/// Every grant with every function that has it, by function.
pub(super) fn rows(app: &App, config: &UsherConfig) -> Vec<Row> {
    let mut rows = Vec::new();
    for grant in &config.grants {
        let collection = grant.collection.as_deref().unwrap_or("*");
        for (function, system) in holders(app, &grant.functions) {
            rows.push(Row {
                function,
                reach: format!("{} {}.{collection}", grant.data_source, grant.database),
                operations: operations(grant.operations),
                whom: whom(app, grant, system),
            });
        }
    }
    for grant in &config.http {
        for (function, _) in holders(app, &grant.functions) {
            let whom = "any caller".to_owned();
            rows.push(Row { function, reach: origin(grant), operations: vec!["send requests"], whom });
        }
    }
    rows.sort();
    rows
}

/// The functions of a grant, and whether each runs as the system always, never by itself, or some do (`None`).
fn holders(app: &App, functions: &[String]) -> Vec<(String, Option<bool>)> {
    if functions.is_empty() {
        return vec![(EVERY.to_owned(), None)];
    }
    let system = |name: &String| app.functions.get(name).is_some_and(|function| function.run_as_system);
    functions.iter().map(|name| (name.clone(), Some(system(name)))).collect()
}

fn whom(app: &App, grant: &DataGrant, system: Option<bool>) -> String {
    let custom = &app.custom_user_data;
    let is_custom = custom.enabled
        && grant.database == custom.database
        && grant.collection.as_ref().is_none_or(|collection| *collection == custom.collection);
    let ruled = |collection: &str| app.rules.rules(&grant.data_source, &grant.database, collection).is_some();
    let caller = match &grant.collection {
        Some(collection) if ruled(collection) => RULED.to_owned(),
        Some(_) if is_custom => OWN.to_owned(),
        Some(_) => REFUSED.to_owned(),
        None if is_custom && !ruled(&custom.collection) => format!("{RULED}; own document in {}", custom.collection),
        None => RULED.to_owned(),
    };
    match system {
        Some(true) => SYSTEM.to_owned(),
        Some(false) => caller,
        None => format!("{SYSTEM}; {caller}"),
    }
}

impl Row {
    pub(super) fn json(&self) -> Value {
        json!({ "function": self.function, "reach": self.reach, "operations": self.operations, "as": self.whom })
    }
}

/// For a person, with what the last column leaves out.
pub(super) fn text(rows: &[Row]) -> String {
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| vec![row.function.clone(), row.reach.clone(), row.operations.join(", "), row.whom.clone()])
        .collect();
    format!(
        "{}\n\nA function that runs as its caller has the system's reach when the system calls it: an operator, a \
         function that runs as the system, or the creation of a user.",
        table(&["function", "collection", "operations", "as whom"], &cells)
    )
}
