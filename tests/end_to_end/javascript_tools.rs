//! What an author of JavaScript functions works with: new, test, inspect, import.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Usher, guest, program, run};

/// A sample app of its own, made by `usher new`, with a data directory beside it.
struct Sample {
    home: TempDir,
}

impl Sample {
    fn new() -> Self {
        let sample = Self { home: tempfile::tempdir().unwrap() };
        let made = run(&["new", sample.app().to_str().unwrap()]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        sample
    }

    fn app(&self) -> PathBuf {
        self.home.path().join("my-app")
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.app().join(file), text).unwrap();
    }

    /// `usher test` with what else is given.
    fn test(&self, more: &[&str]) -> Output {
        let data = self.home.path().join("data");
        program().arg("test").arg(self.app()).arg("--data").arg(data).args(more).output().unwrap()
    }
}

#[track_caller]
fn json_of(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{error}: {text}{}", String::from_utf8_lossy(&output.stderr)))
}

fn json_command(arguments: &[&str]) -> Value {
    let output = run(&[&["--json"], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    json_of(&output)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for item in fs::read_dir(from).unwrap() {
        let item = item.unwrap();
        let to = to.join(item.file_name());
        if item.file_type().unwrap().is_dir() {
            copy(&item.path(), &to);
        } else {
            fs::copy(item.path(), to).unwrap();
        }
    }
}

#[tokio::test]
async fn a_new_app_runs_at_once() {
    let sample = Sample::new();
    let types = sample.app().join("functions/usher.d.ts");
    fs::remove_file(&types).unwrap();
    let usher = Usher::dev(&sample.app());
    let client = usher.client("my-app");
    let token = client.token().await;
    assert_eq!(client.call(&token, "set_nickname", json!(["Ada"])).await.body, true);
    assert_eq!(client.call(&token, "get_profile", json!([])).await.body["nickname"], "Ada");
    assert_eq!(client.call(&token, "leave_message", json!(["Hello"])).await.body, json!({ "$numberInt": "1" }));
    assert!(types.exists(), "dev writes the types where editors find them");
}

#[test]
fn the_tests_of_a_new_app_pass() {
    let sample = Sample::new();
    let output = sample.test(&["--json"]);
    let outcomes = json_of(&output);
    assert!(output.status.success(), "{outcomes:#}");
    let outcomes = outcomes.as_array().unwrap();
    assert_eq!(outcomes.len(), 6);
    assert!(outcomes.iter().all(|outcome| outcome["passed"] == true));
    let message = outcomes.iter().find(|outcome| outcome["function"] == "leave_message").unwrap();
    assert_eq!(message["logs"], json!(["message 2"]));
}

#[test]
fn a_test_that_fails_says_how_and_the_command_fails() {
    let sample = Sample::new();
    sample.write(
        "tests/users.json",
        r#"[
            {
                "name": "wrong result", "function": "set_nickname", "as": {"user": {}}, "arguments": ["Ada"],
                "expect": {"result": true}
            },
            {
                "name": "wrong document", "function": "set_nickname",
                "as": {"user": {"id": "64b000000000000000000001"}}, "arguments": ["Ada"],
                "documents": {"app.custom_data": [{"_id": 1, "user_id": "64b000000000000000000001"}]},
                "expect": {"documents": {"app.custom_data": [
                    {"_id": 1, "user_id": "64b000000000000000000001", "nickname": "Bob"}
                ]}}
            },
            {
                "name": "no error", "function": "get_profile", "as": {"user": {}},
                "expect": {"error": {"message": "nothing"}}
            }
        ]"#,
    );
    let output = sample.test(&["--only", "wrong"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!output.status.success(), "{text}");
    assert!(text.contains("✗ tests/users.json: wrong result"), "{text}");
    assert!(text.contains("result: expected true, got false"), "{text}");
    assert!(text.contains(r#"app.custom_data.nickname: expected "Bob", got "Ada""#), "{text}");
    assert!(text.contains("0 passed, 2 failed"), "{text}");
    let outcomes = json_of(&sample.test(&["--only", "no error", "--json"]));
    assert!(outcomes[0]["differences"][0].as_str().unwrap().starts_with("expected an error"), "{outcomes}");
}

#[test]
fn each_test_begins_with_empty_collections() {
    let sample = Sample::new();
    let once = |name: &str| {
        json!({
            "name": name, "function": "leave_message", "as": { "user": {} }, "arguments": ["x"],
            "expect": { "result": 1 },
        })
    };
    sample.write("tests/messages.json", &json!([once("first"), once("second")]).to_string());
    let output = sample.test(&["--json"]);
    assert!(output.status.success(), "{:#}", json_of(&output));
}

#[test]
fn a_mistake_in_a_test_is_told_before_anything_runs() {
    let sample = Sample::new();
    sample.write("tests/users.json", "{\n  \"nmae\": 1\n}");
    let output = sample.test(&[]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && text.contains("tests/users.json:2: unknown field `nmae`"), "{text}");
}

#[test]
fn inspect_says_what_each_function_can_touch() {
    let sample = Sample::new();
    let report = json_command(&["inspect", sample.app().to_str().unwrap()]);
    let functions = report["functions"].as_array().unwrap();
    let of = |name: &str| functions.iter().find(|function| function["name"] == name).unwrap();
    let sentence = of("set_nickname")["as"]["caller"]["sentence"].as_str().unwrap();
    let own = "may read and change the caller's own document in app.custom_data; may read and change what the rules give to \
               the caller in app.notes; nothing else";
    assert!(sentence.starts_with(own), "{sentence}");
    let system = of("leave_message")["as"]["system"]["sentence"].as_str().unwrap();
    assert!(system.contains("may read and insert every document in app.messages; nothing else"), "{system}");
    assert_eq!(of("leave_message")["as"]["caller"], Value::Null, "it always runs as the system");
}

#[test]
fn inspect_says_what_the_code_of_a_component_asks_for() {
    let sample = Sample::new();
    fs::write(sample.app().join("functions/hostile.wasm"), guest("hostile")).unwrap();
    let report = json_command(&["inspect", sample.app().to_str().unwrap()]);
    let functions = report["functions"].as_array().unwrap();
    let of = |name: &str| functions.iter().find(|function| function["name"] == name).unwrap();
    assert_eq!(of("set_nickname")["imports"], Value::Null, "a script imports what the engine does");
    let imports: Vec<&str> = of("hostile")["imports"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(imports.iter().any(|it| it.starts_with("invocation (")), "{imports:?}");
    assert!(imports.iter().all(|it| !it.starts_with("transactions")), "it uses none: {imports:?}");
}

#[test]
fn inspect_compares_two_deployments() {
    let sample = Sample::new();
    let (after, before) = (sample.app(), sample.home.path().join("before"));
    copy(&after, &before);
    sample.write("functions/get_profile.js", "exports = () => 1;");
    let config = fs::read_to_string(after.join("functions/config.json")).unwrap();
    let config = config.replace(r#""name": "set_nickname""#, r#""name": "set_nickname", "run_as_system": true"#);
    sample.write("functions/config.json", &config);

    let against = ["inspect", after.to_str().unwrap(), "--against", before.to_str().unwrap()];
    let difference = json_command(&against);
    assert_eq!(difference["added"], json!([]));
    let changed = difference["changed"].as_array().unwrap();
    let of = |name: &str| changed.iter().find(|function| function["name"] == name).unwrap();
    assert_eq!((&of("get_profile")["code"], &of("get_profile")["authority"]), (&json!(true), &Value::Null));
    assert_eq!(of("set_nickname")["code"], false);
    let text = String::from_utf8(run(&against).stdout).unwrap();
    assert!(text.contains("~ set_nickname: authority changed"), "{text}");
    assert!(text.contains("before: as its caller: may read and change the caller's own document"), "{text}");
    assert!(text.contains("after:  always as the system: may read and change every document"), "{text}");
}

#[test]
fn import_writes_the_grants_that_an_app_needs_once() {
    let sample = Sample::new();
    let (app, file) = (sample.app(), sample.app().join("usher.json"));
    fs::remove_file(&file).unwrap();
    sample.write(
        "functions/get_profile.js",
        "exports = (name) => context.services.get('mongodb-atlas').db('app').collection(name).find().toArray();",
    );
    let path = app.to_str().unwrap();
    let dry = json_command(&["import", path, "--dry-run"]);
    assert!(!file.exists());
    let warning = dry["warnings"][0].as_str().unwrap();
    assert!(warning.starts_with("functions/get_profile.js:1: the collection is known only at run time"), "{warning}");

    let written = json_command(&["import", path]);
    assert_eq!(written["grants"], dry["grants"]);
    let rows = written["grants"].as_array().unwrap();
    let of = |function: &str| rows.iter().find(|row| row["function"] == function).unwrap();
    assert_eq!(of("leave_message")["reach"], "mongodb-atlas app.messages");
    assert_eq!(of("leave_message")["operations"], json!(["read", "insert"]));
    assert_eq!(of("leave_message")["as"], "system");
    assert_eq!(of("get_profile")["reach"], "mongodb-atlas app.*");

    let again = run(&["import", path]);
    assert!(String::from_utf8_lossy(&again.stderr).contains("--force"), "a file that a person may have narrowed stays");
    assert!(run(&["import", path, "--force"]).status.success());
    // The function that needs the grant has it.
    let output = sample.test(&["--only", "a message", "--json"]);
    assert!(output.status.success(), "{:#}", json_of(&output));
}

#[test]
fn a_new_app_in_rust_has_no_mistake() {
    let home = tempfile::tempdir().unwrap();
    let app = home.path().join("rust-app");
    let app = app.to_str().unwrap();
    json_command(&["new", app, "--language", "rust"]);
    let report = json_command(&["check", app]);
    assert_eq!(report[0]["mistakes"], json!([]));
    assert!(!run(&["new", app]).status.success(), "nothing is overwritten");
}
