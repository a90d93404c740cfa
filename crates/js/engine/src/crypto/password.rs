//! Keys from passwords.

use super::hash::{self, Hash};
use super::{Error, Result};

pub(super) fn pbkdf2(name: &str, password: &[u8], salt: &[u8], iterations: u32, length: usize) -> Result<Vec<u8>> {
    let mut key = vec![0; length];
    hash::with!(Hash::named(name)?, D => pbkdf2::pbkdf2_hmac::<D>(password, salt, iterations, &mut key));
    Ok(key)
}

/// The caller bounds the memory, which is 128 bytes × 2^`log_n` × `r`.
pub(super) fn scrypt(password: &[u8], salt: &[u8], log_n: u8, r: u32, p: u32, length: usize) -> Result<Vec<u8>> {
    let invalid = || Error::new("ERR_CRYPTO_INVALID_SCRYPT_PARAMS", "these scrypt parameters are not valid");
    // The length in the parameters is only for stored hashes.
    let parameters = scrypt::Params::new(log_n, r, p, 32).map_err(|_| invalid())?;
    let mut key = vec![0; length];
    if length > 0 {
        scrypt::scrypt(password, salt, &parameters, &mut key).map_err(|_| invalid())?;
    }
    Ok(key)
}

/// OpenSSL's EVP_BytesToKey with MD5, one round and no salt, which Node's `createCipher` uses for key and IV: each
/// block is the hash of the block before it and the password.
pub(super) fn bytes_to_key(password: &[u8], length: usize) -> Vec<u8> {
    let mut key = Vec::with_capacity(length + 16);
    let mut block = Vec::new();
    while key.len() < length {
        block.extend_from_slice(password);
        block = Hash::Md5.digest(&block);
        key.extend_from_slice(&block);
    }
    key.truncate(length);
    key
}
