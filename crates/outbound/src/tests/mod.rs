//! Requests to servers on this machine.

mod grants;
mod limits;
mod redirects;
mod requests;
mod server;
mod tls;

use std::time::{Duration, Instant};

use bson::spec::BinarySubtype;
use bson::{Binary, Bson, Document, doc};
use rustls::RootCertStore;
use usher_contract::Failure;

use crate::resolver::Lookup;
use crate::{Origin, Outbound};

/// How long a request may take that should be answered.
const PATIENCE: Duration = Duration::from_secs(180);

fn outbound() -> Outbound {
    Outbound::new().unwrap()
}

/// With other answers to questions for names than the system's.
fn outbound_with(lookup: Lookup) -> Outbound {
    Outbound::with(RootCertStore::empty(), lookup).unwrap()
}

fn grant(scheme: &str, host: &str, port: u16) -> Origin {
    Origin { scheme: scheme.into(), host: host.into(), port }
}

/// This machine by its address.
fn here(port: u16) -> Origin {
    grant("http", "127.0.0.1", port)
}

fn get(url: impl Into<String>) -> Document {
    doc! { "method": "GET", "url": url.into() }
}

async fn send(outbound: &Outbound, granted: &[Origin], request: Document) -> Result<Document, Failure> {
    let deadline = Instant::now() + PATIENCE;
    let response = outbound.send(granted, &request.to_vec().unwrap(), deadline).await?;
    Ok(Document::from_reader(response.as_slice()).unwrap())
}

/// Sends with a grant for the one server.
async fn ask(port: u16, request: Document) -> Result<Document, Failure> {
    send(&outbound(), &[here(port)], request).await
}

fn body(response: &Document) -> &[u8] {
    response.get_binary_generic("body").unwrap()
}

fn text(response: &Document) -> &str {
    std::str::from_utf8(body(response)).unwrap()
}

fn binary(bytes: impl Into<Vec<u8>>) -> Bson {
    Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes: bytes.into() })
}
