//! From what an endpoint's function answered to the response.

use bson::{Bson, Document};
use hyper::StatusCode;
use hyper::header::{
    ACCEPT, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, TRAILER, TRANSFER_ENCODING,
    UPGRADE,
};
use serde::de::IgnoredAny;
use usher_app::{Endpoint, Shape};
use usher_contract::value;

use super::plain;
use crate::errors::ApiError;
use crate::reply::Reply;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// Headers that are the connection's, not the function's.
const OURS: [HeaderName; 5] = [CONNECTION, CONTENT_LENGTH, TRAILER, TRANSFER_ENCODING, UPGRADE];

/// A response's body and what it is, unless a header says otherwise.
type Body = (Vec<u8>, HeaderValue);

/// The response: what the function set on the response object, and its result where no body was set and the endpoint has
/// `respond_result`; of a webhook, only where nothing at all was set. Without a status of its own it is 200, or 204 where
/// there is no body.
pub(super) fn reply(endpoint: &Endpoint, asked: &HeaderMap, answer: &[u8]) -> Result<Reply, ApiError> {
    let answer = value::document(answer).and_then(|raw| {
        Document::try_from(raw).map_err(|error| {
            usher_contract::Failure::new(usher_contract::ErrorCode::InvalidDocument, error.to_string())
        })
    });
    let mut answer = answer.map_err(ApiError::from)?;
    let response = match answer.remove("response") {
        Some(Bson::Document(response)) => response,
        _ => Document::new(),
    };
    let mut headers = headers(&response)?;
    let body = match body(response.get("body"))? {
        Some(body) => Some(body),
        None if endpoint.respond_result && !(endpoint.service.is_some() && is_touched(&response)) => {
            Some(result(answer.remove("result"), shape(endpoint, asked))?)
        }
        None => None,
    };
    let status = match (response.get("statusCode"), &body) {
        (None, Some(_)) => StatusCode::OK,
        (None, None) => StatusCode::NO_CONTENT,
        (Some(code), _) => status(code)?,
    };
    let body = match body {
        Some((body, kind)) if ![StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&status) => {
            headers.entry(CONTENT_TYPE).or_insert(kind);
            body
        }
        _ => Vec::new(),
    };
    Ok(Reply::with(status, headers, body))
}

/// Whether the function set anything.
fn is_touched(response: &Document) -> bool {
    response.iter().any(|(_, value)| value.as_array().is_none_or(|headers| !headers.is_empty()))
}

/// How the result is written: as the request's `Accept` says, if it names just one of the two, else as configured.
fn shape(endpoint: &Endpoint, asked: &HeaderMap) -> Shape {
    match asked.get(ACCEPT).map(HeaderValue::as_bytes) {
        Some(b"application/json") => Shape::Json,
        Some(b"application/ejson") => Shape::Ejson,
        _ => endpoint.shape,
    }
}

fn result(result: Option<Bson>, shape: Shape) -> Result<Body, ApiError> {
    let json = match (result, shape) {
        (result, Shape::Json) => plain::json(result.unwrap_or(Bson::Null)),
        (result, Shape::Ejson) => value::to_extended_json(result.unwrap_or(Bson::Undefined)),
    };
    let body = serde_json::to_vec(&json).map_err(|e| ApiError::internal(format!("a result is not JSON: {e}")))?;
    Ok((body, JSON))
}

fn body(given: Option<&Bson>) -> Result<Option<Body>, ApiError> {
    match given {
        None | Some(Bson::Null | Bson::Undefined) => Ok(None),
        Some(Bson::Binary(binary)) => Ok(Some((binary.bytes.clone(), BYTES))),
        Some(Bson::String(text)) => {
            let json = serde_json::from_str::<IgnoredAny>(text).is_ok();
            Ok(Some((text.clone().into_bytes(), if json { JSON } else { TEXT })))
        }
        Some(_) => Err(unusable("its body must be a string or binary".to_owned())),
    }
}

fn status(code: &Bson) -> Result<StatusCode, ApiError> {
    let number = match code {
        Bson::Int32(number) => i64::from(*number),
        Bson::Int64(number) => *number,
        _ => 0,
    };
    let status = u16::try_from(number).ok().filter(|number| (200..600).contains(number));
    status
        .and_then(|number| StatusCode::from_u16(number).ok())
        .ok_or_else(|| unusable(format!("its status must be a number from 200 to 599, not {code}")))
}

fn headers(response: &Document) -> Result<HeaderMap, ApiError> {
    let mut headers = HeaderMap::new();
    for pair in response.get_array("headers").map(Vec::as_slice).unwrap_or_default() {
        let (name, value) = match pair.as_array().map(Vec::as_slice) {
            Some([Bson::String(name), Bson::String(value)]) => (name, value),
            _ => return Err(unusable("its headers must be pairs of a name and a value".to_owned())),
        };
        let header = HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_bytes(value.as_bytes()).ok());
        let (name, value) = header.ok_or_else(|| unusable(format!("\"{name}: {value}\" is not a header")))?;
        if !OURS.contains(&name) {
            headers.append(name, value);
        }
    }
    Ok(headers)
}

fn unusable(why: String) -> ApiError {
    ApiError::function_execution(format!("the function's response cannot be sent: {why}"))
}

#[cfg(test)]
mod tests {
    use bson::{Binary, doc, oid::ObjectId, spec::BinarySubtype};
    use futures::executor::block_on;
    use http_body_util::BodyExt;

    use super::super::tests::at;
    use super::*;
    use crate::reply;

    type Sent = (u16, String, String);

    fn sent(endpoint: &Endpoint, accept: Option<&'static str>, answer: &Document) -> Result<Sent, String> {
        let asked = accept.map(|accept| (ACCEPT, HeaderValue::from_static(accept))).into_iter().collect();
        let answer = answer.to_vec().unwrap();
        let response = reply::body(reply(endpoint, &asked, &answer).map_err(|error| {
            assert_eq!((error.status.as_u16(), error.code), (400, Some("FunctionExecutionError")));
            error.message.into_owned()
        })?);
        let kind = response.headers().get(CONTENT_TYPE).map(|kind| kind.to_str().unwrap().to_owned());
        let status = response.status().as_u16();
        let body = block_on(response.into_body().collect()).unwrap().to_bytes();
        Ok((status, kind.unwrap_or_default(), String::from_utf8(body.to_vec()).unwrap()))
    }

    fn is(status: u16, kind: &str, body: &str) -> Result<Sent, String> {
        Ok((status, kind.to_owned(), body.to_owned()))
    }

    #[test]
    fn a_result_is_written_as_the_endpoint_or_the_request_says() {
        let id = ObjectId::parse_str("5f00000000000000000000ab").unwrap();
        let answer = doc! { "result": { "id": id, "n": 1 } };
        let (plain, extended) = (
            r#"{"id":"5f00000000000000000000ab","n":1}"#,
            r#"{"id":{"$oid":"5f00000000000000000000ab"},"n":{"$numberInt":"1"}}"#,
        );
        let ejson = Endpoint { shape: Shape::Ejson, ..at("/a", None) };
        assert_eq!(sent(&at("/a", None), None, &answer), is(200, "application/json", plain));
        assert_eq!(sent(&ejson, None, &answer), is(200, "application/json", extended));
        assert_eq!(sent(&ejson, Some("application/json"), &answer), is(200, "application/json", plain));
        assert_eq!(sent(&at("/a", None), Some("application/ejson"), &answer), is(200, "application/json", extended));
        // What browsers and libraries send says nothing.
        let usual = Some("application/json, text/plain, */*");
        assert_eq!(sent(&ejson, usual, &answer), is(200, "application/json", extended));
    }

    #[test]
    fn no_result_is_null() {
        assert_eq!(sent(&at("/a", None), None, &doc! {}), is(200, "application/json", "null"));
        let ejson = Endpoint { shape: Shape::Ejson, ..at("/a", None) };
        assert_eq!(sent(&ejson, None, &doc! {}), is(200, "application/json", r#"{"$undefined":true}"#));
        let quiet = Endpoint { respond_result: false, ..at("/a", None) };
        assert_eq!(sent(&quiet, None, &doc! { "result": 1 }), is(204, "", ""));
    }

    #[test]
    fn what_the_function_set_comes_first() {
        let quiet = Endpoint { respond_result: false, ..at("/a", None) };
        for endpoint in [&at("/a", None), &quiet] {
            let answer = doc! { "result": 1, "response": { "statusCode": 201, "body": "{\"a\":1}" } };
            assert_eq!(sent(endpoint, None, &answer), is(201, "application/json", "{\"a\":1}"));
            let answer = doc! { "response": { "headers": [["content-type", "text/html"]], "body": "<p>" } };
            assert_eq!(sent(endpoint, None, &answer), is(200, "text/html", "<p>"));
        }
        assert_eq!(sent(&quiet, None, &doc! { "response": { "body": "a b" } }), is(200, TEXT.to_str().unwrap(), "a b"));
        let binary = Binary { subtype: BinarySubtype::Generic, bytes: b"abc".to_vec() };
        let answer = doc! { "response": { "body": binary } };
        assert_eq!(sent(&quiet, None, &answer), is(200, "application/octet-stream", "abc"));
        let status = doc! { "result": 1, "response": { "statusCode": 404 } };
        assert_eq!(sent(&quiet, None, &status), is(404, "", ""));
        assert_eq!(sent(&at("/a", None), None, &status), is(404, "application/json", "1"));
        let webhook = Endpoint { service: Some("hooks".to_owned()), ..at("a", None) };
        assert_eq!(sent(&webhook, None, &status), is(404, "", ""), "a webhook that sets anything answers just that");
        let untouched = doc! { "result": 1, "response": { "headers": [] } };
        assert_eq!(sent(&webhook, None, &untouched), is(200, "application/json", "1"));
        let nothing = doc! { "result": 1, "response": { "statusCode": 204, "body": "x" } };
        assert_eq!(sent(&quiet, None, &nothing), is(204, "", ""));
    }

    #[test]
    fn the_connection_is_not_the_functions() {
        let pairs = |pairs: &[(&str, &str)]| -> Bson {
            pairs
                .iter()
                .map(|(name, value)| Bson::from(vec![Bson::from(*name), Bson::from(*value)]))
                .collect::<Vec<_>>()
                .into()
        };
        let response =
            doc! { "headers": pairs(&[("Content-Length", "7"), ("Connection", "close"), ("X", "1"), ("x", "2")]) };
        let headers = headers(&response).unwrap();
        assert_eq!(headers.get_all("x").iter().collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(headers.len(), 2);
    }

    #[test]
    fn a_response_that_cannot_be_sent_is_the_functions_mistake() {
        for (response, text) in [
            (doc! { "statusCode": 99 }, "its status"),
            (doc! { "statusCode": "200" }, "its status"),
            (doc! { "headers": [["X", "a\r\nb"]] }, "is not a header"),
            (doc! { "headers": [["X"]] }, "pairs"),
            (doc! { "body": 5 }, "its body"),
        ] {
            let refused = sent(&at("/a", None), None, &doc! { "response": response.clone() }).unwrap_err();
            assert!(refused.contains(text), "{response}: {refused}");
        }
    }
}
