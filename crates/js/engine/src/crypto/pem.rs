//! PEM, read more leniently than RFC 7468: keys in functions are indented with their source, or in one line.

use super::{Error, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The first block of a text: its label and its bytes.
pub(super) fn decode(text: &[u8]) -> Result<(&str, Vec<u8>)> {
    let not_pem =
        || Error::key("this is no key in PEM format, which begins with a line such as -----BEGIN PUBLIC KEY-----");
    let text = std::str::from_utf8(text).map_err(|_| not_pem())?;
    let (_, rest) = text.split_once("-----BEGIN ").ok_or_else(not_pem)?;
    let (label, rest) = rest.split_once("-----").ok_or_else(not_pem)?;
    let end = format!("-----END {label}-----");
    let (body, _) =
        rest.split_once(&end).ok_or_else(|| Error::key(format!("this key is cut off: it has no line {end}")))?;
    if label.starts_with("ENCRYPTED") || body.contains("ENCRYPTED") {
        return Err(Error::key("this key is protected with a passphrase: remove it, and keep the key in a secret"));
    }
    let digits: String = body.chars().filter(|char| !char.is_whitespace()).collect();
    let bytes = STANDARD.decode(digits).map_err(|_| {
        Error::key(format!("what follows -----BEGIN {label}----- is not base64: are its line ends intact?"))
    })?;
    Ok((label, bytes))
}
