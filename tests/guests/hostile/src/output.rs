//! What leaves the function: its answer and its log.

use usher_sdk::bindings::invocation::{Level, log};

use crate::{Answer, number};

/// 20 MiB, above MongoDB's limit of one document.
pub(crate) fn huge_result() -> Answer {
    Ok(large(20 << 20))
}

/// `{result: "xxx…"}` in about so many bytes, which are allocated once: it is the host that should run out.
pub(crate) fn large(size: usize) -> Vec<u8> {
    const KEY: &[u8] = b"\x02result\0";
    let length = |length: usize| (length as i32).to_le_bytes();
    let mut document = Vec::with_capacity(size + 32);
    document.extend_from_slice(&length(4 + KEY.len() + 4 + size + 1 + 1));
    document.extend_from_slice(KEY);
    document.extend_from_slice(&length(size + 1));
    document.resize(document.len() + size, b'x');
    document.extend_from_slice(&[0, 0]);
    document
}

/// Documents in documents, each the field `result` of the one around it; no stack is needed to make them here.
pub(crate) fn nested(depth: usize) -> Vec<u8> {
    const KEY: &[u8] = b"\x03result\0";
    let length = 4 + KEY.len() + 1;
    let mut heads = Vec::with_capacity(depth * (length - 1));
    for level in (1..=depth).rev() {
        heads.extend_from_slice(&((level * length + 5) as i32).to_le_bytes());
        heads.extend_from_slice(KEY);
    }
    heads.extend_from_slice(&[5, 0, 0, 0, 0]);
    heads.resize(heads.len() + depth, 0);
    heads
}

pub(crate) fn deep_result() -> Answer {
    Ok(nested(5_000))
}

/// A line of a kibibyte, a hundred thousand times.
pub(crate) fn log_flood() -> Answer {
    let line = "x".repeat(1024);
    for _ in 0..100_000 {
        log(Level::Info, &line);
    }
    number(100_000)
}

/// The same by standard output.
pub(crate) fn print_flood() -> Answer {
    let line = "x".repeat(1024);
    for _ in 0..100_000 {
        println!("{line}");
    }
    number(100_000)
}

pub(crate) fn stdout() -> Answer {
    println!("one line");
    print!("a line ");
    println!("in two parts");
    eprintln!("a line of standard error");
    log(Level::Warn, "a line of the log");
    number(5)
}
