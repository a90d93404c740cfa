//! `POST app/{id}/functions/call` (reference 3.7): the hot path.

use bson::Bson;
use hyper::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use usher_contract::{limits, value};
use usher_dispatch::{Call, CallError, Origin};

use crate::errors::ApiError;
use crate::exchange::Exchange;
use crate::reply::Reply;
use crate::request;

/// The body of a call; members beyond these are ignored.
#[derive(Debug, Deserialize)]
struct Body {
    name: String,
    #[serde(default)]
    arguments: Option<Vec<Value>>,
    #[serde(default)]
    service: Option<String>,
}

pub(crate) async fn call(exchange: &Exchange, app: &str, body: &[u8]) -> Result<Reply, ApiError> {
    let deployment = exchange.deployment(app)?;
    let token = exchange.identity().verify_access(deployment.app(), exchange.bearer()?).await?;
    let Request { function, arguments } = {
        // Parsing is what takes the memory; the function may then run for long.
        let _slot = match body.len() {
            ..limits::LARGE_CALL_BYTES => None,
            _ => Some(exchange.shared.large.acquire().await.map_err(|closed| ApiError::internal(closed.to_string()))?),
        };
        parse(body)?
    };
    let request = deployment.reads_requests().then(|| request::describe(exchange));
    let call = Call {
        deployment,
        function,
        arguments,
        caller: token.caller(),
        origin: Origin::Client,
        request,
        id: exchange.id.clone(),
    };
    let answer = exchange.shared.services.dispatcher.call(call).await?;
    Reply::json(StatusCode::OK, &value::to_extended_json(value::result(&answer)?))
}

#[derive(Debug)]
struct Request {
    function: String,
    /// A BSON array.
    arguments: Vec<u8>,
}

fn parse(body: &[u8]) -> Result<Request, ApiError> {
    let body: Body = serde_json::from_slice(body).map_err(|e| {
        ApiError::bad_request(format!(
            "the request body is not a function call, {{\"name\": \"…\", \"arguments\": […]}}: {e}"
        ))
    })?;
    // What App Services says when a service of this name does not exist: none does here.
    if body.service.is_some() {
        return Err(ApiError::function_execution(format!("Cannot access member '{}' of undefined", body.name)));
    }
    if body.name.chars().count() > limits::FUNCTION_NAME_CHARS {
        let name: String = body.name.chars().take(limits::FUNCTION_NAME_CHARS).collect();
        return Err(CallError::NotFound(format!("{name}…")).into());
    }
    let arguments = arguments(body.arguments.unwrap_or_default())?;
    Ok(Request { function: body.name, arguments })
}

fn arguments(values: Vec<Value>) -> Result<Vec<u8>, ApiError> {
    let values = values.into_iter().enumerate().map(|(index, json)| {
        value::from_extended_json(json)
            .map_err(|e| ApiError::invalid_parameter(format!("arguments[{index}]: {}", e.message)))
    });
    let bytes = value::array_bytes(values.collect::<Result<Vec<Bson>, _>>()?)
        .map_err(|e| ApiError::invalid_parameter(format!("arguments: {}", e.message)))?;
    if bytes.len() > limits::DOCUMENT_BYTES {
        return Err(ApiError::invalid_parameter(format!(
            "arguments: {} bytes of BSON are more than the {} of one document",
            bytes.len(),
            limits::DOCUMENT_BYTES
        )));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use bson::{Document, doc};

    use super::*;

    fn refused(body: &str) -> (u16, &'static str, String) {
        let error = parse(body.as_bytes()).unwrap_err();
        (error.status.as_u16(), error.code.unwrap_or(""), error.message.into_owned())
    }

    #[test]
    fn the_body_of_realm_web_is_read() {
        let body = br#"{"name":"f","arguments":[{"$numberInt":"1"},{"$numberDouble":"2.5"},"s",true,null]}"#;
        let request = parse(body).unwrap();
        assert_eq!(request.function, "f");
        let arguments = Document::from_reader(request.arguments.as_slice()).unwrap();
        assert_eq!(arguments, doc! {"0": 1, "1": 2.5, "2": "s", "3": true, "4": null});
    }

    #[test]
    fn order_absence_and_extra_members_do_not_matter() {
        for body in [r#"{"arguments":[],"name":"f"}"#, r#"{"name":"f"}"#, r#"{"name":"f","arguments":null,"x":{}}"#] {
            let request = parse(body.as_bytes()).unwrap();
            assert_eq!((request.function.as_str(), request.arguments), ("f", vec![5, 0, 0, 0, 0]));
        }
    }

    #[test]
    fn bad_bodies_are_refused_with_the_place() {
        assert_eq!(refused("").1, "BadRequest");
        assert_eq!(refused("[]").1, "BadRequest");
        assert_eq!(refused(r#"{"arguments":[]}"#).1, "BadRequest");
        assert_eq!(refused(r#"{"name":{"$gt":""},"arguments":[]}"#).1, "BadRequest");
        assert_eq!(refused(r#"{"name":"f","arguments":{}}"#).1, "BadRequest");
        let (status, code, message) = refused(r#"{"name":"f","arguments":[1,{"$oid":"xyz"}]}"#);
        assert_eq!((status, code), (400, "InvalidParameter"));
        assert!(message.starts_with("arguments[1]: "), "{message}");
    }

    #[test]
    fn nesting_is_bounded() {
        let nested =
            |depth: usize| format!(r#"{{"name":"f","arguments":[{}1{}]}}"#, "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(50).as_bytes()).is_ok());
        assert_eq!(refused(&nested(110)).1, "InvalidParameter");
        assert_eq!(refused(&nested(100_000)).1, "BadRequest");
    }

    #[test]
    fn arguments_fit_one_document() {
        let long = "x".repeat(limits::DOCUMENT_BYTES);
        assert_eq!(refused(&format!(r#"{{"name":"f","arguments":["{long}"]}}"#)).1, "InvalidParameter");
    }

    #[test]
    fn there_are_no_services() {
        let refused = refused(r#"{"name":"insertOne","arguments":[],"service":"shop"}"#);
        let expected = "Cannot access member 'insertOne' of undefined";
        assert_eq!(refused, (400, "FunctionExecutionError", expected.to_owned()));
    }
}
