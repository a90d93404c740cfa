//! The embedded database, with the real program.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bson::{Document, doc};
use usher_database::{ConnectOptions, Database, Embedded, EmbeddedError, embedded};

/// How long a test waits for a database that comes up.
const PATIENCE: Duration = Duration::from_secs(180);

/// The first success.
async fn patiently<T, E: std::fmt::Display>(attempt: impl AsyncFn() -> Result<T, E>) -> T {
    let begun = Instant::now();
    loop {
        match attempt().await {
            Ok(done) => return done,
            Err(error) => assert!(begun.elapsed() < PATIENCE, "{error}"),
        }
    }
}

async fn connect(uri: &str) -> Database {
    patiently(async || Database::connect(uri, ConnectOptions::default()).await).await
}

fn kill(signal: &str, pid: u32) {
    assert!(Command::new("kill").args([signal, &pid.to_string()]).status().unwrap().success());
}

#[tokio::test]
async fn starts_survives_a_kill_and_keeps_its_data() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(embedded::running(directory.path()), None);
    let embedded = Embedded::start(directory.path(), None).await.unwrap();
    assert_eq!(embedded::running(directory.path()).as_deref(), Some(embedded.uri()));
    let database = connect(embedded.uri()).await;
    let things = database.system().collection::<Document>("things");
    things.insert_one(doc! {"_id": 1}).await.unwrap();

    let killed = embedded.pid().unwrap();
    kill("-KILL", killed);
    // Two round trips at most can meet the dead process; the driver waits for the new one by itself.
    let found = patiently(async || things.find_one(doc! {"_id": 1}).await).await;
    assert_eq!(found, Some(doc! {"_id": 1}));
    assert_ne!(embedded.pid(), Some(killed));
    assert_eq!(embedded::running(directory.path()).as_deref(), Some(embedded.uri()));

    let last = embedded.pid().unwrap();
    embedded.stop().await;
    assert!(!Path::new(&format!("/proc/{last}")).exists(), "stopped but still there");
    assert_eq!(embedded::running(directory.path()), None);

    let again = Embedded::start(directory.path(), None).await.unwrap();
    let things = connect(again.uri()).await.system().collection::<Document>("things");
    assert_eq!(things.count_documents(doc! {}).await.unwrap(), 1);
    again.stop().await;
}

#[tokio::test]
async fn two_ushers_do_not_share_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    let first = Embedded::start(directory.path(), None).await.unwrap();
    let Err(error @ EmbeddedError::Locked { .. }) = Embedded::start(directory.path(), None).await.map(|_| ()) else {
        panic!("the second got in");
    };
    assert!(error.to_string().contains("--data"), "{error}");
    connect(first.uri()).await.ping().await.unwrap();
    first.stop().await;
}

/// What `kill -9` of Usher leaves: the database runs on, `database.json` names it, nobody holds the lock.
#[tokio::test]
async fn an_orphan_is_ended_and_its_data_taken_over() {
    let directory = tempfile::tempdir().unwrap();
    let first = Embedded::start(directory.path(), None).await.unwrap();
    let program = std::fs::read_link(format!("/proc/{}/exe", first.pid().unwrap())).unwrap();
    let uri = first.uri().to_owned();
    connect(&uri).await.system().collection("things").insert_one(doc! {"_id": 1}).await.unwrap();
    first.stop().await;

    let port = uri.split(['/', ':']).find_map(|part| part.parse::<u16>().ok()).unwrap();
    let storage = directory.path().canonicalize().unwrap().join("database");
    let mut orphan = Command::new(program)
        .args(["--port", &port.to_string(), "--storage-path"])
        .arg(&storage)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let record = serde_json::json!({"pid": orphan.id(), "port": port, "uri": uri});
    std::fs::write(directory.path().join("database.json"), record.to_string()).unwrap();
    connect(&uri).await.ping().await.unwrap();
    assert_eq!(embedded::running(directory.path()), None, "nobody supervises it");

    let second = Embedded::start(directory.path(), None).await.unwrap();
    assert!(orphan.try_wait().unwrap().is_some(), "the orphan lives");
    let things = connect(second.uri()).await.system().collection::<Document>("things");
    assert_eq!(things.count_documents(doc! {}).await.unwrap(), 1);
    second.stop().await;
}

/// A recorded process number may belong to somebody else by now.
#[tokio::test]
async fn a_stranger_with_the_recorded_pid_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let mut stranger = Command::new("sleep").arg("600").spawn().unwrap();
    // Nor is its port free.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let record = serde_json::json!({"pid": stranger.id(), "port": port, "uri": "mongodb://127.0.0.1:1"});
    std::fs::write(directory.path().join("database.json"), record.to_string()).unwrap();
    let embedded = Embedded::start(directory.path(), None).await.unwrap();
    assert!(stranger.try_wait().unwrap().is_none(), "the stranger was ended");
    stranger.kill().unwrap();
    stranger.wait().unwrap();
    embedded.stop().await;
}

#[tokio::test]
async fn a_program_that_ends_at_once_is_reported_with_its_log() {
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("broken");
    std::fs::write(&program, "#!/bin/sh\necho the disk is on fire\nexit 3\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&program, mode).unwrap();
    let error = Embedded::start(directory.path(), Some(&program)).await.err().unwrap().to_string();
    assert!(error.contains("exit status: 3") && error.contains("the disk is on fire"), "{error}");

    let missing = directory.path().join("missing");
    let error = Embedded::start(directory.path(), Some(&missing)).await.err().unwrap();
    assert!(matches!(error, EmbeddedError::ProgramMissing(path) if path == missing));
}

/// Between the choice of a port and the moment in which the database listens there, anybody may take it: here another
/// database, which answers as ours would.
#[tokio::test]
async fn a_port_that_is_taken_meanwhile_is_left_to_whoever_took_it() {
    let directory = tempfile::tempdir().unwrap();
    let probe = tempfile::tempdir().unwrap();
    let embedded = Embedded::start(probe.path(), None).await.unwrap();
    let real = std::fs::read_link(format!("/proc/{}/exe", embedded.pid().unwrap())).unwrap();
    embedded.stop().await;
    // The first start is beaten by a stranger, to whom the port is left as soon as it answers.
    let program = directory.path().join("beaten");
    let script = format!(
        "#!/bin/bash
cd {directory:?}
if mkdir stranger; then
    while [ \"$1\" != --port ]; do set -- \"${{@:2}}\" \"$1\"; done
    setsid {real:?} --port $2 --storage-path stranger/data >stranger/log 2>&1 &
    echo $! >stranger/pid
    echo $2 >stranger/port
    until (exec 3<>/dev/tcp/127.0.0.1/$2) 2>/dev/null; do :; done
fi
exec {real:?} \"$@\"
",
        directory = directory.path(),
    );
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let data = directory.path().join("data");
    let embedded = Embedded::start(&data, Some(&program)).await.unwrap();
    let read = |name: &str| std::fs::read_to_string(directory.path().join("stranger").join(name)).unwrap();
    let stranger = format!("mongodb://127.0.0.1:{}/?directConnection=true", read("port").trim());
    assert_ne!(embedded.uri(), stranger);
    let status = connect(embedded.uri()).await.client().database("admin").run_command(doc! {"serverStatus": 1}).await;
    assert_eq!(status.unwrap().get("pid").unwrap().to_string(), embedded.pid().unwrap().to_string());
    connect(&stranger).await.ping().await.unwrap();
    assert_eq!(embedded::running(&data).as_deref(), Some(embedded.uri()));
    embedded.stop().await;
    kill("-KILL", read("pid").trim().parse().unwrap());
}
