//! Cryptography for JavaScript: what `utils.crypto`, `utils.jwt` (reference 5.3) and Node's `crypto` are made of.
//!
//! The primitives are those of the RustCrypto crates. Binary data crosses as `Uint8Array`, keys as the bytes of their
//! PEM text. A native throws an `Error` whose `code` is Node's for the same mistake.
//!
//! `sign` draws on the random numbers of the call, so whoever offers it to scripts has to make sure that there is a
//! call: see `prelude/utils.js`.

mod bytes;
mod cipher;
mod error;
mod gcm;
mod hash;
mod key;
mod password;
mod pem;
mod random;
mod sign;
#[cfg(test)]
mod tests;

use bytes::{Bytes, array};
use error::{Error, Result};
use rquickjs::prelude::{Func, Opt};
use rquickjs::{Ctx, Object, TypedArray};
use subtle::ConstantTimeEq;

type Answer<'js> = rquickjs::Result<TypedArray<'js, u8>>;

/// The object `host.crypto`:
///
/// - `digest(hash, data)`, `hmac(hash, key, data)`; `hash` is `md5`, `sha1`, `sha224`, `sha256`, `sha384` or `sha512`
/// - `pbkdf2(hash, password, salt, iterations, length)`, `scrypt(password, salt, log2 N, r, p, length)`,
///   `bytesToKey(password, length)`: OpenSSL's EVP_BytesToKey with MD5 and no salt
/// - `cipherInfo(name)` → `{name, mode, keyLength, ivLength, blockSize}`, undefined for an unknown name
/// - `cipher(name, encrypt, key, iv)` → an object with `update(data)`, `finish()`, `padding(on)`, `additional(data)`,
///   `tag()` and `expect(tag)`
/// - `describeKey(pem)` → `{kind: "private" | "public", type: "rsa" | "ec", bits, curve}`
/// - `sign(scheme, hash, pem, message, saltLength?)`, `verify(scheme, hash, pem, message, signature, saltLength?)`;
///   `scheme` is `pkcs1v15`, `pss`, `ecdsa` (r and s side by side, as in tokens) or `ecdsa-der`
/// - `equal(a, b)`: takes the same time for all inputs of equal length
pub(crate) fn natives<'js>(ctx: &Ctx<'js>) -> rquickjs::Result<Object<'js>> {
    let natives = Object::new(ctx.clone())?;
    natives.set("digest", Func::from(digest))?;
    natives.set("hmac", Func::from(hmac))?;
    natives.set("pbkdf2", Func::from(pbkdf2))?;
    natives.set("scrypt", Func::from(scrypt))?;
    natives.set("bytesToKey", Func::from(bytes_to_key))?;
    natives.set("cipherInfo", Func::from(cipher::info))?;
    natives.set("cipher", Func::from(cipher::create))?;
    natives.set("describeKey", Func::from(key::describe))?;
    natives.set("sign", Func::from(sign))?;
    natives.set("verify", Func::from(verify))?;
    natives.set("equal", Func::from(equal))?;
    Ok(natives)
}

fn digest<'js>(ctx: Ctx<'js>, hash: String, data: Bytes) -> Answer<'js> {
    array(&ctx, hash::digest(&hash, &data.0))
}

fn hmac<'js>(ctx: Ctx<'js>, hash: String, key: Bytes, data: Bytes) -> Answer<'js> {
    array(&ctx, hash::hmac(&hash, &key.0, &data.0))
}

fn pbkdf2<'js>(
    ctx: Ctx<'js>,
    hash: String,
    password: Bytes,
    salt: Bytes,
    iterations: u32,
    length: usize,
) -> Answer<'js> {
    array(&ctx, password::pbkdf2(&hash, &password.0, &salt.0, iterations, length))
}

fn scrypt<'js>(ctx: Ctx<'js>, password: Bytes, salt: Bytes, log_n: u8, r: u32, p: u32, length: usize) -> Answer<'js> {
    array(&ctx, password::scrypt(&password.0, &salt.0, log_n, r, p, length))
}

fn bytes_to_key<'js>(ctx: Ctx<'js>, password: Bytes, length: usize) -> Answer<'js> {
    array(&ctx, Ok(password::bytes_to_key(&password.0, length)))
}

fn sign<'js>(
    ctx: Ctx<'js>,
    scheme: String,
    hash: String,
    key: Bytes,
    message: Bytes,
    salt: Opt<Option<usize>>,
) -> Answer<'js> {
    let signature = key::private(&key.0).and_then(|key| sign::sign(&scheme, &hash, &key, &message.0, salt.0.flatten()));
    array(&ctx, signature)
}

fn verify(
    ctx: Ctx<'_>,
    scheme: String,
    hash: String,
    key: Bytes,
    message: Bytes,
    signature: Bytes,
    salt: Opt<Option<usize>>,
) -> rquickjs::Result<bool> {
    let verdict = key::public(&key.0)
        .and_then(|key| sign::verify(&scheme, &hash, &key, &message.0, &signature.0, salt.0.flatten()));
    verdict.map_err(|error| error.throw(&ctx))
}

fn equal(a: Bytes, b: Bytes) -> bool {
    a.0.ct_eq(&b.0).into()
}
