//! The authorities, without a database: a local host stands for all of them.

mod codes;
mod facebook;
mod host;
mod id_token;
mod key_sets;
mod keys;
mod tokens;

use serde_json::{Value, json};

use super::{External, Refusal, Vouched};
use crate::error::IdentityError;

fn external() -> External {
    External::new().unwrap()
}

/// Seconds since the Unix epoch, so much later.
fn in_seconds(seconds: i64) -> i64 {
    bson::DateTime::now().timestamp_millis() / 1000 + seconds
}

/// Claims with some changed; `null` takes one away.
fn changed(claims: &Value, changes: Value) -> Value {
    let mut claims = claims.as_object().unwrap().clone();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.remove(name)),
            value => drop(claims.insert(name.clone(), value.clone())),
        }
    }
    json!(claims)
}

/// Why a credential was not good.
fn reason(outcome: Result<Vouched, Refusal>) -> String {
    match outcome {
        Err(Refusal::Bad(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

fn is_unavailable(outcome: &Result<Vouched, Refusal>) -> bool {
    matches!(outcome, Err(Refusal::Told(IdentityError::Overloaded(_))))
}
