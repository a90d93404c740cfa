//! Servers for the tests. They end with the test's runtime.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;

pub(super) type Answer = Response<Full<Bytes>>;

/// A server and what it was asked.
pub(super) struct Server {
    pub(super) port: u16,
    asked: Arc<Mutex<Vec<Request<Bytes>>>>,
}

impl Server {
    pub(super) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The requests so far, in order.
    pub(super) fn asked(&self) -> Vec<Request<Bytes>> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

/// Answers every request.
pub(super) async fn serve(answer: impl Fn(&Request<Bytes>) -> Answer + Send + Sync + 'static) -> Server {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::<Mutex<Vec<_>>>::default();
    let log = asked.clone();
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(connection(stream, log.clone(), answer.clone()));
        }
    });
    Server { port, asked }
}

/// Serves one connection.
pub(super) async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    log: Arc<Mutex<Vec<Request<Bytes>>>>,
    answer: Arc<impl Fn(&Request<Bytes>) -> Answer>,
) {
    let service = service_fn(|request: Request<Incoming>| {
        let (log, answer) = (log.clone(), answer.clone());
        async move {
            let (parts, body) = request.into_parts();
            let request = Request::from_parts(parts, body.collect().await?.to_bytes());
            let response = answer(&request);
            log.lock().unwrap().push(request);
            Ok::<_, hyper::Error>(response)
        }
    });
    // A client that goes away is no matter.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// Answers the first request with these bytes, and closes.
pub(super) async fn raw(answer: impl Into<Vec<u8>>) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = answer.into();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        // The client may hang up before the end.
        let _ = stream.write_all(&answer).await;
    });
    port
}

pub(super) fn plain(body: impl Into<Bytes>) -> Answer {
    Response::new(Full::new(body.into()))
}

pub(super) fn redirect(status: u16, location: &str) -> Answer {
    Response::builder().status(status).header("location", location).body(Full::default()).unwrap()
}
