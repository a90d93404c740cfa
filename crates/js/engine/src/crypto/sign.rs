//! Signatures with RSA and ECDSA.

use super::hash::{self, Hash};
use super::key::{Private, Public};
use super::random::Entropy;
use super::{Error, Result};
use p256::ecdsa::signature::hazmat::{PrehashVerifier, RandomizedPrehashSigner};
use rsa::signature::SignatureEncoding;
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Sign, Pss};

/// Signs on the curve of a crate, whose field has `$field` bytes.
macro_rules! ecdsa_sign {
    ($curve:ident, $key:expr, $digest:expr, $field:literal, $scheme:expr) => {{
        let signature: $curve::ecdsa::Signature = $key
            .sign_prehash_with_rng(&mut Entropy, &widened(&$digest, $field))
            .map_err(|_| Error::key("this key cannot sign"))?;
        Ok(if $scheme == "ecdsa" { signature.to_vec() } else { signature.to_der().as_bytes().to_vec() })
    }};
}

/// Whether a signature on the curve of a crate is valid.
macro_rules! ecdsa_verify {
    ($curve:ident, $key:expr, $digest:expr, $field:literal, $scheme:expr, $signature:expr) => {{
        let signature = if $scheme == "ecdsa" {
            $curve::ecdsa::Signature::from_slice($signature)
        } else {
            $curve::ecdsa::Signature::from_der($signature)
        };
        signature.and_then(|signature| $key.verify_prehash(&widened(&$digest, $field), &signature)).is_ok()
    }};
}

/// Signs the hash of a message. RSA is blinded, the salt of PSS is random, and the nonce of ECDSA has randomness in
/// it, so signatures of one message differ. The salt has the length of the hash where none is given.
pub(super) fn sign(scheme: &str, hash: &str, key: &Private, message: &[u8], salt: Option<usize>) -> Result<Vec<u8>> {
    let hash = Hash::named(hash)?;
    let digest = hash.digest(message);
    match (scheme, key) {
        ("pkcs1v15", Private::Rsa(key)) => {
            let padding = hash::with!(hash, D => Pkcs1v15Sign::new::<D>());
            key.sign_with_rng(&mut Entropy, padding, &digest).map_err(|_| too_small())
        }
        ("pss", Private::Rsa(key)) => {
            let salt = salt.unwrap_or(hash.length());
            if salt > longest_salt(key.n().bits(), hash).ok_or_else(too_small)? {
                return Err(too_small());
            }
            let padding = hash::with!(hash, D => Pss::new_blinded_with_salt::<D>(salt));
            key.sign_with_rng(&mut Entropy, padding, &digest).map_err(|_| too_small())
        }
        ("ecdsa" | "ecdsa-der", Private::P256(key)) => ecdsa_sign!(p256, key, digest, 32, scheme),
        ("ecdsa" | "ecdsa-der", Private::P384(key)) => ecdsa_sign!(p384, key, digest, 48, scheme),
        ("ecdsa" | "ecdsa-der", Private::P521(key)) => ecdsa_sign!(p521, key, digest, 66, scheme),
        (_, key) => Err(misfit(scheme, matches!(key, Private::Rsa(_)))),
    }
}

/// Whether a signature of a message is valid. Without a length, a PSS salt as long as the hash, as long as the key
/// allows (which other programs use), or none is accepted.
pub(super) fn verify(
    scheme: &str,
    hash: &str,
    key: &Public,
    message: &[u8],
    signature: &[u8],
    salt: Option<usize>,
) -> Result<bool> {
    let hash = Hash::named(hash)?;
    let digest = hash.digest(message);
    Ok(match (scheme, key) {
        ("pkcs1v15", Public::Rsa(key)) => {
            let padding = hash::with!(hash, D => Pkcs1v15Sign::new::<D>());
            key.verify(padding, &digest, signature).is_ok()
        }
        ("pss", Public::Rsa(key)) => {
            let valid = |salt| {
                let padding = hash::with!(hash, D => Pss::new_with_salt::<D>(salt));
                key.verify(padding, &digest, signature).is_ok()
            };
            match (salt, longest_salt(key.n().bits(), hash)) {
                (_, None) => false,
                (Some(salt), Some(longest)) => salt <= longest && valid(salt),
                (None, Some(longest)) => {
                    [hash.length(), longest, 0].into_iter().any(|salt| salt <= longest && valid(salt))
                }
            }
        }
        ("ecdsa" | "ecdsa-der", Public::P256(key)) => ecdsa_verify!(p256, key, digest, 32, scheme, signature),
        ("ecdsa" | "ecdsa-der", Public::P384(key)) => ecdsa_verify!(p384, key, digest, 48, scheme, signature),
        ("ecdsa" | "ecdsa-der", Public::P521(key)) => ecdsa_verify!(p521, key, digest, 66, scheme, signature),
        (_, key) => return Err(misfit(scheme, matches!(key, Public::Rsa(_)))),
    })
}

/// The same number in at least `field` bytes: the curves refuse hashes that are much shorter than their field.
fn widened(digest: &[u8], field: usize) -> Vec<u8> {
    let mut wide = vec![0; field.saturating_sub(digest.len())];
    wide.extend_from_slice(digest);
    wide
}

/// RFC 8017, 9.1.1; `None` if not even the hash fits.
fn longest_salt(modulus_bits: usize, hash: Hash) -> Option<usize> {
    (modulus_bits - 1).div_ceil(8).checked_sub(hash.length() + 2)
}

fn too_small() -> Error {
    Error::key("the RSA key is too small for this hash and salt")
}

fn misfit(scheme: &str, rsa: bool) -> Error {
    match (scheme, rsa) {
        ("pkcs1v15" | "pss", _) => Error::key("an RSA key is needed, and this is an elliptic-curve key"),
        ("ecdsa" | "ecdsa-der", _) => Error::key("an elliptic-curve key is needed, and this is an RSA key"),
        _ => Error::new("ERR_INVALID_ARG_VALUE", format!("unknown signature scheme {scheme:?}")),
    }
}
