//! `functions/call` over HTTP: without a database beside bare hyper, with one read beside the bare driver.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bson::oid::ObjectId;
use bson::raw::RawDocumentBuf;
use bson::{Bson, doc};
use bytes::Bytes;
use mongodb::options::ClientOptions;
use mongodb::{Client as Driver, Collection};
use usher_contract::limits;

use crate::floor;
use crate::load::Client;
use crate::measure::{Row, in_turn, throughput};
use crate::server::{Floor, Server};

/// Connections at once: enough to keep every processor busy, few enough not to measure queues.
const LANES: usize = 16;
const ROUND: Duration = Duration::from_secs(2);
pub(crate) const CALL: &str = "/api/client/v2.0/app/sample/functions/call";
const ECHO: &str = r#"{"name":"echo","arguments":[{"nickname":"Ada","visits":{"$numberInt":"7"},"tags":["a","b"]}]}"#;
const READ: &str = r#"{"name":"get_custom_data","arguments":[]}"#;

/// The echo function beside bare hyper that reads and writes the same bodies.
pub(crate) async fn echo(name: &'static str, server: &Server) -> Result<Row> {
    let bare = Floor::start()?;
    let (token, _) = token(server).await?;
    let answer =
        Client::connect(&server.address).await?.post(CALL, Some(&token), Bytes::from_static(ECHO.as_bytes())).await?;
    if answer != floor::ANSWER.as_bytes() {
        bail!("the floor does not answer what echo answers: {}", String::from_utf8_lossy(&answer));
    }
    in_turn(name, "calls/s", || calls(&server.address, &token, ECHO), || calls(&bare.address, &token, ECHO)).await
}

/// A function that reads the caller's document beside the driver reading it.
pub(crate) async fn read(server: &Server) -> Result<Row> {
    let (token, user) = token(server).await?;
    let driver = driver(server).await?;
    let documents: Collection<RawDocumentBuf> = driver.database("app").collection("custom_data");
    in_turn(
        "rpc-read",
        "calls/s",
        || calls(&server.address, &token, READ),
        || {
            throughput(LANES, ROUND, |_, until| {
                let documents = documents.clone();
                // The filter that the capability joins: a user's id may be stored as a string or as an ObjectId.
                let ids = ObjectId::parse_str(&user).map(|id| [Bson::from(user.as_str()), Bson::from(id)]);
                async move {
                    let [string, object_id] = ids?;
                    let mut read = 0;
                    while Instant::now() < until {
                        let found = documents.find_one(doc! { "user_id": { "$in": [&string, &object_id] } }).await?;
                        found.context("the document is gone")?;
                        read += 1;
                    }
                    Ok(read)
                }
            })
        },
    )
    .await
}

/// The bare driver, with as many connections as Usher's may have.
async fn driver(server: &Server) -> Result<Driver> {
    let mut options = ClientOptions::parse(&server.mongodb).await?;
    options.max_pool_size = Some(limits::CONCURRENT_CALLS);
    Ok(Driver::with_options(options)?)
}

async fn calls(address: &str, token: &str, body: &'static str) -> Result<f64> {
    let mut clients = Vec::new();
    for _ in 0..LANES {
        clients.push(Client::connect(address).await?);
    }
    throughput(LANES, ROUND, |_, until| {
        let (client, token) = (clients.pop(), token.to_owned());
        async move {
            let mut client = client.context("one client for each lane")?;
            client.repeat(CALL, Some(&token), &Bytes::from_static(body.as_bytes()), until).await
        }
    })
    .await
}

/// The access token of a new user, and the user's id.
pub(crate) async fn token(server: &Server) -> Result<(String, String)> {
    let reply = Client::connect(&server.address).await?.log_in().await?;
    let text = |name: &str| reply[name].as_str().map(str::to_owned).with_context(|| format!("no {name}"));
    Ok((text("access_token")?, text("user_id")?))
}
