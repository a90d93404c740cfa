//! `GET app/{id}/location` (reference 3.2): the client's first question, where the app is served. The answer is
//! this very host: it is why changing the base URL is enough.

use hyper::StatusCode;
use serde::Serialize;

use crate::errors::ApiError;
use crate::exchange::Exchange;
use crate::reply::Reply;

#[derive(Serialize)]
struct Location<'a> {
    deployment_model: &'a str,
    location: &'a str,
    hostname: &'a str,
    ws_hostname: &'a str,
}

pub(crate) fn location(exchange: &Exchange, app: &str) -> Result<Reply, ApiError> {
    let deployment = exchange.deployment(app)?;
    let hostname = exchange.base();
    let body = Location {
        deployment_model: &deployment.app().deployment_model,
        location: &deployment.app().location,
        hostname: &hostname,
        ws_hostname: &websocket(&hostname),
    };
    Reply::json(StatusCode::OK, &body)
}

/// The same place for WebSockets: `http` becomes `ws`, `https` becomes `wss`.
fn websocket(base: &str) -> String {
    base.strip_prefix("http").map_or_else(|| base.to_owned(), |rest| format!("ws{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_websocket_twin_keeps_the_security() {
        assert_eq!(websocket("http://localhost:9090"), "ws://localhost:9090");
        assert_eq!(websocket("https://usher.example.org"), "wss://usher.example.org");
    }
}
