//! Which handler answers which path: the client API v2.0 (reference 3).

use hyper::Method;

use crate::errors::ApiError;
use crate::exchange::{Exchange, segments};
use crate::reply::Reply;
use crate::{admin, api_keys, call, endpoint, location, login, oauth, push, session, userpass, watch};

pub(crate) async fn handle(exchange: &Exchange, body: &[u8]) -> Result<Reply, ApiError> {
    let path: Vec<&str> = segments(exchange.parts.uri.path()).collect();
    match path.as_slice() {
        ["api", "client", "v2.0", "app", app, rest @ ..] => of_app(exchange, app, rest, body).await,
        ["api", "client", "v2.0", "auth", rest @ ..] => of_session(exchange, rest, body).await,
        ["api", "admin", "v3.0", rest @ ..] => admin::handle(exchange, rest, body).await,
        ["api", "private", "v1.0", rest @ ..] => admin::private(exchange, rest),
        ["api", "public", "v1.0", rest @ ..] => admin::public(exchange, rest),
        ["app", app, "endpoint", path @ ..] => endpoint::endpoint(exchange, app, path, body).await,
        _ => Err(nothing(exchange)),
    }
}

async fn of_app(exchange: &Exchange, app: &str, rest: &[&str], body: &[u8]) -> Result<Reply, ApiError> {
    match (&exchange.parts.method, rest) {
        (&Method::POST, ["functions", "call"]) => call::call(exchange, app, body).await,
        (&Method::GET, ["functions", "call"]) => watch::watch(exchange, app).await,
        (&Method::GET, ["location"]) => location::location(exchange, app),
        (&Method::GET, ["auth", "providers", provider, "login"]) => oauth::begin(exchange, app, provider).await,
        (&Method::POST, ["auth", "providers", provider, "login"]) => login::login(exchange, app, provider, body).await,
        (&Method::POST, ["auth", "providers", "local-userpass", action @ ..]) => {
            userpass::action(exchange, app, action, body).await
        }
        (&Method::PUT | &Method::DELETE, ["push", "providers", service, "registration"]) => {
            push::registration(exchange, app, service).await
        }
        // Any method: an endpoint or webhook says itself which it answers to.
        (_, ["endpoint", path @ ..]) => endpoint::endpoint(exchange, app, path, body).await,
        (_, ["service", service, "incoming_webhook", name]) => {
            endpoint::webhook(exchange, app, service, name, body).await
        }
        _ => Err(nothing(exchange)),
    }
}

async fn of_session(exchange: &Exchange, rest: &[&str], body: &[u8]) -> Result<Reply, ApiError> {
    match (&exchange.parts.method, rest) {
        (method, ["api_keys", rest @ ..]) => api_keys::handle(exchange, method, rest, body).await,
        (&Method::GET | &Method::POST, ["callback"]) => oauth::callback(exchange, body).await,
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
