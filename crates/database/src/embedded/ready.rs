//! Waiting until a started database answers.

use std::path::Path;
use std::time::Duration;

use bson::{Bson, Document, doc};
use mongodb::Client;
use mongodb::error::Error;
use tokio::net::TcpStream;
use tokio::process::Child;
use usher_contract::limits;

use super::error::EmbeddedError;
use super::port;
use super::process::{self, Launch};
use super::program::Kind;

/// Pause between two looks. Nothing announces the moment, and one look costs microseconds.
const PAUSE: Duration = Duration::from_millis(20);
/// How much of the log an error shows.
const TAIL_LINES: usize = 15;

/// Waits until the database accepts writes, or has ended, or [`limits::DATABASE_START`] has passed.
pub(crate) async fn wait(launch: &Launch, child: &mut Child) -> Result<(), EmbeddedError> {
    let pid = child.id();
    let what = tokio::select! {
        outcome = answers(launch, pid) => match outcome {
            Ok(Answer::Ready) => return Ok(()),
            Ok(Answer::Stranger) => return Err(EmbeddedError::PortTaken(launch.port)),
            Err(error) => format!("refused to serve: {error}"),
        },
        status = child.wait() => match status {
            Ok(_) if port::taken(launch.port) => return Err(EmbeddedError::PortTaken(launch.port)),
            Ok(status) => format!("ended during its start ({status})"),
            Err(error) => format!("cannot be watched: {error}"),
        },
        () = tokio::time::sleep(limits::DATABASE_START) => {
            format!("did not answer within {} s", limits::DATABASE_START.as_secs())
        }
    };
    let log = launch.log();
    let tail = tail(&log);
    Err(EmbeddedError::NotReady { what, log, tail })
}

/// Who answers at the port.
enum Answer {
    /// Our database, and it accepts writes.
    Ready,
    /// A database that somebody else has started, whose data is not ours.
    Stranger,
}

async fn answers(launch: &Launch, ours: Option<u32>) -> Result<Answer, Error> {
    // The driver looks twice a second at most; knocking at the port is quicker.
    while TcpStream::connect(("127.0.0.1", launch.port)).await.is_err() {
        tokio::time::sleep(PAUSE).await;
    }
    let client = Client::with_uri_str(launch.uri()).await?;
    let admin = client.database("admin");
    let answering = process_id(&admin.run_command(doc! {"serverStatus": 1}).await?);
    if let (Some(answering), Some(ours)) = (answering, ours)
        && !process::in_group(answering, ours)
    {
        return Ok(Answer::Stranger);
    }
    if launch.program.kind == Kind::Mongod {
        join_replica_set(&admin, launch.port).await?;
    }
    while !is_primary(&admin.run_command(doc! {"hello": 1}).await?) {
        tokio::time::sleep(PAUSE).await;
    }
    Ok(Answer::Ready)
}

/// The process id that a database tells of itself.
fn process_id(status: &Document) -> Option<u32> {
    match status.get("pid")? {
        Bson::Int32(pid) => u32::try_from(*pid).ok(),
        Bson::Int64(pid) => u32::try_from(*pid).ok(),
        _ => None,
    }
}

fn is_primary(hello: &Document) -> bool {
    hello.get_bool("isWritablePrimary").unwrap_or(false)
}

/// Makes a `mongod` a replica set of one, or tells it its new address.
async fn join_replica_set(admin: &mongodb::Database, port: u16) -> Result<(), Error> {
    let host = format!("127.0.0.1:{port}");
    let Ok(mut current) = admin.run_command(doc! {"replSetGetConfig": 1}).await else {
        let config = doc! {"_id": "usher", "members": [{"_id": 0, "host": host}]};
        admin.run_command(doc! {"replSetInitiate": config}).await?;
        return Ok(());
    };
    let Ok(config) = current.get_document_mut("config") else {
        return Ok(());
    };
    let known = config.get_array("members").is_ok_and(|members| {
        members.iter().filter_map(|m| m.as_document()).any(|m| m.get_str("host").is_ok_and(|known| known == host))
    });
    if !known {
        let version = config.get_i32("version").unwrap_or(1);
        config.insert("members", vec![doc! {"_id": 0, "host": host}]);
        config.insert("version", version + 1);
        admin.run_command(doc! {"replSetReconfig": config.clone(), "force": true}).await?;
    }
    Ok(())
}

fn tail(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}
