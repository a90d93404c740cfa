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

/// Files that start Usher themselves, on apps with JavaScript functions.
fn node_alone(file: &str) {
    let status = Command::new("node")
        .args(["--test", file])
        .current_dir(repository("tests/wire"))
        .env("USHER_PROGRAM", env!("CARGO_BIN_EXE_usher"))
        .status()
        .unwrap_or_else(|error| panic!("node: {error}; install Node 20 or later"));
    assert!(status.success(), "{file} failed");
}

#[test]
fn exported_apps_run_as_they_are() {
    node_alone("apps.test.mjs");
}

#[test]
fn the_dialect_of_app_services() {
    node_alone("dialect.test.mjs");
}

#[test]
fn the_dialect_with_mongodb() {
    node_alone("dialect_data.test.mjs");
}

#[test]
fn every_bson_type_makes_the_round_trip_through_javascript() {
    node_alone("dialect_values.test.mjs");
}

#[test]
fn modules_and_requests_of_javascript() {
    node_alone("dialect_web.test.mjs");
}

#[test]
fn every_failure_of_the_mongodb_service() {
    node_alone("mongo_failures.test.mjs");
}

#[test]
fn the_mongodb_service_under_rules() {
    node_alone("mongo.test.mjs");
}

#[test]
fn endpoints_and_webhooks() {
    node_alone("endpoints.test.mjs");
}

#[test]
fn credentials_of_other_authorities() {
    node_alone("providers.test.mjs");
}

#[test]
fn a_browsers_way_to_a_provider_and_back() {
    node_alone("redirect.test.mjs");
}

#[test]
fn the_core_of_native_sdks() {
    node_alone("core.test.mjs");
}

#[test]
fn realm_web_in_a_browser() {
    node_alone("browser.test.mjs");
}

#[test]
fn the_last_stitch_sdk() {
    node_alone("stitch.test.mjs");
}

#[test]
fn a_command_line_pushes_an_app() {
    node_alone("command_line.test.mjs");
}

#[test]
fn registrations_are_confirmed_and_passwords_reset() {
    node_alone("userpass.test.mjs");
}

#[test]
fn identities_are_linked() {
    node_alone("linking.test.mjs");
}

#[test]
fn api_keys_and_the_end_of_access_tokens() {
    node_alone("api_keys.test.mjs");
}

#[test]
fn the_log_of_an_app() {
    node_alone("logs.test.mjs");
}

#[test]
fn collections_are_watched() {
    node_alone("watch.test.mjs");
}

#[test]
fn the_admin_api() {
    node_alone("admin.test.mjs");
}

#[test]
fn apps_change_by_the_admin_api() {
    node_alone("admin_changes.test.mjs");
}
