//! The tests of `tests/wire`: real realm-web 2.0.1 on Node, and the protocol byte by byte.

use std::process::Command;

use crate::support::{Usher, repository, sample};

fn node(file: &str) {
    let usher = Usher::serve(&[&sample()]);
    let status = Command::new("node")
        .args(["--test", file])
        .current_dir(repository("tests/wire"))
        .env("USHER_URL", &usher.url)
        .env("USHER_APP", "sample")
        .env("USHER_MONGODB", &usher.mongodb)
        .status()
        .unwrap_or_else(|error| panic!("node: {error}; install Node 18 or later"));
    assert!(status.success(), "{file} failed");
}

#[test]
fn realm_web_tells_the_whole_story() {
    node("story.test.mjs");
}

#[test]
fn users_do_not_see_each_other() {
    node("isolation.test.mjs");
}

#[test]
fn the_protocol_to_the_letter() {
    node("protocol.test.mjs");
}

#[test]
fn every_bson_type_makes_the_round_trip() {
    node("values.test.mjs");
}
