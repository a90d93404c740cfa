//! RSA and elliptic-curve keys in the usual PEM formats.

use super::bytes::Bytes;
use super::{Error, Result, pem};
use rquickjs::{Ctx, Object};
use rsa::pkcs1::{DecodeRsaPrivateKey, DecodeRsaPublicKey};
use rsa::pkcs8::der::asn1::{AnyRef, ObjectIdentifier};
use rsa::pkcs8::der::{Decode, Encode, Reader, SliceReader, Tag, TagNumber};
use rsa::pkcs8::{AlgorithmIdentifierRef, PrivateKeyInfo, SubjectPublicKeyInfoRef};
use rsa::traits::PublicKeyParts;
use rsa::{RsaPrivateKey, RsaPublicKey};
use sec1::EcPrivateKey;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// A key that signs.
pub(super) enum Private {
    Rsa(Box<RsaPrivateKey>),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    P521(p521::ecdsa::SigningKey),
}

/// A key that verifies.
pub(super) enum Public {
    Rsa(RsaPublicKey),
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    P521(p521::ecdsa::VerifyingKey),
}

impl Private {
    fn public(&self) -> Public {
        match self {
            Private::Rsa(key) => Public::Rsa(key.to_public_key()),
            Private::P256(key) => Public::P256(*key.verifying_key()),
            Private::P384(key) => Public::P384(*key.verifying_key()),
            Private::P521(key) => Public::P521(key.into()),
        }
    }
}

impl Public {
    /// `rsa` or `ec`; the length of the modulus or field in bits; the curve's name in OpenSSL.
    fn facts(&self) -> (&'static str, usize, Option<&'static str>) {
        match self {
            Public::Rsa(key) => ("rsa", key.n().bits(), None),
            Public::P256(_) => ("ec", 256, Some("prime256v1")),
            Public::P384(_) => ("ec", 384, Some("secp384r1")),
            Public::P521(_) => ("ec", 521, Some("secp521r1")),
        }
    }
}

/// Reads a private key: PKCS #8, PKCS #1 or SEC 1.
pub(super) fn private(text: &[u8]) -> Result<Private> {
    let (label, der) = pem::decode(text)?;
    let malformed = || Error::key(format!("what follows -----BEGIN {label}----- is not a valid key"));
    match label {
        "PRIVATE KEY" => {
            let info = PrivateKeyInfo::from_der(&der).map_err(|_| malformed())?;
            match info.algorithm.oid {
                RSA | RSA_PSS => rsa_private(info.private_key).ok_or_else(malformed),
                EC => ec_private(info.private_key, curve(&info.algorithm)),
                _ => Err(unsupported()),
            }
        }
        "RSA PRIVATE KEY" => rsa_private(&der).ok_or_else(malformed),
        "EC PRIVATE KEY" => ec_private(&der, None),
        _ => Err(Error::key(format!("a private key is needed, and this is a {label}"))),
    }
}

/// Reads a public key: SPKI, PKCS #1, a certificate's, or that of a private key.
pub(super) fn public(text: &[u8]) -> Result<Public> {
    let (label, der) = pem::decode(text)?;
    let malformed = || Error::key(format!("what follows -----BEGIN {label}----- is not a valid key"));
    match label {
        "PUBLIC KEY" => spki(&der).ok_or_else(malformed)?,
        "CERTIFICATE" => certified(&der).as_deref().and_then(spki).ok_or_else(malformed)?,
        "RSA PUBLIC KEY" => RsaPublicKey::from_pkcs1_der(&der).map(Public::Rsa).map_err(|_| malformed()),
        label if label.ends_with("PRIVATE KEY") => private(text).map(|key| key.public()),
        _ => Err(Error::key(format!("a public key is needed, and this is a {label}"))),
    }
}

fn unsupported() -> Error {
    Error::key("this kind of key is not supported: use RSA, or an elliptic curve P-256, P-384 or P-521")
}

fn rsa_private(der: &[u8]) -> Option<Private> {
    RsaPrivateKey::from_pkcs1_der(der).ok().map(|key| Private::Rsa(Box::new(key)))
}

fn curve(algorithm: &AlgorithmIdentifierRef<'_>) -> Option<ObjectIdentifier> {
    algorithm.parameters_oid().ok()
}

fn ec_private(der: &[u8], curve: Option<ObjectIdentifier>) -> Result<Private> {
    let malformed = || Error::key("this elliptic-curve key is not valid");
    let key = EcPrivateKey::from_der(der).map_err(|_| malformed())?;
    let secret = key.private_key;
    match curve.or(key.parameters.and_then(|parameters| parameters.named_curve())) {
        Some(P256) => p256::ecdsa::SigningKey::from_slice(secret).map(Private::P256).map_err(|_| malformed()),
        Some(P384) => p384::ecdsa::SigningKey::from_slice(secret).map(Private::P384).map_err(|_| malformed()),
        Some(P521) => p521::ecdsa::SigningKey::from_slice(secret).map(Private::P521).map_err(|_| malformed()),
        _ => Err(unsupported()),
    }
}

/// `None`: malformed.
fn spki(der: &[u8]) -> Option<Result<Public>> {
    let info = SubjectPublicKeyInfoRef::from_der(der).ok()?;
    let point = info.subject_public_key.as_bytes()?;
    match (info.algorithm.oid, curve(&info.algorithm)) {
        (RSA | RSA_PSS, _) => RsaPublicKey::from_pkcs1_der(point).ok().map(|key| Ok(Public::Rsa(key))),
        (EC, Some(P256)) => p256::ecdsa::VerifyingKey::from_sec1_bytes(point).ok().map(|key| Ok(Public::P256(key))),
        (EC, Some(P384)) => p384::ecdsa::VerifyingKey::from_sec1_bytes(point).ok().map(|key| Ok(Public::P384(key))),
        (EC, Some(P521)) => p521::ecdsa::VerifyingKey::from_sec1_bytes(point).ok().map(|key| Ok(Public::P521(key))),
        _ => Some(Err(unsupported())),
    }
}

/// The public key of an X.509 certificate. Nothing else of it is looked at, as in Node.
fn certified(der: &[u8]) -> Option<Vec<u8>> {
    let certificate = AnyRef::from_der(der).ok()?;
    let signed = AnyRef::decode(&mut SliceReader::new(certificate.value()).ok()?).ok()?;
    let mut fields = SliceReader::new(signed.value()).ok()?;
    let version = Tag::ContextSpecific { constructed: true, number: TagNumber::N0 };
    if fields.peek_tag().ok()? == version {
        AnyRef::decode(&mut fields).ok()?;
    }
    // Serial number, signature algorithm, issuer, validity, subject.
    for _ in 0..5 {
        AnyRef::decode(&mut fields).ok()?;
    }
    AnyRef::decode(&mut fields).ok()?.to_der().ok()
}

/// What a key is, for scripts.
pub(super) fn describe<'js>(ctx: Ctx<'js>, text: Bytes) -> rquickjs::Result<Object<'js>> {
    let private = private(&text.0);
    let kind = if private.is_ok() { "private" } else { "public" };
    let key = private.map(|key| key.public()).or_else(|_| public(&text.0)).map_err(|error| error.throw(&ctx))?;
    let (algorithm, bits, curve) = key.facts();
    let facts = Object::new(ctx)?;
    facts.set("kind", kind)?;
    facts.set("type", algorithm)?;
    facts.set("bits", bits)?;
    facts.set("curve", curve)?;
    Ok(facts)
}
