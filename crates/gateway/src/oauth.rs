//! The browser redirect flow of the OAuth 2 providers (reference 3.9): to the provider, back here, and to the app.

mod cookie;
mod fields;

use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue, LOCATION, SET_COOKIE};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;
use usher_dispatch::Deployment;
use usher_identity::{Authorization, AuthorizationRequest, IdentityError, Login, OAuth2Provider};

use crate::errors::ApiError;
use crate::exchange::Exchange;
use crate::log;
use crate::reply::Reply;
use cookie::Cookie;
use fields::Fields;

/// Where a script is told what a browser would be sent to (reference 3.9).
const PROVIDER_LOCATION: HeaderName = HeaderName::from_static("x-baas-location");
const CALLBACK: &str = "/api/client/v2.0/auth/callback";

/// `GET app/{id}/auth/providers/{provider}/login`: sends the browser to the provider.
pub(crate) async fn begin(exchange: &Exchange, app: &str, provider: &str) -> Result<Reply, ApiError> {
    let deployment = exchange.deployment(app)?;
    let app = deployment.app();
    let provider = OAuth2Provider::of(provider).ok_or_else(|| IdentityError::ProviderNotFound(provider.to_owned()))?;
    let query = Fields::of_query(exchange.parts.uri.query());
    let link = match query.is_true("link") {
        true => Some(exchange.identity().verify_access(app, exchange.bearer()?).await?.user_id),
        false => None,
    };
    let callback = callback_url(exchange);
    let request = AuthorizationRequest {
        provider,
        redirect: query.required("redirect")?,
        state: query.get("state").unwrap_or_default(),
        device: query.device(),
        link,
        callback: &callback,
    };
    let departure = exchange.identity().depart(app, request).await?;
    let cookie = Cookie { name: &departure.cookie, callback: &callback };
    let mut headers = leaving(cookie.set(&departure.secret))?;
    let (status, name) = match query.is_true("providerRedirectHeader") {
        true => (StatusCode::OK, PROVIDER_LOCATION),
        false => (StatusCode::FOUND, LOCATION),
    };
    headers.insert(name, header(&departure.url)?);
    Ok(Reply::with(status, headers, Vec::new()))
}

/// `auth/callback`: the provider sent the browser back, with a query or with a form.
pub(crate) async fn callback(exchange: &Exchange, body: &[u8]) -> Result<Reply, ApiError> {
    let fields = match body {
        [] => Fields::of_query(exchange.parts.uri.query()),
        form => Fields::of_form(form),
    };
    let authorization = exchange.identity().arrival(fields.required("state")?).await?;
    // From here on it is known where the app waits, so it hears of a failure as well.
    let outcome = finish(exchange, &authorization, &fields).await;
    log::returned(exchange, &authorization, &outcome);
    if let Err(error) = &outcome {
        let (request, app) = (&exchange.id, &authorization.app);
        match &error.story {
            Some(story) => tracing::error!(request = %request, app, story, "a login by redirect failed"),
            None => tracing::info!(request = %request, app, error = %error.message, "a login by redirect was refused"),
        }
    }
    let mut url = Url::parse(&authorization.redirect)
        .map_err(|error| ApiError::internal(format!("the redirect address {}: {error}", authorization.redirect)))?;
    url.set_fragment(Some(&fragment(&authorization, &outcome)));
    let name = authorization.cookie();
    let mut headers = leaving(Cookie { name: &name, callback: &callback_url(exchange) }.forget())?;
    headers.insert(LOCATION, header(url.as_str())?);
    Ok(Reply::with(StatusCode::FOUND, headers, Vec::new()))
}

async fn finish(exchange: &Exchange, authorization: &Authorization, fields: &Fields) -> Result<Login, ApiError> {
    if let Some(error) = fields.get("error") {
        return Err(ApiError::bad_request(fields.get("error_description").unwrap_or(error).to_owned()));
    }
    // Not by `Exchange::deployment`: the origin of a form is the provider's.
    let app = &authorization.app;
    let deployment: Arc<Deployment> =
        exchange.shared.services.dispatcher.deployment(app).ok_or_else(|| ApiError::app_not_found(app))?;
    let secret = cookie::find(&exchange.parts.headers, &authorization.cookie());
    let credential = authorization.credential(fields.required("code")?, secret, &callback_url(exchange))?;
    let (identity, device, peer) = (exchange.identity(), authorization.device(), exchange.peer());
    Ok(match &authorization.link {
        Some(user) => identity.link(&deployment, user, credential, device, peer, &exchange.id).await?,
        None => identity.login(&deployment, credential, device, peer, &exchange.id).await?,
    })
}

/// What realm-web reads of the address (reference 3.9).
fn fragment(authorization: &Authorization, outcome: &Result<Login, ApiError>) -> String {
    let mut fields = vec![("_baas_client_app_id", authorization.app.clone())];
    match outcome {
        Ok(login) => {
            let Login { access_token, refresh_token, user_id, device_id } = login;
            fields.push(("_baas_ua", format!("{access_token}${refresh_token}${user_id}${device_id}")));
            if authorization.link.is_some() {
                fields.push(("_baas_link", "ok".to_owned()));
            }
        }
        Err(error) => fields.push(("_baas_error", error.message.clone().into_owned())),
    }
    fields.push(("_baas_state", authorization.state.clone()));
    let fields =
        fields.into_iter().map(|(name, value)| format!("{name}={}", utf8_percent_encode(&value, NON_ALPHANUMERIC)));
    fields.collect::<Vec<_>>().join("&")
}

fn callback_url(exchange: &Exchange) -> String {
    exchange.base() + CALLBACK
}

/// The headers of an answer that sends a browser elsewhere. No cache may keep what it says.
fn leaving(cookie: String) -> Result<HeaderMap, ApiError> {
    Ok(HeaderMap::from_iter([(SET_COOKIE, header(&cookie)?), (CACHE_CONTROL, HeaderValue::from_static("no-store"))]))
}

fn header(text: &str) -> Result<HeaderValue, ApiError> {
    HeaderValue::from_str(text).map_err(|error| ApiError::internal(format!("no header can hold an address: {error}")))
}
