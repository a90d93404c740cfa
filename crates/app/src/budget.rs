//! `"budget"` in `functions/config.json`: what one invocation may spend, within the host's ceilings.

use std::time::Duration;

use usher_contract::{Budget, limits};

use crate::json::{Fields, Node};

const KEYS: &[&str] = &[
    "wall_clock_ms",
    "memory_mib",
    "table_elements",
    "host_calls",
    "database_calls",
    "host_bytes",
    "handles",
    "log_bytes",
];
const MIB: u64 = 1024 * 1024;

/// The budget of a function; `creation` where it runs before a user is created, inside a transaction.
pub(crate) fn read(node: Option<Node<'_>>, creation: bool) -> Budget {
    let mut budget = Budget::default();
    let mut longest = limits::WALL_CLOCK_CEILING;
    if creation {
        longest = limits::CREATION_WALL_CLOCK;
        budget.wall_clock = longest;
    }
    let Some(fields) = node.and_then(Node::object) else {
        return budget;
    };
    fields.refuse_unknown(KEYS);
    let longest = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
    if let Some(milliseconds) = amount(fields, "wall_clock_ms", longest) {
        budget.wall_clock = Duration::from_millis(milliseconds);
    }
    if let Some(mebibytes) = amount(fields, "memory_mib", limits::MEMORY_CEILING as u64 / MIB) {
        budget.memory = size(mebibytes * MIB);
    }
    let set = |target: &mut usize, key, ceiling: usize| {
        if let Some(amount) = amount(fields, key, ceiling as u64) {
            *target = size(amount);
        }
    };
    set(&mut budget.table_elements, "table_elements", limits::TABLE_ELEMENTS_CEILING);
    set(&mut budget.host_bytes, "host_bytes", limits::HOST_BYTES_CEILING);
    set(&mut budget.handles, "handles", limits::HANDLES_CEILING);
    set(&mut budget.log_bytes, "log_bytes", limits::LOG_BYTES_CEILING);
    if let Some(calls) = amount(fields, "host_calls", limits::HOST_CALLS_CEILING) {
        budget.host_calls = calls;
    }
    if let Some(calls) = amount(fields, "database_calls", limits::DATABASE_CALLS_CEILING) {
        budget.database_calls = calls;
    }
    budget
}

fn amount(fields: Fields<'_>, key: &str, ceiling: u64) -> Option<u64> {
    let node = fields.get(key)?;
    let amount = node.whole_number()?;
    if amount == 0 || amount > ceiling {
        node.mistake(
            format!("\"{key}\" is {amount}, which is not from 1 to {ceiling}"),
            format!("give a number from 1 to {ceiling}, or leave it out for the default"),
        );
        return None;
    }
    Some(amount)
}

/// Below a ceiling that is itself a `usize`.
fn size(amount: u64) -> usize {
    usize::try_from(amount).unwrap_or(usize::MAX)
}
