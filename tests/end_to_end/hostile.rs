//! Functions that misbehave: each ends with its own error, while a well-behaved call beside it succeeds.

use std::collections::BTreeMap;

use reqwest::StatusCode;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::support::{AppDirectory, Client, Reply, Usher, guest, guest_text};

/// Each function of the hostile component, and what its call must answer.
const ENDS: &[(&str, &str)] = &[
    ("endless_loop", "execution time limit exceeded"),
    ("slow_sleep", "execution time limit exceeded"),
    ("memory_bomb", "MemoryLimitExceeded"),
    ("deep_recursion", "StackLimitExceeded"),
    ("many_host_calls", "HostCallLimitExceeded"),
    ("calls_itself", "CallDepthExceeded"),
    ("thousand_database_calls", "HostCallLimitExceeded"),
    ("huge_argument", "HostBytesLimitExceeded"),
    ("repeated_large_argument", "HostBytesLimitExceeded"),
    ("handle_flood", "HandleLimitExceeded"),
    ("cursor_flood", "HandleLimitExceeded"),
    ("deep_filter", "InvalidDocument"),
    ("log_flood", "LogLimitExceeded"),
    ("print_flood", "LogLimitExceeded"),
    ("return_error", "Teapot: short and stout"),
    ("trap", "trapped"),
    ("abort", "trapped"),
    ("table_growth", "TableLimitExceeded"),
    ("deep_result", "InvalidDocument"),
    ("not_bson_result", "InvalidDocument"),
    ("empty_result", "InvalidDocument"),
];

/// Those that end by the clock have it set to `milliseconds`. The others have all the time there is, so that they end by what
/// they are named for, however slow the machine.
fn app(milliseconds: u32) -> AppDirectory {
    let hostile = guest("hostile");
    let mut app = AppDirectory::new("hostile");
    let ends: BTreeMap<&str, &str> = ENDS.iter().copied().chain(OTHERS.iter().map(|&name| (name, ""))).collect();
    for (name, end) in ends {
        let component = if name == "table_growth" { guest_text(name) } else { hostile.clone() };
        let time = if end.contains("time limit") { milliseconds } else { AGES };
        app.set_function(name, &component, json!({ "budget": { "wall_clock_ms": time } }));
    }
    app
}

/// The most that a function may have.
const AGES: u32 = 300_000;
/// For functions that only the clock ends, where the test waits for that.
const SHORT: u32 = 1_000;

const OTHERS: &[&str] = &[
    "well_behaved",
    "garbage_filter",
    "huge_result",
    "huge_error",
    "exit",
    "read_clock",
    "read_random",
    "read_environment",
    "read_file",
    "stdout",
    "delete_account",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_ends_with_its_own_error_and_harms_nobody() {
    let app = app(SHORT);
    let usher = Usher::serve(&[app.path()]);
    let client = usher.client("hostile");
    let token = client.token().await;
    for (function, expected) in ENDS {
        let (ended, beside) =
            tokio::join!(client.call(&token, function, json!([])), client.call(&token, "well_behaved", json!([])),);
        let code =
            if expected.contains("time limit") { "ExecutionTimeLimitExceeded" } else { "FunctionExecutionError" };
        assert_eq!(ended.status, StatusCode::BAD_REQUEST, "{function}: {ended:?}");
        ended.assert_error(400, code, expected);
        assert_eq!((beside.status, beside.body), (StatusCode::OK, json!({ "$numberLong": "1" })), "beside {function}");
    }
}

/// Begins calls that go on for longer than the test, and gives them once they run in their sandboxes.
fn begin(usher: &Usher, client: &Client, token: &str, function: &'static str, count: usize) -> Vec<JoinHandle<Reply>> {
    let calls = (0..count).map(|_| {
        let (client, token) = (client.clone(), token.to_owned());
        tokio::spawn(async move { client.call(&token, function, json!([])).await })
    });
    let calls = calls.collect();
    usher.wait_until(&format!("{count} calls run"), |log| {
        log.lines().filter(|line| line.contains("invocation begins") && line.contains(function)).count() == count
    });
    calls
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_loops_on_every_processor_leave_room_for_others() {
    let app = app(AGES);
    let mut usher = Usher::serve_with(&[app.path()], &["--log", "debug"]);
    let client = usher.client("hostile");
    let token = client.token().await;
    let loops = begin(&usher, &client, &token, "endless_loop", 8);
    for _ in 0..10 {
        let reply = client.call(&token, "well_behaved", json!([])).await;
        assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    }
    assert!(loops.iter().all(|call| !call.is_finished()), "the loops were over before the others ran");
    // Nobody waits for the clock to end them. The next start looks after the database that is left.
    usher.kill();
    usher.restart();
}

#[tokio::test]
async fn what_a_guest_may_see_of_the_host() {
    let app = app(SHORT);
    let usher = Usher::serve(&[app.path()]);
    let client = usher.client("hostile");
    let token = client.token().await;
    let call = async |name: &str| client.call(&token, name, json!([])).await;

    let environment = call("read_environment").await;
    assert_eq!(environment.body["variables"], json!([]), "{environment:?}");
    assert_eq!(environment.body["arguments"], json!([]), "{environment:?}");
    call("read_file").await.assert_error(400, "FunctionExecutionError", "NoFile");

    let clock = call("read_clock").await.body;
    assert_eq!(clock["contract"], clock["wall"], "both clocks are the invocation's time");
    assert_eq!(clock["wall"], clock["wall_again"], "and it does not pass");
    let random = [call("read_random").await.body, call("read_random").await.body];
    assert_ne!(random[0], random[1], "two invocations have seeds of their own");

    assert_eq!(call("garbage_filter").await.body, json!({ "$numberLong": "5" }));
    call("huge_error").await.assert_error(400, "FunctionExecutionError", "LimitExceeded");
    assert_eq!(call("huge_result").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(call("exit").await.status, StatusCode::BAD_REQUEST);
    // Without the grant the account stays.
    call("delete_account").await.assert_error(400, "FunctionExecutionError", "GrantNotFound");

    assert_eq!(call("stdout").await.status, StatusCode::OK);
    let log = usher.log();
    let lines = log.lines().filter(|line| line.contains("usher::function") && line.contains("stdout")).count();
    assert_eq!(lines, 4, "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_calls_than_sandboxes_wait_their_turn() {
    let app = app(AGES);
    let mut usher = Usher::serve_with(&[app.path()], &["--concurrent-calls", "2", "--log", "debug"]);
    let client = usher.client("hostile");
    let token = client.token().await;
    let calls = futures::future::join_all((0..16).map(|_| client.call(&token, "well_behaved", json!([])))).await;
    assert!(calls.iter().all(|call| call.status == StatusCode::OK), "{calls:?}");
    // Two that never end hold every sandbox; a third is told so instead of waiting for ever.
    let sleeping = begin(&usher, &client, &token, "slow_sleep", 2);
    let refused = client.call(&token, "well_behaved", json!([])).await;
    refused.assert_error(503, "Overloaded", "busy");
    assert!(sleeping.iter().all(|call| !call.is_finished()));
    usher.kill();
    usher.restart();
}
