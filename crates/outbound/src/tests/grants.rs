//! Where a request may go.

use std::net::SocketAddr;
use std::str::FromStr as _;

use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service as _;
use usher_contract::ErrorCode;

use super::server::{plain, serve};
use super::{get, grant, here, outbound, outbound_with, send, text};
use crate::resolver::{Lookup, Resolver, Unresolved};

/// Every name leads to this machine.
const LOOPBACK: Lookup = |_| Box::pin(async { Ok(vec![SocketAddr::from(([127, 0, 0, 1], 0))]) });

#[tokio::test]
async fn an_origin_that_is_not_granted_is_not_asked() {
    let server = serve(|_| plain("")).await;
    let port = server.port;
    for granted in [
        vec![],
        vec![here(port.wrapping_add(1))],
        vec![grant("https", "127.0.0.1", port)],
        vec![grant("http", "localhost", port), grant("http", "*.0.0.1", port), grant("http", "*", port)],
    ] {
        let failure = send(&outbound(), &granted, get(server.url("/?secret=1"))).await.unwrap_err();
        assert!(failure.is(ErrorCode::GrantNotFound), "{failure}");
        assert!(failure.message.contains(&format!("http://127.0.0.1:{port}")), "{failure}");
        assert!(failure.message.contains("\"http\" in usher.json") && !failure.message.contains("secret"), "{failure}");
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_granted_name_that_leads_to_a_private_address_is_not_asked() {
    let server = serve(|_| plain("")).await;
    let outbound = outbound_with(LOOPBACK);
    for (host, granted) in [
        ("api.example.com", grant("http", "api.example.com", server.port)),
        ("a.example.com", grant("http", "*.example.com", server.port)),
        ("x.localhost", grant("http", "*.localhost", server.port)),
    ] {
        let failure = send(&outbound, &[granted], get(format!("http://{host}:{}/", server.port))).await.unwrap_err();
        assert!(failure.is(ErrorCode::GrantNotFound) && failure.message.contains("private"), "{failure}");
        assert!(failure.message.contains(host), "{failure}");
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn this_machine_is_reached_by_its_literal_names() {
    let server = serve(|_| plain("here")).await;
    let granted = [here(server.port)];
    assert_eq!(text(&send(&outbound(), &granted, get(server.url("/"))).await.unwrap()), "here");
    let granted = [grant("http", "localhost", server.port)];
    let url = format!("http://LOCALHOST:{}/", server.port);
    assert_eq!(text(&send(&outbound_with(LOOPBACK), &granted, get(url)).await.unwrap()), "here");
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn only_public_addresses_of_a_name_are_left() {
    let mixed: Lookup = |_| {
        let addresses = ["10.0.0.1", "8.8.8.8", "::1", "169.254.169.254", "2606:4700::1111"];
        Box::pin(async move { Ok(addresses.map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).to_vec()) })
    };
    let left = Resolver::new(mixed).call(Name::from_str("example.com").unwrap()).await.unwrap();
    assert_eq!(left.map(|address| address.ip().to_string()).collect::<Vec<_>>(), ["8.8.8.8", "2606:4700::1111"]);
    // Nobody can make this machine's own name lead elsewhere.
    let left = Resolver::new(mixed).call(Name::from_str("localhost").unwrap()).await.unwrap();
    assert_eq!(left.map(|address| address.ip().to_string()).collect::<Vec<_>>(), ["::1"]);
    let none: Lookup = |_| Box::pin(async { Ok(vec![]) });
    let refused = Resolver::new(none).call(Name::from_str("example.com").unwrap()).await;
    assert!(matches!(refused, Err(Unresolved::Unknown)), "no address at all is no private one");
}

#[tokio::test]
async fn a_name_that_is_unknown_is_told() {
    let unknown: Lookup = |_| Box::pin(async { Err(std::io::Error::other("no such host")) });
    let granted = [grant("http", "nowhere.example.com", 80)];
    let failure =
        send(&outbound_with(unknown), &granted, get("http://nowhere.example.com/p?secret=1")).await.unwrap_err();
    assert!(failure.is(ErrorCode::HTTPError), "{failure}");
    assert!(
        failure.message.contains("http://nowhere.example.com: ") && failure.message.contains("no such host"),
        "{failure}"
    );
    assert!(!failure.message.contains("secret"), "{failure}");
}
