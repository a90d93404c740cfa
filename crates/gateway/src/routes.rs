//! Which handler answers which path: the client API v2.0 (reference 3).

use hyper::Method;

use crate::errors::ApiError;
use crate::exchange::{Exchange, segments};
use crate::reply::Reply;
use crate::{call, location, login, session, userpass};

pub(crate) async fn handle(exchange: &Exchange, body: &[u8]) -> Result<Reply, ApiError> {
    let path: Vec<&str> = segments(exchange.parts.uri.path()).collect();
    match path.as_slice() {
        ["api", "client", "v2.0", "app", app, rest @ ..] => of_app(exchange, app, rest, body).await,
        ["api", "client", "v2.0", "auth", rest @ ..] => of_session(exchange, rest).await,
        _ => Err(nothing(exchange)),
    }
}

async fn of_app(exchange: &Exchange, app: &str, rest: &[&str], body: &[u8]) -> Result<Reply, ApiError> {
    match (&exchange.parts.method, rest) {
        (&Method::POST, ["functions", "call"]) => call::call(exchange, app, body).await,
        (&Method::GET, ["functions", "call"]) => call::watch(exchange, app),
        (&Method::GET, ["location"]) => location::location(exchange, app),
        (&Method::GET | &Method::POST, ["auth", "providers", provider, "login"]) => {
            login::login(exchange, app, provider, body).await
        }
        (&Method::POST, ["auth", "providers", "local-userpass", action @ ..]) => {
            userpass::action(exchange, app, action, body).await
        }
        _ => Err(nothing(exchange)),
    }
}

async fn of_session(exchange: &Exchange, rest: &[&str]) -> Result<Reply, ApiError> {
    match (&exchange.parts.method, rest) {
        (&Method::GET, ["profile"]) => session::profile(exchange).await,
        (&Method::POST, ["session"]) => session::refresh(exchange).await,
        (&Method::DELETE, ["session"]) => session::logout(exchange).await,
        (&Method::DELETE, ["delete"]) => session::delete_user(exchange).await,
        _ => Err(nothing(exchange)),
    }
}

/// There is nothing at this path.
pub(crate) fn nothing(exchange: &Exchange) -> ApiError {
    ApiError::path_not_found(exchange.parts.method.as_str(), exchange.parts.uri.path())
}
