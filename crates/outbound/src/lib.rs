//! HTTP requests that functions make, under a grant.
//!
//! - An [`Origin`] is where functions may send requests: a scheme, a host and a port.
//! - [`Outbound::send`] sends one request. Every address that it connects to was granted: redirects are followed hop
//!   by hop, and a name that resolves to a private address is refused at the moment of connecting.
//!
//! Nothing is taken from the process's surroundings: no proxy, no cookies, no credentials.

mod address;
mod failure;
mod headers;
mod origin;
mod redirect;
mod request;
mod resolver;
mod response;
mod slots;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use usher_contract::{ErrorCode, Failure, limits};

pub use origin::Origin;

use request::Request;
use resolver::{Lookup, Resolver};
use slots::Slots;

/// The way out: one for the whole process, cheap to clone.
#[derive(Clone)]
pub struct Outbound {
    client: Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>,
    slots: Arc<Slots>,
}

impl Outbound {
    /// Prepares connections. Certificates are trusted that the authorities of browsers have signed.
    ///
    /// # Errors
    /// [`ErrorCode::InternalServerError`] where TLS cannot be set up.
    pub fn new() -> Result<Self, Failure> {
        let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        Self::with(roots, resolver::system)
    }

    fn with(roots: RootCertStore, lookup: Lookup) -> Result<Self, Failure> {
        // The crypto that the database driver's TLS uses too; nothing is installed for the process.
        let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| Failure::new(ErrorCode::InternalServerError, format!("TLS cannot be set up: {error}")))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tcp = HttpConnector::new_with_resolver(Resolver::new(lookup));
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(limits::HTTP_CONNECT));
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(limits::HTTP_IDLE_PER_ORIGIN)
            .http1_max_headers(limits::HTTP_HEADERS)
            .http1_max_buf_size(limits::HTTP_HEAD_BYTES)
            // As Go's client writes them; a few servers mind.
            .http1_title_case_headers(true)
            .build(connector.wrap_connector(tcp));
        Ok(Self { client, slots: Arc::default() })
    }

    /// Sends a request and gives the response, both as the WIT package describes them (`tasks.start-request`). A
    /// response with any status is an answer, no error. `Accept-Encoding` is the host's: a compressed body arrives
    /// decompressed, with a `contentLength` of -1.
    ///
    /// # Errors
    /// - [`ErrorCode::GrantNotFound`]: no grant covers the origin of the request or of a redirect, or the host has
    ///   only private addresses; the message names the origin.
    /// - [`ErrorCode::HTTPError`]: the request is none, the host cannot be reached, or the response is too large.
    /// - [`ErrorCode::ExecutionTimeLimitExceeded`]: it did not end before the deadline.
    /// - [`ErrorCode::InvalidDocument`]: the request is not BSON.
    pub async fn send(&self, granted: &[Origin], request: &[u8], deadline: Instant) -> Result<Vec<u8>, Failure> {
        let request = Request::read(request)?;
        let sending = self.follow(granted, request);
        tokio::time::timeout_at(deadline.into(), sending).await.unwrap_or_else(|_| {
            Err(Failure::new(
                ErrorCode::ExecutionTimeLimitExceeded,
                "the HTTP request did not end within the invocation's time",
            ))
        })
    }

    /// Sends a request and, where it asks for that, those it is redirected to.
    async fn follow(&self, granted: &[Origin], mut request: Request) -> Result<Vec<u8>, Failure> {
        let mut hops = 0;
        loop {
            let origin = Origin::of(&request.url)?;
            if !granted.iter().any(|grant| grant.covers(&origin)) {
                return Err(failure::not_granted(&origin, hops > 0));
            }
            let _slot = self.slots.take(&origin).await;
            let response = self.exchange(&origin, &request).await?;
            match redirect::target(&request, &response)? {
                None => return response::read(&origin, response, request.most).await,
                Some(_) if hops == limits::HTTP_REDIRECTS => return Err(failure::redirects(&origin)),
                Some(target) => request = redirect::next(request, response.status(), target),
            }
            hops += 1;
        }
    }

    async fn exchange(&self, origin: &Origin, request: &Request) -> Result<hyper::Response<Incoming>, Failure> {
        self.client.request(request.message()?).await.map_err(|error| failure::of_exchange(origin, &error))
    }
}
