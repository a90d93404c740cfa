//! A response as the function gets it.

use std::io::Read as _;

use bson::raw::{CStr, RawArrayBuf, RawBinaryRef, RawDocumentBuf, cstr};
use bson::spec::BinarySubtype;
use flate2::read::MultiGzDecoder;
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use hyper::ext::ReasonPhrase;
use hyper::http::response::Parts;
use hyper::{HeaderMap, Response, header};
use usher_contract::{ErrorCode, Failure, limits};

use crate::failure::{http_error, of_body};
use crate::headers::canonical;
use crate::origin::Origin;

/// Reads the body, of at most so many bytes, and writes `{status, statusCode, contentLength, headers, body}`.
pub(crate) async fn read(origin: &Origin, response: Response<Incoming>, most: usize) -> Result<Vec<u8>, Failure> {
    let (mut parts, body) = response.into_parts();
    check_size(origin, &parts.headers)?;
    let mut length = announced(&parts.headers).or_else(|| body.size_hint().exact());
    let mut body = collect(origin, body, most).await?;
    if is_gzip(&parts.headers) && !body.is_empty() {
        body = decompress(origin, body, most).await?;
        parts.headers.remove(header::CONTENT_ENCODING);
        parts.headers.remove(header::CONTENT_LENGTH);
        length = None;
    }
    document(&parts, length, &body)
}

fn check_size(origin: &Origin, headers: &HeaderMap) -> Result<(), Failure> {
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if bytes > limits::HTTP_HEAD_BYTES {
        let most = limits::HTTP_HEAD_BYTES;
        return Err(http_error(format!("the headers of the response of {origin} are larger than {most} bytes")));
    }
    Ok(())
}

/// What the response says of its length, also where no body follows, as to a HEAD request.
fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn collect(origin: &Origin, mut body: Incoming, most: usize) -> Result<Vec<u8>, Failure> {
    let expected = body.size_hint().lower();
    if expected > most as u64 {
        return Err(too_large(origin, most));
    }
    let mut collected = Vec::with_capacity(usize::try_from(expected).unwrap_or_default());
    while let Some(frame) = body.frame().await {
        if let Some(data) = frame.map_err(|error| of_body(origin, &error))?.data_ref() {
            if collected.len() + data.len() > most {
                return Err(too_large(origin, most));
            }
            collected.extend_from_slice(data);
        }
    }
    Ok(collected)
}

fn is_gzip(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_ENCODING)
        .is_some_and(|encoding| matches!(encoding.as_bytes().to_ascii_lowercase().as_slice(), b"gzip" | b"x-gzip"))
}

/// Decompresses, and stops where the limit is passed: a small body may hold gigabytes.
async fn decompress(origin: &Origin, body: Vec<u8>, most: usize) -> Result<Vec<u8>, Failure> {
    let unpacking = tokio::task::spawn_blocking(move || {
        let mut unpacked = Vec::new();
        let reader = MultiGzDecoder::new(body.as_slice());
        reader.take(most as u64 + 1).read_to_end(&mut unpacked).map(|_| unpacked)
    });
    let unpacked = unpacking
        .await
        .map_err(|error| Failure::new(ErrorCode::InternalServerError, format!("decompressing failed: {error}")))?
        .map_err(|error| http_error(format!("the response of {origin} cannot be decompressed: {error}")))?;
    if unpacked.len() > most {
        return Err(too_large(origin, most));
    }
    Ok(unpacked)
}

fn too_large(origin: &Origin, most: usize) -> Failure {
    http_error(format!("the response of {origin} is larger than {most} bytes: ask for less of it"))
}

fn document(parts: &Parts, length: Option<u64>, body: &[u8]) -> Result<Vec<u8>, Failure> {
    let code = parts.status.as_u16();
    let reason = match parts.extensions.get::<ReasonPhrase>() {
        Some(reason) => String::from_utf8_lossy(reason.as_bytes()).into_owned(),
        None => parts.status.canonical_reason().unwrap_or_default().to_owned(),
    };
    let mut document = RawDocumentBuf::new();
    document.append(cstr!("status"), format!("{code} {reason}").trim_end());
    document.append(cstr!("statusCode"), i32::from(code));
    document.append(cstr!("contentLength"), length.and_then(|length| i64::try_from(length).ok()).unwrap_or(-1));
    document.append(cstr!("headers"), headers(&parts.headers)?);
    document.append(cstr!("body"), RawBinaryRef { subtype: BinarySubtype::Generic, bytes: body });
    Ok(document.into_bytes())
}

fn headers(headers: &HeaderMap) -> Result<RawDocumentBuf, Failure> {
    let mut written = RawDocumentBuf::new();
    for name in headers.keys() {
        let mut values = RawArrayBuf::new();
        for value in headers.get_all(name) {
            values.push(String::from_utf8_lossy(value.as_bytes()).as_ref());
        }
        let name = canonical(name.as_str());
        let name = <&CStr>::try_from(name.as_str()).map_err(|error| http_error(error.to_string()))?;
        written.append(name, values);
    }
    Ok(written)
}
