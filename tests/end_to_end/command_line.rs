//! The command line, beside a running host and without one.

use std::process::Output;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{AppDirectory, Usher, guest, program, run, sample};

#[track_caller]
fn answer(output: Output) -> Value {
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[track_caller]
fn refusal(output: Output) -> String {
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn an_operator_looks_after_users() {
    let usher = Usher::serve(&[&sample()]);
    let client = usher.client("sample");
    let users = |arguments: &[&str]| usher.command(&sample(), &[&["--json", "users"], arguments].concat());

    let created = answer(users(&["create", "ada@example.com", "--password", "correct horse"]));
    let id = created["id"].as_str().unwrap();
    let listed = answer(users(&["list"]));
    assert_eq!(listed[0]["id"], id);
    assert_eq!(listed[0]["email"], "ada@example.com");
    assert_eq!(listed[0]["providers"], json!(["local-userpass"]));

    let login = client.log_in("ada@example.com").await;
    assert_eq!(login.status, StatusCode::OK, "{login:?}");
    assert_eq!(login.text("user_id"), id, "the user existed before the first login");
    // The creation function ran when the operator created the user.
    let data = answer(usher.command(&sample(), &["--json", "custom-data", "get", "ada@example.com"]));
    assert_eq!(data["user_id"], id);

    answer(users(&["disable", "ada@example.com"]));
    client.log_in("ada@example.com").await.assert_error(401, "UserDisabled", "");
    let refresh = login.text("refresh_token");
    let session = client.send(Method::POST, "/auth/session", Some(refresh), Value::Null).await;
    session.assert_error(401, "InvalidSession", "invalid session");
    answer(users(&["enable", id]));
    let login = client.log_in("ada@example.com").await;
    assert_eq!(login.status, StatusCode::OK);

    assert_eq!(answer(users(&["revoke-sessions", id]))["ended"], 1);
    let session = client.send(Method::POST, "/auth/session", Some(login.text("refresh_token")), Value::Null).await;
    session.assert_error(401, "InvalidSession", "invalid session");

    answer(users(&["delete", id]));
    client.log_in("ada@example.com").await.assert_error(401, "InvalidPassword", "unauthorized");
    let data = answer(usher.command(&sample(), &["--json", "custom-data", "get", id]));
    assert_eq!(data["user_id"], id, "the document stays");
    assert_eq!(answer(usher.command(&sample(), &["--json", "custom-data", "delete", id]))["deleted"], 1);
    assert!(refusal(usher.command(&sample(), &["custom-data", "get", id])).contains("has no custom data"));
    assert!(refusal(users(&["disable", "nobody@example.com"])).is_empty(), "with --json the error is JSON");
}

#[tokio::test]
async fn custom_data_by_hand_shows_after_a_refresh() {
    let usher = Usher::serve(&[&sample()]);
    let client = usher.client("sample");
    let login = client.log_in_anonymously().await;
    let id = login.text("user_id").to_owned();
    let custom_data = |arguments: &[&str]| usher.command(&sample(), &[&["--json", "custom-data"], arguments].concat());

    let set = answer(custom_data(&["set", &id, r#"{"nickname": "Ada", "visits": {"$numberInt": "3"}}"#]));
    assert_eq!(set["nickname"], "Ada");
    assert_eq!(set["visits"], json!({ "$numberInt": "3" }));
    let fresh = client.call(login.text("access_token"), "get_custom_data", json!([])).await;
    assert_eq!(fresh.body["nickname"], "Ada");
    assert!(!custom_data(&["set", &id, r#"{"user_id": "somebody else"}"#]).status.success());
    assert!(!custom_data(&["set", &id, "not json"]).status.success());
    assert_eq!(answer(custom_data(&["get", &id]))["user_id"], id.as_str(), "nothing changed");
}

#[tokio::test]
async fn functions_are_called_from_the_command_line() {
    let usher = Usher::serve(&[&sample()]);
    let call = |arguments: &[&str]| usher.command(&sample(), &[&["--json", "functions", "call"], arguments].concat());
    assert_eq!(answer(call(&["echo", "42"])), json!({ "$numberInt": "42" }));
    assert_eq!(answer(call(&["echo", "plain text"])), json!("plain text"));
    assert_eq!(
        answer(call(&["echo", r#"{"$oid": "0123456789abcdef01234567"}"#])),
        json!({ "$oid": "0123456789abcdef01234567" })
    );

    let plain = usher.command(&sample(), &["functions", "call", "echo", r#"{"a": "b"}"#]);
    assert_eq!(String::from_utf8(plain.stdout).unwrap(), "{\n  \"a\": \"b\"\n}\n", "a person sees the result too");

    let login = usher.client("sample").log_in_anonymously().await;
    let id = login.text("user_id");
    assert_eq!(answer(call(&["get_custom_data", "--as", id]))["user_id"], id);
    assert!(!call(&["nothing_of_that_name"]).status.success());
}

#[tokio::test]
async fn rotated_keys_sign_new_tokens_and_old_ones_stay_valid() {
    let usher = Usher::serve(&[&sample()]);
    let client = usher.client("sample");
    let old = client.token().await;
    let rotated = program().args(["--json", "keys", "rotate", "--data"]).arg(usher.data()).output().unwrap();
    assert!(answer(rotated)["kid"].is_string());
    assert_eq!(client.call(&old, "echo", json!([1])).await.status, StatusCode::OK);
    let new = client.token().await;
    assert_eq!(client.call(&new, "echo", json!([1])).await.status, StatusCode::OK);
}

#[test]
fn without_a_running_host_a_command_starts_the_database_itself() {
    let data = tempfile::tempdir().unwrap();
    let app = AppDirectory::new("alone").function("well_behaved", &guest("hostile"), json!({}));
    let command = |arguments: &[&str]| {
        program().args(arguments).arg("--data").arg(data.path()).arg("--app").arg(app.path()).output().unwrap()
    };
    assert_eq!(answer(command(&["--json", "functions", "call", "well_behaved"])), json!({ "$numberLong": "1" }));
    let id = answer(command(&["--json", "users", "create", "ada@example.com", "--password", "correct horse"]));
    let listed = answer(command(&["--json", "users", "list"]));
    assert_eq!(listed[0]["id"], id["id"], "what one command wrote, the next one reads");
}

#[test]
fn whoever_looks_after_users_needs_no_secrets_of_the_app() {
    let data = tempfile::tempdir().unwrap();
    let app = AppDirectory::new("secretive").function("well_behaved", &guest("hostile"), json!({}));
    let signed = json!({
        "name": "custom-token", "type": "custom-token", "disabled": false,
        "config": { "signingAlgorithm": "HS256" }, "secret_config": { "signingKeys": ["nobody_gave_it"] },
    });
    app.write("auth/providers.json", &json!({ "custom-token": signed }));
    let command = |arguments: &[&str]| {
        program().args(arguments).arg("--data").arg(data.path()).arg("--app").arg(app.path()).output().unwrap()
    };
    for looking in [&["users", "list"][..], &["users", "pending"], &["triggers", "list"], &["logs"]] {
        let output = command(looking);
        assert!(output.status.success(), "{looking:?}: {}", String::from_utf8_lossy(&output.stderr));
        let first = looking == ["users", "list"];
        let new = String::from_utf8_lossy(&output.stderr).contains("holds no database yet");
        assert_eq!(new, first, "{looking:?}: an empty database is told of when it is made, and only then");
    }
    let running = refusal(command(&["functions", "call", "well_behaved"]));
    assert!(running.contains("USHER_SECRET_NOBODY_GAVE_IT"), "{running}");
}

#[test]
fn a_command_outside_of_an_app_says_how_to_name_one() {
    let nothing = tempfile::tempdir().unwrap();
    let output = program().args(["users", "list"]).current_dir(nothing.path()).output().unwrap();
    assert!(refusal(output).contains("--app DIR"));
    assert!(!nothing.path().join(".usher").exists(), "and starts nothing");
}

#[test]
fn what_a_called_function_writes_is_shown_to_whoever_calls_it() {
    let data = tempfile::tempdir().unwrap();
    let app = AppDirectory::new("talkative");
    app.write_text("functions/talk.js", "exports = () => { console.log('good morning'); return 1; };");
    let output =
        program().args(["functions", "call", "talk", "--data"]).arg(data.path()).arg("--app").arg(app.path()).output();
    let output = output.unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(log.contains("good morning"), "{log}");
    assert_eq!(answer(output), json!({ "$numberInt": "1" }), "and the result alone is on standard output");
}

#[test]
fn check_names_every_mistake_with_file_and_line() {
    let app = AppDirectory::new("broken");
    app.write_text("functions/config.json", "[\n  { \"name\": \"gone\" },\n  { \"name\": \"../out\" }\n]\n");
    app.write_text("auth/providers.json", "{\n  \"local-userpass\": oops\n}\n");
    let path = app.path().display().to_string();
    let text = refusal(run(&["check", &path]));
    assert!(text.contains("functions/config.json:2"), "{text}");
    assert!(text.contains("functions/config.json:3"), "{text}");
    assert!(text.contains("auth/providers.json:2"), "{text}");
    assert!(!text.contains('\u{1b}'), "no colour where there is no terminal: {text}");
    let output = run(&["check", "--json", &path]);
    let text = String::from_utf8(output.stdout).unwrap();
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report[0]["mistakes"].as_array().unwrap().len(), 3, "{report}");
    assert!(run(&["check", &sample().display().to_string()]).status.success());
}

#[test]
fn two_hosts_do_not_share_a_data_directory() {
    let usher = Usher::serve(&[&sample()]);
    let output = program()
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(usher.data())
        .arg("--app")
        .arg(sample())
        .output()
        .unwrap();
    let text = refusal(output);
    assert!(text.contains("--data") || text.contains("in use"), "{text}");
}
