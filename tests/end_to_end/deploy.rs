//! What is refused at deploy, what is swapped, and how a host stops.

use std::path::Path;

use reqwest::StatusCode;
use serde_json::json;

use crate::support::{AppDirectory, Usher, guest, guest_text, run, sample};

/// `usher build` of an app with one component; gives what it printed when it refused.
fn refusal(component: &[u8], budget: serde_json::Value) -> String {
    let app = AppDirectory::new("refused").function("f", component, json!({ "budget": budget }));
    let data = tempfile::tempdir().unwrap();
    let path = |path: &Path| path.display().to_string();
    let output = run(&["build", &path(app.path()), "--data", &path(data.path())]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "deployed: {text}");
    text
}

#[test]
fn components_that_cannot_run_here_are_refused_by_name() {
    let cases: [(&str, Vec<u8>, &str); 7] = [
        ("sockets", guest("sockets"), "wasi:sockets/"),
        ("http", guest_text("http"), "wasi:http/outgoing-handler"),
        ("foreign", guest_text("foreign"), "acme:mailer/outbox"),
        ("huge memory", guest_text("huge_memory"), "memory"),
        ("huge table", guest_text("huge_table"), "table"),
        ("no handler", guest_text("no_handler"), "handler"),
        ("core module", guest_text("core_module"), "not a component"),
    ];
    for (case, component, expected) in cases {
        let text = refusal(&component, json!({}));
        assert!(text.contains(expected) && text.contains("function \"f\""), "{case}: {text}");
    }
    let text = refusal(&guest_text("large_memory"), json!({}));
    assert!(text.contains("memory_mib"), "the message says what to raise: {text}");
}

#[tokio::test]
async fn several_apps_share_a_host_and_nothing_else() {
    let hostile = guest("hostile");
    let one = AppDirectory::new("one").function("well_behaved", &hostile, json!({}));
    let two = AppDirectory::new("two").function("return_error", &hostile, json!({}));
    let usher = Usher::serve(&[one.path(), two.path()]);
    let (one, two) = (usher.client("one"), usher.client("two"));
    let token = one.token().await;
    assert_eq!(one.call(&token, "well_behaved", json!([])).await.status, StatusCode::OK);
    one.call(&token, "return_error", json!([])).await.assert_error(404, "FunctionNotFound", "return_error");
    // A token of one app opens nothing in the other.
    two.call(&token, "return_error", json!([])).await.assert_error(401, "InvalidSession", "invalid session");
    assert_eq!(two.register("ada@example.com").await.status, StatusCode::CREATED);
    one.log_in("ada@example.com").await.assert_error(401, "InvalidPassword", "unauthorized");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dev_swaps_a_mended_app_and_keeps_the_old_one_while_it_is_broken() {
    let hostile = guest("hostile");
    let mut app = AppDirectory::new("dev").function("well_behaved", &hostile, json!({}));
    let usher = Usher::dev(app.path());
    let client = usher.client("dev");
    let token = client.token().await;
    assert_eq!(client.call(&token, "well_behaved", json!([])).await.status, StatusCode::OK);

    app.write_text("functions/config.json", "[ { \"name\": ");
    usher.wait_for_log("goes on running");
    assert!(usher.log().contains("functions/config.json:1"), "{}", usher.log());
    assert_eq!(client.call(&token, "well_behaved", json!([])).await.status, StatusCode::OK);

    app.set_function("return_error", &hostile, json!({}));
    usher.wait_for_log("swapped in");
    client.call(&token, "return_error", json!([])).await.assert_error(400, "FunctionExecutionError", "Teapot");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_finishes_the_calls_that_run() {
    let app = AppDirectory::new("stop").function(
        "endless_loop",
        &guest("hostile"),
        json!({ "budget": { "wall_clock_ms": 1500 } }),
    );
    let mut usher = Usher::serve_with(&[app.path()], &["--log", "debug"]);
    let client = usher.client("stop");
    let token = client.token().await;
    let running = {
        let (client, token) = (client.clone(), token.clone());
        tokio::spawn(async move { client.call(&token, "endless_loop", json!([])).await })
    };
    // The call has begun once the function's log says so.
    usher.wait_for_log("invocation begins");
    usher.terminate();
    running.await.unwrap().assert_error(400, "ExecutionTimeLimitExceeded", "time limit");
    assert!(usher.wait(), "{}", usher.log());
}

#[tokio::test]
async fn compiled_code_survives_a_restart_and_damage() {
    let mut usher = Usher::serve_with_empty_cache(&[&sample()]);
    let kept = |usher: &Usher| {
        let engine = std::fs::read_dir(usher.data().join("cache")).unwrap().next().unwrap().unwrap().path();
        let mut files: Vec<_> = std::fs::read_dir(engine).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    };
    let times = |usher: &Usher| -> Vec<_> {
        kept(usher).iter().map(|file| std::fs::metadata(file).unwrap().modified().unwrap()).collect()
    };
    let before = times(&usher);
    assert_eq!(before.len(), 7, "one artifact for each function, and the code of single functions");
    usher.terminate();
    assert!(usher.wait());
    usher.restart();
    assert_eq!(times(&usher), before, "nothing was compiled again");

    usher.terminate();
    assert!(usher.wait());
    for file in kept(&usher) {
        let mut bytes = std::fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&file, bytes).unwrap();
    }
    usher.restart();
    assert!(usher.log().contains("damaged"), "{}", usher.log());
    let client = usher.client("sample");
    let token = client.token().await;
    assert_eq!(client.call(&token, "echo", json!(["hello"])).await.body, json!("hello"));
}
