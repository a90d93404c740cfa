//! Time, randomness and the environment, which are inputs of the invocation or not there at all.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use usher_sdk::answer;
use usher_sdk::bindings::invocation;
use usher_sdk::bson::{doc, oid::ObjectId};

use crate::{Answer, error};

/// `{contract, wall, wall_again, elapsed}`: milliseconds since the epoch, and nanoseconds between two looks.
pub(crate) fn read_clock() -> Answer {
    let wall = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(-1, |since| since.as_millis() as i64);
    let (begin, before) = (Instant::now(), wall());
    let elapsed = begin.elapsed().as_nanos() as i64;
    let clock = doc! {
        "contract": invocation::now() as i64,
        "wall": before,
        "wall_again": wall(),
        "elapsed": elapsed,
    };
    Ok(answer(&clock)?)
}

/// Two ObjectIds, which are made of time and random bytes.
pub(crate) fn read_random() -> Answer {
    Ok(answer(&[ObjectId::new(), ObjectId::new()])?)
}

/// Variables and arguments; there should be none.
pub(crate) fn read_environment() -> Answer {
    let variables: Vec<String> = std::env::vars().map(|(name, value)| format!("{name}={value}")).collect();
    let arguments: Vec<String> = std::env::args().collect();
    Ok(answer(&doc! { "variables": variables, "arguments": arguments })?)
}

/// There is no file to read.
pub(crate) fn read_file() -> Answer {
    match std::fs::read_to_string("/etc/passwd") {
        Ok(content) => Ok(answer(&content)?),
        Err(refused) => Err(error("NoFile", &refused.to_string())),
    }
}
