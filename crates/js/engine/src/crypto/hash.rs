//! Hashes by name.

use super::{Error, Result};

/// A hash that scripts can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// The hash of a name such as `sha256`, `SHA-256` or `RSA-SHA256`.
    pub(super) fn named(name: &str) -> Result<Hash> {
        let plain = name.to_ascii_lowercase().replace('-', "");
        Ok(match plain.strip_prefix("rsa").unwrap_or(&plain) {
            "md5" => Hash::Md5,
            "sha1" => Hash::Sha1,
            "sha224" => Hash::Sha224,
            "sha256" => Hash::Sha256,
            "sha384" => Hash::Sha384,
            "sha512" => Hash::Sha512,
            _ => {
                let message =
                    format!("unknown hash function {name:?}: use md5, sha1, sha224, sha256, sha384 or sha512");
                return Err(Error::new("ERR_CRYPTO_INVALID_DIGEST", message));
            }
        })
    }

    /// Length of its output in bytes.
    pub(super) fn length(self) -> usize {
        with_hash!(self, D => <D as sha2::Digest>::output_size())
    }

    pub(super) fn digest(self, data: &[u8]) -> Vec<u8> {
        with_hash!(self, D => <D as sha2::Digest>::digest(data).to_vec())
    }
}

/// Evaluates an expression in which `$digest` is the type of a hash.
macro_rules! with_hash {
    ($hash:expr, $digest:ident => $body:expr) => {
        match $hash {
            $crate::crypto::hash::Hash::Md5 => {
                type $digest = md5::Md5;
                $body
            }
            $crate::crypto::hash::Hash::Sha1 => {
                type $digest = sha1::Sha1;
                $body
            }
            $crate::crypto::hash::Hash::Sha224 => {
                type $digest = sha2::Sha224;
                $body
            }
            $crate::crypto::hash::Hash::Sha256 => {
                type $digest = sha2::Sha256;
                $body
            }
            $crate::crypto::hash::Hash::Sha384 => {
                type $digest = sha2::Sha384;
                $body
            }
            $crate::crypto::hash::Hash::Sha512 => {
                type $digest = sha2::Sha512;
                $body
            }
        }
    };
}
use with_hash;
pub(super) use with_hash as with;

pub(super) fn digest(name: &str, data: &[u8]) -> Result<Vec<u8>> {
    Ok(Hash::named(name)?.digest(data))
}

pub(super) fn hmac(name: &str, key: &[u8], data: &[u8]) -> Result<Vec<u8>> {
    use hmac::{Hmac, Mac};
    with_hash!(Hash::named(name)?, D => {
        let mut mac = <Hmac<D> as Mac>::new_from_slice(key).map_err(|_| Error::key("this key has no valid length"))?;
        mac.update(data);
        Ok(mac.finalize().into_bytes().to_vec())
    })
}
