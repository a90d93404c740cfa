//! What is sent and what comes back.

use std::io::Write as _;

use bson::{Bson, Document, doc};
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::Full;
use hyper::Response;
use usher_contract::ErrorCode;

use super::server::{plain, raw, serve};
use super::{ask, binary, body, get, text};

#[tokio::test]
async fn a_response_has_the_shape_of_the_contract() {
    let server = serve(|_| {
        Response::builder()
            .header("content-type", "text/plain")
            .header("set-cookie", "a=1")
            .header("x-RATE-limit", "5")
            .header("set-cookie", "b=2")
            .body(Full::from(vec![0xff, 0, 1]))
            .unwrap()
    })
    .await;
    let mut response = ask(server.port, get(server.url("/a%20b?c=d#e"))).await.unwrap();
    assert_eq!(server.asked()[0].uri(), "/a%20b?c=d");
    let headers = response.get_document_mut("headers").unwrap();
    headers.remove("Date").unwrap();
    assert_eq!(
        response,
        doc! {
            "status": "200 OK", "statusCode": 200, "contentLength": 3_i64,
            "headers": {"Content-Type": ["text/plain"], "Set-Cookie": ["a=1", "b=2"], "X-Rate-Limit": ["5"], "Content-Length": ["3"]},
            "body": binary([0xff, 0, 1]),
        }
    );
}

#[tokio::test]
async fn method_headers_and_body_arrive() {
    let server = serve(|_| plain("")).await;
    let request = doc! {
        "method": "patch", "url": server.url("/"), "body": binary([1, 2, 0]),
        "headers": {"X-Two": ["a", "b"], "x-one": "c", "Authorization": ["Bearer t"], "X-Utf": ["é"], "none": null},
        "followRedirects": null,
    };
    ask(server.port, request).await.unwrap();
    let asked = &server.asked()[0];
    assert_eq!(asked.method(), "PATCH");
    assert_eq!(asked.body().as_ref(), [1, 2, 0]);
    assert_eq!(asked.headers().get_all("x-two").iter().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(asked.headers()["x-one"], "c");
    assert_eq!(asked.headers()["authorization"], "Bearer t");
    assert_eq!(asked.headers()["x-utf"].as_bytes(), "é".as_bytes());
    assert!(asked.headers()["user-agent"].to_str().unwrap().starts_with("Usher/"));
}

#[tokio::test]
async fn the_host_sets_what_frames_a_message() {
    let server = serve(|_| plain("")).await;
    let request = doc! {
        "method": "POST", "url": server.url("/"), "body": "four",
        "headers": {
            "Host": ["internal.example.com"], "Content-Length": ["100"], "Transfer-Encoding": ["chunked"],
            "Connection": ["close"], "Accept-Encoding": ["br"], "Expect": ["100-continue"], "TE": ["trailers"],
        },
    };
    ask(server.port, request).await.unwrap();
    let asked = server.asked();
    let headers = asked[0].headers();
    assert_eq!(headers["host"], format!("127.0.0.1:{}", server.port));
    assert_eq!(headers["content-length"], "4");
    assert_eq!(headers["accept-encoding"], "gzip");
    for absent in ["transfer-encoding", "connection", "expect", "te"] {
        assert!(!headers.contains_key(absent), "{absent}");
    }
}

#[tokio::test]
async fn credentials_in_the_url_become_a_header() {
    let server = serve(|_| plain("")).await;
    let url = server.url("/").replace("http://", "http://me:p%40ss@");
    ask(server.port, get(&url)).await.unwrap();
    let mut own = get(&url);
    own.insert("headers", doc! {"authorization": ["Bearer own"]});
    ask(server.port, own).await.unwrap();
    let asked = server.asked();
    assert_eq!(asked[0].headers()["authorization"], "Basic bWU6cEBzcw==", "me:p@ss");
    assert_eq!(asked[1].headers()["authorization"], "Bearer own");
}

#[tokio::test]
async fn a_status_that_tells_of_an_error_is_an_answer() {
    let server = serve(|_| Response::builder().status(404).body(Full::from("no")).unwrap()).await;
    let response = ask(server.port, get(server.url("/"))).await.unwrap();
    assert_eq!(response.get_str("status").unwrap(), "404 Not Found");
    assert_eq!(text(&response), "no");
    let port = raw("HTTP/1.1 299 Fine So Far\r\nContent-Length: 0\r\n\r\n").await;
    let response = ask(port, get(format!("http://127.0.0.1:{port}/"))).await.unwrap();
    assert_eq!(response.get_str("status").unwrap(), "299 Fine So Far");
}

#[tokio::test]
async fn a_length_that_is_not_announced_is_unknown() {
    let port = raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n").await;
    let response = ask(port, get(format!("http://127.0.0.1:{port}/"))).await.unwrap();
    assert_eq!((text(&response), response.get_i64("contentLength").unwrap()), ("abc", -1));
}

#[tokio::test]
async fn a_head_request_tells_the_length_and_has_no_body() {
    let server = serve(|_| plain("12345")).await;
    let response = ask(server.port, doc! {"method": "HEAD", "url": server.url("/")}).await.unwrap();
    assert_eq!(response.get_i64("contentLength").unwrap(), 5);
    assert!(body(&response).is_empty());
}

#[tokio::test]
async fn a_compressed_body_is_decompressed() {
    let server = serve(|_| {
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed.write_all(b"some text").unwrap();
        let response = Response::builder().header("content-encoding", "GZIP");
        response.body(Full::from(packed.finish().unwrap())).unwrap()
    })
    .await;
    let response = ask(server.port, get(server.url("/"))).await.unwrap();
    assert_eq!((text(&response), response.get_i64("contentLength").unwrap()), ("some text", -1));
    let headers = response.get_document("headers").unwrap();
    assert!(!headers.contains_key("Content-Encoding") && !headers.contains_key("Content-Length"), "{headers}");
}

#[tokio::test]
async fn a_request_that_is_none_is_refused_with_its_mistake() {
    let server = serve(|_| plain("")).await;
    let with = |key: &str, value: Bson| {
        let mut request = get(server.url("/"));
        request.insert(key, value);
        request
    };
    let mistakes: Vec<(Document, &str)> = vec![
        (doc! {"url": server.url("/")}, "no `method`"),
        (doc! {"method": "GET"}, "no `url`"),
        (with("method", "CONNECT".into()), "CONNECT"),
        (with("method", "G ET".into()), "G ET"),
        (with("method", 1.into()), "`method`"),
        (with("url", "/only/a/path".into()), "`url`"),
        (with("url", "http://".into()), "`url`"),
        (with("url", "ftp://127.0.0.1/".into()), "ftp"),
        (with("url", "file:///etc/passwd".into()), "file"),
        (with("headers", "x".into()), "`headers`"),
        (with("headers", doc! {"a b": ["c"]}.into()), "a b"),
        (with("headers", doc! {"a": ["b\r\nc: d"]}.into()), "`a`"),
        (with("headers", doc! {"a": [1]}.into()), "`a`"),
        (with("headers", doc! {"Upgrade": ["websocket"]}.into()), "Upgrade"),
        (with("headers", doc! {"Proxy-Authorization": ["x"]}.into()), "Proxy-Authorization"),
        (with("headers", doc! {"a": vec!["b"; 101]}.into()), "100 headers"),
        (with("headers", doc! {"a": ["b".repeat(70_000)]}.into()), "bytes"),
        (with("url", server.url(&format!("/{}", "x".repeat(70_000))).into()), "bytes"),
        (with("body", 1.into()), "`body`"),
        (with("followRedirects", 1.into()), "`followRedirects`"),
        (with("maximumBytes", (-1).into()), "`maximumBytes`"),
        (with("timeout", 1.into()), "`timeout`"),
    ];
    for (request, offender) in mistakes {
        let failure = ask(server.port, request).await.unwrap_err();
        assert!(failure.is(ErrorCode::HTTPError) && failure.message.contains(offender), "{offender}: {failure}");
    }
    assert!(server.asked().is_empty(), "nothing of it was sent");
}
