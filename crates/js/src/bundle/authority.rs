//! Which functions were handed the same things, as numbers for the engine.

use std::collections::BTreeMap;

use usher_app::{App, Function, Source};

/// A number for each function that is JavaScript: functions with equal numbers have the same authority
/// ([`App::same_authority`]).
pub fn authorities(app: &App) -> BTreeMap<&str, i32> {
    let mut seen: Vec<&Function> = Vec::new();
    let mut numbers = BTreeMap::new();
    for (name, function) in &app.functions {
        if !matches!(function.source, Source::JavaScript(_) | Source::Inline { .. }) {
            continue;
        }
        let position = seen.iter().position(|other| app.same_authority(function, other));
        let number = position.unwrap_or_else(|| {
            seen.push(function);
            seen.len() - 1
        });
        numbers.insert(name.as_str(), i32::try_from(number).unwrap_or(i32::MAX));
    }
    numbers
}
