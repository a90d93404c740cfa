//! Clients: keep-alive connections that send one request after the other.

use std::time::Instant;

use anyhow::{Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// One connection.
pub(crate) struct Client {
    sender: SendRequest<Full<Bytes>>,
    address: String,
}

impl Client {
    pub(crate) async fn connect(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender, address: address.to_owned() })
    }

    /// Sends one POST and gives the body of a 2xx answer.
    pub(crate) async fn post(&mut self, path: &str, token: Option<&str>, body: Bytes) -> Result<Bytes> {
        let mut request = Request::post(path).header(HOST, &self.address).header(CONTENT_TYPE, "application/json");
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        self.sender.ready().await?;
        let response = self.sender.send_request(request.body(Full::new(body))?).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        if !status.is_success() {
            bail!("{path}: {status}: {}", String::from_utf8_lossy(&body));
        }
        Ok(body)
    }

    /// Sends the same POST until `until`, and counts.
    pub(crate) async fn repeat(
        &mut self,
        path: &str,
        token: Option<&str>,
        body: &Bytes,
        until: Instant,
    ) -> Result<u64> {
        let mut sent = 0;
        while Instant::now() < until {
            self.post(path, token, body.clone()).await?;
            sent += 1;
        }
        Ok(sent)
    }

    /// Logs an anonymous user in; gives the reply.
    pub(crate) async fn log_in(&mut self) -> Result<Value> {
        let body = self
            .post("/api/client/v2.0/app/sample/auth/providers/anon-user/login", None, Bytes::from_static(b"{}"))
            .await?;
        Ok(serde_json::from_slice(&body)?)
    }
}
