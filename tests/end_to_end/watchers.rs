//! Thousands of watchers: what they cost, and that a change reaches them all.

use std::fs;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bson::{Bson, Document, doc};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::support::{Usher, repository};

const WATCHERS: usize = 2_000;
/// They log in as so many users, each of whom the rules have to be asked about.
const USERS: usize = 20;
/// Resident memory of the host, its code included.
const MEMORY_KB: u64 = 200_000;
const PATIENCE: Duration = Duration::from_secs(600);

/// A stream of changes of a collection of the app `tests/javascript/rules`, read as it comes.
struct Watcher {
    stream: TcpStream,
    text: String,
}

impl Watcher {
    async fn open(address: &str, token: &str, collection: &str) -> Self {
        let call = json!({
            "name": "watch", "service": "mongodb-atlas", "arguments": [{"database": "main", "collection": collection}],
        });
        let call = BASE64_URL_SAFE_NO_PAD.encode(call.to_string());
        let path = format!("/api/client/v2.0/app/rules/functions/call?baas_request={call}");
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\r\n");
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut watcher = Self { stream, text: String::new() };
        watcher.read_until("\r\n\r\n").await;
        assert!(watcher.text.starts_with("HTTP/1.1 200 OK\r\n"), "{}", watcher.text);
        watcher
    }

    /// Reads until it has read a text.
    async fn read_until(&mut self, text: &str) {
        let mut bytes = [0; 4_096];
        while !self.text.contains(text) {
            let count = self.stream.read(&mut bytes).await.unwrap();
            assert_ne!(count, 0, "the stream ended after {:?}", self.text);
            self.text.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
        }
    }
}

/// Resident memory of a process in kB: as a whole, and without what it maps from files.
fn memory(process: u32) -> (u64, u64) {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
    };
    (line("VmRSS:"), line("RssAnon:"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_idle_watchers_in_under_200_megabytes_and_a_change_reaches_them_all() {
    let files = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: files.maximum, ..files }).unwrap();

    // The first host that has the app compiles it, which takes more memory than to serve it.
    drop(Usher::serve(&[&repository("tests/javascript/rules")]));
    let usher = Usher::serve(&[&repository("tests/javascript/rules")]);
    let address = usher.url.trim_start_matches("http://").to_owned();
    let (mut tokens, mut users) = (Vec::new(), Vec::new());
    for _ in 0..USERS {
        let login = usher.client("rules").log_in_anonymously().await;
        tokens.push(login.text("access_token").to_owned());
        users.push(login.text("user_id").to_owned());
    }
    let idle = memory(usher.pid());

    let begin = Instant::now();
    let mut watchers = Vec::new();
    for index in 0..WATCHERS {
        watchers.push(Watcher::open(&address, &tokens[index % USERS], "notes").await);
    }
    let opened = begin.elapsed();
    let watched = memory(usher.pid());

    // The first is for nobody's eyes, the second for everybody's.
    let notes = usher.database("main").await.collection::<Document>("notes");
    notes.insert_one(doc! {"owner_id": "nobody", "text": "hidden"}).await.unwrap();
    let readers: Vec<Bson> = users.into_iter().map(Bson::from).collect();
    let begin = Instant::now();
    notes.insert_one(doc! {"owner_id": "nobody", "text": "shown", "readers": readers}).await.unwrap();
    let mut reading = JoinSet::new();
    for mut watcher in watchers {
        reading.spawn(async move {
            timeout(PATIENCE, watcher.read_until(r#""text":"shown""#)).await.unwrap();
            assert!(!watcher.text.contains("hidden"), "{}", watcher.text);
            watcher
        });
    }
    let watchers = reading.join_all().await;
    let reached = begin.elapsed();
    let after = memory(usher.pid());
    eprintln!(
        "{} watchers: opened in {opened:?}, reached in {reached:?}; the host's memory in kB (resident, of which anonymous): \
         {idle:?} before, {watched:?} with them, {after:?} after a change",
        watchers.len()
    );
    assert_eq!(watchers.len(), WATCHERS);
    assert!(watched.0 < MEMORY_KB, "{watched:?} kB");
    assert!(after.0 < MEMORY_KB, "{after:?} kB");
}

#[tokio::test]
async fn a_client_that_reads_nothing_loses_its_connection() {
    let usher = Usher::serve_with(&[&repository("tests/javascript/rules")], &["--send-deadline", "1"]);
    let address = usher.url.trim_start_matches("http://");
    let token = usher.client("rules").token().await;
    let watcher = Watcher::open(address, &token, "open").await;
    let ends = [watcher.stream.peer_addr().unwrap().port(), watcher.stream.local_addr().unwrap().port()];
    assert!(is_held(ends), "as long as there is nothing to read, it may read nothing");
    let open = usher.database("main").await.collection::<Document>("open");
    let big = "x".repeat(1_000_000);
    let begin = Instant::now();
    // More and more, whatever the buffers of both sides take.
    while is_held(ends) {
        assert!(begin.elapsed() < PATIENCE, "it is still connected");
        open.insert_one(doc! {"big": &big}).await.unwrap();
    }
}

/// Whether the host has a connection between these ports: its own, and that of its client.
fn is_held(ends: [u16; 2]) -> bool {
    let connections = fs::read_to_string("/proc/net/tcp").unwrap();
    let [own, other] = ends.map(|port| format!(":{port:04X}"));
    connections.lines().any(|line| {
        let mut addresses = line.split_whitespace().skip(1);
        [&own, &other].into_iter().all(|end| addresses.next().is_some_and(|address| address.ends_with(end.as_str())))
    })
}
