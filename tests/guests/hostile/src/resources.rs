//! Time, memory, stack, calls.

use std::hint::black_box;
use std::time::Duration;

use usher_sdk::bindings::invocation;
use usher_sdk::bson::Document;

use crate::database::NOTHING;
use crate::{Answer, number};

pub(crate) fn endless_loop() -> Answer {
    let mut turns = 0_i64;
    loop {
        turns = black_box(turns.wrapping_add(1));
        if turns == -1 {
            return number(turns);
        }
    }
}

/// Keeps a mebibyte after another until the allocator has no more, then says how many it got.
pub(crate) fn memory_bomb() -> Answer {
    let mut kept: Vec<Vec<u8>> = Vec::new();
    loop {
        let mut block = Vec::new();
        if block.try_reserve_exact(1 << 20).is_err() {
            // What an ordinary allocation does then.
            panic!("out of memory after {} MiB", kept.len());
        }
        block.resize(1 << 20, 1);
        kept.push(black_box(block));
    }
}

/// Calls with nothing in memory, so that it is the engine's stack that runs out.
pub(crate) fn deep_recursion() -> Answer {
    #[inline(never)]
    fn deeper(depth: i64, end: i64) -> i64 {
        // Not a loop in disguise: neither operation can be moved past the other.
        if depth == end { 0 } else { deeper(depth + 1, end).wrapping_mul(31) ^ depth }
    }
    number(deeper(0, black_box(i64::MAX)))
}

/// Calls with large frames, which stand in the guest's own memory and run out below its beginning.
pub(crate) fn deep_frames() -> Answer {
    #[inline(never)]
    fn deeper(depth: i64) -> i64 {
        let frame = black_box([depth; 128]);
        if frame[3] == -1 { 0 } else { deeper(black_box(depth + 1)) + frame[7] }
    }
    number(deeper(0))
}

pub(crate) fn slow_sleep() -> Answer {
    std::thread::sleep(Duration::from_secs(3600));
    number(3600)
}

/// A million cheap calls to the host.
pub(crate) fn many_host_calls() -> Answer {
    let mut calls = 0;
    for _ in 0..1_000_000 {
        black_box(invocation::now());
        calls += 1;
    }
    number(calls)
}

pub(crate) fn calls_itself(name: &str, arguments: &[u8]) -> Answer {
    invocation::call_function(name, arguments)
}

/// Calls the function that its first argument names, without arguments.
pub(crate) fn calls_another(arguments: &[u8]) -> Answer {
    let name =
        Document::from_reader(arguments).ok().and_then(|arguments| Some(arguments.get_str("0").ok()?.to_owned()));
    invocation::call_function(&name.unwrap_or_default(), NOTHING)
}
