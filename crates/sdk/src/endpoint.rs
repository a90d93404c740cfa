//! Functions that answer HTTPS endpoints and webhooks.
//!
//! ```
//! use usher_sdk::prelude::*;
//! use usher_sdk::endpoint::{Request, Response};
//!
//! #[usher_sdk::function]
//! fn greet(request: Request) -> Result<Response> {
//!     match request.query.get("name") {
//!         Some(name) => Ok(Response::new(200).text(format!("Hello, {name}!"))),
//!         None => Ok(Response::new(400).text("who are you?")),
//!     }
//! }
//! ```
//!
//! A function that returns anything else answers with that value, where the endpoint has `respond_result`.

use std::collections::BTreeMap;

use bson::spec::BinarySubtype;
use bson::{Binary, Bson};
use serde::{Deserialize, Serialize};

use crate::error::Result;

/// The request: the one argument of the function.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Request {
    /// The parameters of the URL; of one that is given twice, the first.
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    /// The headers by name, each word with a capital: `Content-Type`.
    #[serde(default)]
    pub headers: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    body: Option<Binary>,
}

impl Request {
    /// The first value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, values) = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        values.first().map(String::as_str)
    }

    /// The body; empty where there is none.
    pub fn body(&self) -> &[u8] {
        self.body.as_ref().map(|body| body.bytes.as_slice()).unwrap_or_default()
    }

    /// The body as text.
    ///
    /// # Errors
    /// Where it is not UTF-8.
    pub fn text(&self) -> Result<&str> {
        Ok(std::str::from_utf8(self.body())?)
    }
}

/// The response. What a function returns as this type is sent as it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct Response {
    status_code: i32,
    headers: Vec<(String, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Bson>,
}

impl Response {
    /// A response without headers or body. The status is one from 200 to 599.
    pub fn new(status: u16) -> Self {
        Self { status_code: status.into(), headers: Vec::new(), body: None }
    }

    /// Adds a header.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body to a text. Without a header that says otherwise it is sent as JSON where it is that, else as plain
    /// text.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.body = Some(Bson::String(text.into()));
        self
    }

    /// Sets the body to bytes.
    pub fn bytes(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = Some(Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes: bytes.into() }));
        self
    }
}
