//! Request bodies: whole, within the limit, and JSON.

use std::fmt::Display;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body;
use serde_json::{Map, Value};
use usher_contract::limits;

use crate::errors::ApiError;

/// Reads a body to its end.
///
/// Of a body that is too large the rest is read and thrown away, up to a point: a client that is still sending when
/// the answer comes would see a broken connection instead of it.
pub(crate) async fn read<B>(body: B, limit: usize) -> Result<Bytes, ApiError>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Display,
{
    tokio::time::timeout(limits::REQUEST_BODY_DEADLINE, collect(body, limit))
        .await
        .unwrap_or_else(|_| Err(ApiError::body_too_slow()))
}

async fn collect<B>(mut body: B, limit: usize) -> Result<Bytes, ApiError>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Display,
{
    // Nearly every body is one frame, which then is not copied.
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    let mut total = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|e| ApiError::bad_request(format!("the request body broke off: {e}")))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        total += data.len();
        if total > limit {
            (first, rest) = (Bytes::new(), BytesMut::new());
            if total > limits::REQUEST_DRAIN_BYTES {
                break;
            }
        } else if first.is_empty() {
            first = data;
        } else {
            if rest.is_empty() {
                rest.extend_from_slice(&first);
            }
            rest.extend_from_slice(&data);
        }
    }
    if total > limit {
        return Err(ApiError::body_too_large(limit));
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}

/// The members of a body that must be a JSON object; an empty body has none (reference 3.3: log-in as an anonymous
/// user may send nothing).
pub(crate) fn object(body: &[u8]) -> Result<Map<String, Value>, ApiError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(ApiError::bad_request("the request body must be a JSON object")),
        Err(e) => Err(ApiError::bad_request(format!("the request body is not JSON: {e}"))),
    }
}

/// A member that must be a JSON string. Nothing else is taken for one: an object here would otherwise reach a
/// database query.
pub(crate) fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Result<&'a str, ApiError> {
    match members.get(name) {
        Some(Value::String(text)) => Ok(text),
        None | Some(Value::Null) => Err(ApiError::missing_parameter(format!("'{name}' is a required string"))),
        Some(_) => Err(ApiError::invalid_parameter(format!("'{name}' must be a string"))),
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use http_body_util::{Full, StreamBody};
    use hyper::StatusCode;
    use hyper::body::Frame;
    use std::convert::Infallible;

    use super::*;

    fn chunks(sizes: &[usize]) -> impl Body<Data = Bytes, Error = Infallible> + Unpin {
        let frames: Vec<_> =
            sizes.iter().zip(b'a'..).map(|(size, letter)| Ok(Frame::data(vec![letter; *size].into()))).collect();
        StreamBody::new(futures::stream::iter(frames))
    }

    #[test]
    fn a_body_in_pieces_is_joined() {
        assert_eq!(block_on(collect(chunks(&[2, 0, 1, 3]), limits::REQUEST_BYTES)).unwrap(), "aacddd");
        assert_eq!(block_on(collect(Full::new(Bytes::from("whole")), limits::REQUEST_BYTES)).unwrap(), "whole");
        assert_eq!(block_on(collect(chunks(&[]), limits::REQUEST_BYTES)).unwrap(), "");
    }

    #[test]
    fn the_limit_is_exact() {
        let half = limits::REQUEST_BYTES / 2;
        assert_eq!(
            block_on(collect(chunks(&[half, limits::REQUEST_BYTES - half]), limits::REQUEST_BYTES)).unwrap().len(),
            limits::REQUEST_BYTES
        );
        let error = block_on(collect(chunks(&[limits::REQUEST_BYTES, 1, 7]), limits::REQUEST_BYTES)).unwrap_err();
        assert_eq!(error.status, StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[test]
    fn an_object_or_nothing_is_expected() {
        assert!(object(b"").unwrap().is_empty());
        assert!(object(b" \n").unwrap().is_empty());
        assert_eq!(object(br#"{"a":1}"#).unwrap()["a"], 1);
        for bad in ["[]", "1", "null", "\"a\"", "{", "{\"a\":1}x", "\u{0}"] {
            assert_eq!(object(bad.as_bytes()).unwrap_err().status, StatusCode::BAD_REQUEST, "{bad:?}");
        }
        let deep = [b"{\"a\":".repeat(100_000), b"1".to_vec(), b"}".repeat(100_000)].concat();
        assert_eq!(object(&deep).unwrap_err().status, StatusCode::BAD_REQUEST);
    }

    #[test]
    fn only_a_string_is_a_string() {
        let members = object(br#"{"s":"x","n":null,"o":{"$gt":""},"i":1,"a":["x"]}"#).unwrap();
        assert_eq!(text(&members, "s").unwrap(), "x");
        assert_eq!(text(&members, "gone").unwrap_err().message, "'gone' is a required string");
        assert_eq!(text(&members, "n").unwrap_err().message, "'n' is a required string");
        for name in ["o", "i", "a"] {
            assert_eq!(text(&members, name).unwrap_err().message, format!("'{name}' must be a string"));
        }
    }
}
