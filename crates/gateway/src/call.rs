//! `POST app/{id}/functions/call` (reference 3.7): the hot path.

use bson::{Bson, Document};
use hyper::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use usher_contract::{limits, value};
use usher_dispatch::{Call, CallError, Origin, ServiceCall};

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
    let request = {
        // Parsing is what takes the memory; the function may then run for long.
        let _slot = match body.len() {
            ..limits::LARGE_CALL_BYTES => None,
            _ => Some(exchange.shared.large.acquire().await.map_err(|closed| ApiError::internal(closed.to_string()))?),
        };
        parse(body)?
    };
    let (function, arguments) = match request {
        Request::Function { name, arguments } => (name, arguments),
        Request::Service { service, action, argument } => {
            let call = ServiceCall {
                deployment,
                service,
                action,
                argument,
                caller: token.caller(),
                request: Some(request::describe(exchange)),
                id: exchange.id.clone(),
            };
            let answer = exchange.shared.services.dispatcher.service(call).await.map_err(ApiError::from_service)?;
            return Ok(Reply::json_text(StatusCode::OK, answer));
        }
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
    let text = exchange.shared.services.dispatcher.text(&answer).await?;
    Ok(Reply::json_text(StatusCode::OK, text))
}

#[derive(Debug)]
pub(crate) enum Request {
    Function {
        name: String,
        /// A BSON array.
        arguments: Vec<u8>,
    },
    /// An action of a data source (reference 6).
    Service { service: String, action: String, argument: Document },
}

/// Reads a call, which may also stand in a query (reference 3.7, the stream of a watch).
pub(crate) fn parse(body: &[u8]) -> Result<Request, ApiError> {
    let body: Body = serde_json::from_slice(body).map_err(|e| {
        ApiError::bad_request(format!(
            "the request body is not a function call, {{\"name\": \"…\", \"arguments\": […]}}: {e}"
        ))
    })?;
    if let Some(service) = body.service.filter(|service| !service.is_empty()) {
        let [argument] = <[Value; 1]>::try_from(body.arguments.unwrap_or_default()).map_err(|_| {
            ApiError::bad_request("an action of a service takes one argument, {database, collection, …}")
        })?;
        let argument = value::from_extended_json(argument)
            .map_err(|e| ApiError::invalid_parameter(format!("arguments[0]: {}", e.message)))?;
        let Bson::Document(argument) = argument else {
            return Err(ApiError::invalid_parameter("arguments[0] must be a document".to_owned()));
        };
        return Ok(Request::Service { service, action: body.name, argument });
    }
    if body.name.chars().count() > limits::FUNCTION_NAME_CHARS {
        let name: String = body.name.chars().take(limits::FUNCTION_NAME_CHARS).collect();
        return Err(CallError::NotFound(format!("{name}…")).into());
    }
    let arguments = arguments(body.arguments.unwrap_or_default())?;
    Ok(Request::Function { name: body.name, arguments })
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

    /// The name and arguments of a call of a function.
    fn called(body: &[u8]) -> (String, Vec<u8>) {
        match parse(body).unwrap() {
            Request::Function { name, arguments } => (name, arguments),
            other => panic!("{other:?}"),
        }
    }

    fn refused(body: &str) -> (u16, &'static str, String) {
        let error = parse(body.as_bytes()).unwrap_err();
        (error.status.as_u16(), error.code.unwrap_or(""), error.message.into_owned())
    }

    #[test]
    fn the_body_of_realm_web_is_read() {
        let body = br#"{"name":"f","arguments":[{"$numberInt":"1"},{"$numberDouble":"2.5"},"s",true,null]}"#;
        let (name, arguments) = called(body);
        assert_eq!(name, "f");
        let arguments = Document::from_reader(arguments.as_slice()).unwrap();
        assert_eq!(arguments, doc! {"0": 1, "1": 2.5, "2": "s", "3": true, "4": null});
    }

    #[test]
    fn order_absence_and_extra_members_do_not_matter() {
        for body in [r#"{"arguments":[],"name":"f"}"#, r#"{"name":"f"}"#, r#"{"name":"f","arguments":null,"x":{}}"#] {
            let (name, arguments) = called(body.as_bytes());
            assert_eq!((name.as_str(), arguments), ("f", vec![5, 0, 0, 0, 0]));
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
    fn an_action_of_a_service_takes_one_document() {
        let body =
            br#"{"name":"find","arguments":[{"database":"d","limit":{"$numberInt":"10"}}],"service":"mongodb-atlas"}"#;
        let Request::Service { service, action, argument } = parse(body).unwrap() else { panic!("a function") };
        assert_eq!((service.as_str(), action.as_str()), ("mongodb-atlas", "find"));
        assert_eq!(argument, doc! {"database": "d", "limit": 10});
        for arguments in ["[]", "[{},{}]", "null"] {
            let body = format!(r#"{{"name":"find","arguments":{arguments},"service":"mongodb-atlas"}}"#);
            assert_eq!(refused(&body).1, "BadRequest", "{arguments}");
        }
        assert_eq!(refused(r#"{"name":"find","arguments":[[1]],"service":"mongodb-atlas"}"#).1, "InvalidParameter");
    }
}
