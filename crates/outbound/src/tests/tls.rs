//! Certificates.

use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use usher_contract::ErrorCode;

use super::server::{connection, plain};
use super::{get, grant, outbound, send, text};
use crate::{Outbound, resolver};

/// A server with a certificate for the name; gives its port and the certificate.
async fn serve(name: &str) -> (u16, CertificateDer<'static>) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(stream) = acceptor.accept(stream).await {
                tokio::spawn(connection(stream, Arc::default(), Arc::new(|_: &_| plain("over TLS"))));
            }
        }
    });
    (port, cert.der().clone())
}

fn trusting(certificate: CertificateDer<'static>) -> Outbound {
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    Outbound::with(roots, resolver::system).unwrap()
}

#[tokio::test]
async fn a_trusted_certificate_for_the_host_is_fine() {
    let (port, certificate) = serve("127.0.0.1").await;
    let granted = [grant("https", "127.0.0.1", port)];
    let response = send(&trusting(certificate), &granted, get(format!("https://127.0.0.1:{port}/"))).await.unwrap();
    assert_eq!(text(&response), "over TLS");
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let (port, _) = serve("127.0.0.1").await;
    let granted = [grant("https", "127.0.0.1", port)];
    let failure = send(&outbound(), &granted, get(format!("https://127.0.0.1:{port}/"))).await.unwrap_err();
    assert!(failure.is(ErrorCode::HTTPError) && failure.message.contains("certificate"), "{failure}");
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused() {
    let (port, certificate) = serve("example.com").await;
    let granted = [grant("https", "127.0.0.1", port)];
    let failure = send(&trusting(certificate), &granted, get(format!("https://127.0.0.1:{port}/"))).await.unwrap_err();
    assert!(failure.is(ErrorCode::HTTPError) && failure.message.contains("certificate"), "{failure}");
}
