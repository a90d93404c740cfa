//! A change until the last of many watchers has it, beside one bare change stream of the driver.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use bson::{Document, doc};
use mongodb::Client as Driver;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::load::Client;
use crate::measure::{Row, in_turn};
use crate::server::Server;

const WATCHERS: usize = 2_000;

/// `{"name":"watch","service":"mongodb-atlas","arguments":[{"database":"bench","collection":"watched"}]}`
const WATCH: &str = "/api/client/v2.0/app/sample/functions/call?baas_request=eyJuYW1lIjoid2F0Y2giLCJzZXJ2aWNlIjoibW9uZ29kYi\
                     1hdGxhcyIsImFyZ3VtZW50cyI6W3siZGF0YWJhc2UiOiJiZW5jaCIsImNvbGxlY3Rpb24iOiJ3YXRjaGVkIn1dfQ";

/// An app whose users see what is theirs or everybody's: every event has to be decided for every watcher.
const APP: [(&str, &str); 4] = [
    ("root_config.json", r#"{"app_id": "sample", "name": "sample"}"#),
    ("auth/providers.json", r#"{"anon-user": {"name": "anon-user", "type": "anon-user", "disabled": false}}"#),
    ("data_sources/mongodb-atlas/config.json", r#"{"name": "mongodb-atlas", "type": "mongodb-atlas", "config": {}}"#),
    (
        "data_sources/mongodb-atlas/bench/watched/rules.json",
        r#"{"database": "bench", "collection": "watched", "roles": [
            {"name": "owner", "apply_when": {"owner_id": "%%user.id"}, "read": true, "write": true},
            {"name": "reader", "apply_when": {"public": true}, "read": true}]}"#,
    ),
];

pub(crate) async fn run() -> Result<Row> {
    // A connection is a file, for the server as well, which inherits this.
    let files = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: files.maximum, ..files })?;

    let home = tempfile::tempdir()?;
    let app = home.path().join("app");
    for (file, text) in APP {
        let path = app.join(file);
        std::fs::create_dir_all(path.parent().context("a file is in a directory")?)?;
        std::fs::write(path, text)?;
    }
    let server = serve(&app)?;
    let (seen, mut arrivals) = mpsc::unbounded_channel();
    for _ in 0..WATCHERS {
        watch(&server, seen.clone()).await?;
    }
    let watched = Driver::with_uri_str(&server.mongodb).await?.database("bench").collection::<Document>("watched");
    let bare = Driver::with_uri_str(&server.mongodb).await?.database("bench").collection::<Document>("bare");
    let mut changes = bare.watch().await?;
    let arrivals = &tokio::sync::Mutex::new(&mut arrivals);
    let changes = &tokio::sync::Mutex::new(&mut changes);
    in_turn(
        "watch-2000",
        "ms",
        || async {
            let begin = Instant::now();
            watched.insert_one(doc! {"public": true, "text": "hello"}).await?;
            let mut arrivals = arrivals.lock().await;
            for _ in 0..WATCHERS {
                arrivals.recv().await.context("a watcher's stream has ended")?;
            }
            Ok(begin.elapsed().as_secs_f64() * 1e3)
        },
        || async {
            let begin = Instant::now();
            bare.insert_one(doc! {"public": true, "text": "hello"}).await?;
            let mut changes = changes.lock().await;
            while changes.next_if_any().await?.is_none() {}
            Ok(begin.elapsed().as_secs_f64() * 1e3)
        },
    )
    .await
}

fn serve(app: &Path) -> Result<Server> {
    let home: TempDir = tempfile::tempdir()?;
    let data = home.path().join("data");
    Server::run(home, |usher| usher.args(["serve", "--app"]).arg(app).arg("--data").arg(&data))
}

/// Opens a stream of a new user, who tells of every event.
async fn watch(server: &Server, seen: mpsc::UnboundedSender<()>) -> Result<()> {
    let login = Client::connect(&server.address).await?.log_in().await?;
    let token = login["access_token"].as_str().context("no access token")?;
    let mut stream = TcpStream::connect(&server.address).await?;
    let request = format!("GET {WATCH} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\r\n", server.address);
    stream.write_all(request.as_bytes()).await?;
    let mut bytes = vec![0; 4_096];
    let mut count = stream.read(&mut bytes).await?;
    if !bytes.starts_with(b"HTTP/1.1 200") {
        bail!("a watch was refused: {}", String::from_utf8_lossy(&bytes[..count]));
    }
    tokio::spawn(async move {
        // Events are short: each comes in one piece.
        while count > 0 {
            let Ok(read) = stream.read(&mut bytes).await else { return };
            count = read;
            for _ in bytes[..count].windows(5).filter(|part| part == b"data:") {
                if seen.send(()).is_err() {
                    return;
                }
            }
        }
    });
    Ok(())
}
