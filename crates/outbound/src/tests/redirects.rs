//! Responses that lead elsewhere.

use bson::{Document, doc};
use usher_contract::{ErrorCode, limits};

use super::server::{plain, redirect, serve};
use super::{ask, get, here, outbound, send, text};

fn following(mut request: Document) -> Document {
    request.insert("followRedirects", true);
    request
}

#[tokio::test]
async fn a_redirect_is_an_answer_unless_the_request_follows() {
    let server = serve(|request| match request.uri().path() {
        "/from/a" => redirect(302, "../to?x=1"),
        _ => plain("arrived"),
    })
    .await;
    let response = ask(server.port, get(server.url("/from/a"))).await.unwrap();
    assert_eq!(response.get_i32("statusCode").unwrap(), 302);
    assert_eq!(response.get_document("headers").unwrap().get_array("Location").unwrap(), &["../to?x=1".into()]);
    let response = ask(server.port, following(get(server.url("/from/a")))).await.unwrap();
    assert_eq!(text(&response), "arrived");
    assert_eq!(server.asked().last().unwrap().uri(), "/to?x=1");
}

#[tokio::test]
async fn every_hop_has_to_be_granted() {
    let hidden = serve(|_| plain("hidden")).await;
    let target = hidden.url("/?token=1");
    let server = serve(move |_| redirect(307, &target)).await;
    let failure = ask(server.port, following(get(server.url("/")))).await.unwrap_err();
    assert!(failure.is(ErrorCode::GrantNotFound), "{failure}");
    assert!(
        failure.message.contains("redirected to http://127.0.0.1") && !failure.message.contains("token"),
        "{failure}"
    );
    assert!(hidden.asked().is_empty());
    let file = serve(|_| redirect(302, "file:///etc/passwd")).await;
    let failure = ask(file.port, following(get(file.url("/")))).await.unwrap_err();
    assert!(failure.is(ErrorCode::HTTPError) && failure.message.contains("file"), "{failure}");
}

#[tokio::test]
async fn credentials_stay_with_their_origin() {
    let other = serve(|_| plain("")).await;
    let target = other.url("/").replace("http://", "http://planted:word@");
    let server = serve(move |request| match request.uri().path() {
        "/same" => redirect(307, "/away"),
        _ => redirect(307, &target),
    })
    .await;
    let request = doc! {
        "method": "GET", "url": server.url("/same"), "followRedirects": true,
        "headers": {"Authorization": ["Bearer t"], "Cookie": ["a=1"], "X-Api-Key": ["k"], "Accept": ["text/plain"]},
    };
    send(&outbound(), &[here(server.port), here(other.port)], request).await.unwrap();
    let own = server.asked();
    assert_eq!(own.len(), 2);
    for name in ["authorization", "cookie", "x-api-key"] {
        assert!(own[1].headers().contains_key(name), "{name} goes to the same origin");
    }
    let away = other.asked();
    for name in ["authorization", "cookie", "x-api-key"] {
        assert!(!away[0].headers().contains_key(name), "{name} went to another origin");
    }
    assert_eq!(away[0].headers()["accept"], "text/plain");
}

#[tokio::test]
async fn the_status_decides_what_is_repeated() {
    for (status, method, expected) in [
        (301, "POST", ("GET", "")),
        (302, "POST", ("GET", "")),
        (303, "PUT", ("GET", "")),
        (303, "HEAD", ("HEAD", "")),
        (307, "POST", ("POST", "data")),
        (308, "PUT", ("PUT", "data")),
    ] {
        let server = serve(move |request| match request.uri().path() {
            "/" => redirect(status, "/next"),
            _ => plain(""),
        })
        .await;
        let request = doc! {
            "method": method, "url": server.url("/"), "body": "data", "headers": {"Content-Type": ["text/plain"]},
        };
        ask(server.port, following(request)).await.unwrap();
        let next = &server.asked()[1];
        let body = std::str::from_utf8(next.body()).unwrap();
        assert_eq!((next.method().as_str(), body), expected, "{method} after {status}");
        assert_eq!(next.headers().contains_key("content-type"), !body.is_empty(), "{method} after {status}");
    }
}

#[tokio::test]
async fn a_circle_ends() {
    let server = serve(|_| redirect(302, "/")).await;
    let failure = ask(server.port, following(get(server.url("/")))).await.unwrap_err();
    assert!(failure.is(ErrorCode::HTTPError) && failure.message.contains("10 redirects"), "{failure}");
    assert_eq!(server.asked().len(), limits::HTTP_REDIRECTS + 1);
}
