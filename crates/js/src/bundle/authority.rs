//! Which functions were handed the same things.

use std::collections::BTreeMap;

use usher_app::{App, Function, Source};

/// A number for each function that is JavaScript: functions with equal numbers were handed the same things. Whether they
/// run as the system is not part of it.
pub fn authorities(app: &App) -> BTreeMap<&str, i32> {
    let mut seen: Vec<(&Function, Vec<bool>)> = Vec::new();
    let mut numbers = BTreeMap::new();
    for (name, function) in &app.functions {
        if !matches!(function.source, Source::JavaScript(_)) {
            continue;
        }
        let listed = listed(app, name);
        let position = seen.iter().position(|(other, also)| same(function, other) && *also == listed);
        let number = position.unwrap_or_else(|| {
            seen.push((function, listed));
            seen.len() - 1
        });
        numbers.insert(name.as_str(), i32::try_from(number).unwrap_or(i32::MAX));
    }
    numbers
}

fn same(one: &Function, other: &Function) -> bool {
    one.grants == other.grants && one.account == other.account && one.budget == other.budget
}

/// Which of the app's grants of hosts and collections are this function's.
fn listed(app: &App, name: &str) -> Vec<bool> {
    let lists = app.usher.http.iter().map(|grant| &grant.functions);
    let lists = lists.chain(app.usher.grants.iter().map(|grant| &grant.functions));
    lists.map(|functions| functions.is_empty() || functions.iter().any(|function| function == name)).collect()
}
