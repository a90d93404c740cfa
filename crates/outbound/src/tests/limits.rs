//! What is too large, too slow, or not there.

use std::io::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bson::Document;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::Full;
use hyper::Response;
use tokio::net::{TcpListener, TcpSocket};
use usher_contract::{ErrorCode, Failure, limits, value};

use super::server::{plain, raw, serve};
use super::{PATIENCE, ask, body, get, here, outbound};

fn at_most(mut request: Document, bytes: i64) -> Document {
    request.insert("maximumBytes", bytes);
    request
}

fn refused(outcome: Result<Document, Failure>, word: &str) {
    let failure = outcome.unwrap_err();
    assert!(failure.is(ErrorCode::HTTPError) && failure.message.contains(word), "{failure}");
}

#[tokio::test]
async fn the_largest_response_is_a_document_and_one_byte_more_is_refused() {
    let server = serve(|request| {
        let more = request.uri().path() == "/more";
        plain(vec![b'x'; limits::HTTP_RESPONSE_BYTES + usize::from(more)])
    })
    .await;
    let request = get(server.url("/")).to_vec().unwrap();
    let deadline = Instant::now() + PATIENCE;
    let response = outbound().send(&[here(server.port)], &request, deadline).await.unwrap();
    assert!(value::document(&response).is_ok());
    refused(ask(server.port, get(server.url("/more"))).await, "larger than");
    // Nobody raises the limit.
    refused(ask(server.port, at_most(get(server.url("/more")), 1 << 40)).await, "larger than");
}

#[tokio::test]
async fn a_request_may_ask_for_less() {
    let server = serve(|_| plain("12345")).await;
    assert_eq!(body(&ask(server.port, at_most(get(server.url("/")), 5)).await.unwrap()), b"12345");
    refused(ask(server.port, at_most(get(server.url("/")), 4)).await, "larger than 4 bytes");
    let port = raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n").await;
    refused(ask(port, at_most(get(format!("http://127.0.0.1:{port}/")), 5)).await, "larger than 5 bytes");
}

#[tokio::test]
async fn a_small_body_that_unpacks_to_much_is_refused() {
    let server = serve(|_| {
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(&vec![0; limits::HTTP_RESPONSE_BYTES + 1]).unwrap();
        let response = Response::builder().header("content-encoding", "gzip");
        response.body(Full::from(packed.finish().unwrap())).unwrap()
    })
    .await;
    refused(ask(server.port, get(server.url("/"))).await, "larger than");
}

#[tokio::test]
async fn headers_have_limits() {
    let long = "x".repeat(limits::HTTP_HEAD_BYTES);
    let port = raw(format!("HTTP/1.1 200 OK\r\nA: {long}\r\nContent-Length: 0\r\n\r\n")).await;
    refused(ask(port, get(format!("http://127.0.0.1:{port}/"))).await, "127.0.0.1");
    let many = "A: 1\r\n".repeat(limits::HTTP_HEADERS + 1);
    let port = raw(format!("HTTP/1.1 200 OK\r\n{many}Content-Length: 0\r\n\r\n")).await;
    refused(ask(port, get(format!("http://127.0.0.1:{port}/"))).await, "127.0.0.1");
}

#[tokio::test]
async fn answers_that_break_off_are_no_answers() {
    let port = raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc").await;
    refused(ask(port, get(format!("http://127.0.0.1:{port}/"))).await, "broke off");
    let port = raw("this is not HTTP\r\n\r\n").await;
    refused(ask(port, get(format!("http://127.0.0.1:{port}/"))).await, "no answer from");
    let port = raw("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc").await;
    refused(ask(port, get(format!("http://127.0.0.1:{port}/"))).await, "decompressed");
}

#[tokio::test]
async fn nobody_at_the_port_is_told_without_the_path() {
    // Bound, so that nobody else gets it, but nobody listens.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let port = socket.local_addr().unwrap().port();
    let failure = ask(port, get(format!("http://127.0.0.1:{port}/p?secret=1"))).await.unwrap_err();
    assert!(failure.is(ErrorCode::HTTPError), "{failure}");
    assert!(failure.message.starts_with(&format!("cannot connect to http://127.0.0.1:{port}: ")), "{failure}");
    assert!(!failure.message.contains("secret"), "{failure}");
}

#[tokio::test]
async fn the_deadline_ends_a_request_that_nobody_answers() {
    // It accepts connections by itself and never reads them.
    let silent = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let request = get(format!("http://127.0.0.1:{port}/")).to_vec().unwrap();
    let deadline = Instant::now() + Duration::from_millis(50);
    let failure = outbound().send(&[here(port)], &request, deadline).await.unwrap_err();
    assert!(failure.is(ErrorCode::ExecutionTimeLimitExceeded), "{failure}");
}
