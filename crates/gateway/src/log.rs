//! What the app's log keeps of requests that call nothing: logins and the like, and streams (reference 7.5). Calls are told
//! of where they are made.

use std::sync::Arc;

use bson::DateTime;
use hyper::Method;
use usher_app::Endpoint;
use usher_identity::{Authorization, Login};
use usher_logs::{AuthEvent, Entry, Kind, Logs};

use crate::errors::ApiError;
use crate::exchange::{Exchange, segments};
use crate::login::links;
use crate::reply::Reply;

pub(crate) fn record(exchange: &Exchange, outcome: &Result<Reply, ApiError>) {
    let path: Vec<&str> = segments(exchange.parts.uri.path()).collect();
    let (kind, event) = match path.as_slice() {
        // A browser that sets out to a provider has not logged in: its coming back is told (`returned`).
        [.., "login"] if exchange.parts.method == Method::GET && outcome.is_ok() => return,
        ["api", "client", "v2.0", "app", _, "auth", "providers", provider, action @ ..] => {
            let action = action.join("/");
            let kind = if action == "login" { login(links(exchange.parts.uri.query())) } else { action };
            (Kind::Auth, Some((kind, (*provider).to_owned())))
        }
        ["api", "client", "v2.0", "auth", "api_keys", ..] => (Kind::ApiKey, None),
        _ => return,
    };
    let Some(app) = exchange.app_label() else { return };
    let user = outcome.as_ref().map(Reply::user);
    tell(exchange, &app, kind, user, |entry| {
        entry.auth_event = event.map(|(kind, provider)| AuthEvent { kind, provider, failed: outcome.is_err() });
    });
}

/// Tells of a browser that came back from a provider.
pub(crate) fn returned(exchange: &Exchange, authorization: &Authorization, outcome: &Result<Login, ApiError>) {
    let user = outcome.as_ref().map(|login| Some(login.user_id.as_str()));
    tell(exchange, &authorization.app, Kind::Auth, user, |entry| {
        let (kind, provider) = (login(authorization.link.is_some()), authorization.provider.clone());
        entry.auth_event = Some(AuthEvent { kind, provider, failed: outcome.is_err() });
    });
}

/// Tells of a request to an endpoint or webhook that was refused before there was a call to tell of.
pub(crate) fn refused(exchange: &Exchange, app: &str, endpoint: &Endpoint, error: &ApiError) {
    let kind = if endpoint.service.is_some() { Kind::Webhook } else { Kind::Endpoint };
    tell(exchange, app, kind, Err(error), |entry| entry.function_name = Some(endpoint.function.clone()));
}

/// The word for a login, or for one that links.
fn login(links: bool) -> String {
    if links { "link" } else { "login" }.to_owned()
}

/// Records an entry about the exchange, with the user whom it was about or why it was refused.
fn tell(
    exchange: &Exchange,
    app: &str,
    kind: Kind,
    outcome: Result<Option<&str>, &ApiError>,
    more: impl FnOnce(&mut Entry),
) {
    let dispatcher = &exchange.shared.services.dispatcher;
    // What was asked of nobody's app is in nobody's log.
    let Some(logs) = dispatcher.logs().filter(|_| dispatcher.deployment(app).is_some()) else { return };
    let mut entry = Entry::begin(app, &exchange.id, kind);
    let took = i64::try_from(exchange.started.elapsed().as_millis()).unwrap_or(i64::MAX);
    entry.started = DateTime::from_millis(entry.completed.timestamp_millis().saturating_sub(took));
    entry.remote_ip = Some(exchange.peer().to_string());
    match outcome {
        Ok(user) => entry.user_id = user.map(str::to_owned),
        Err(error) => {
            entry.error = Some(error.message.clone().into_owned());
            entry.error_code = error.code.map(str::to_owned);
        }
    }
    more(&mut entry);
    logs.record(entry);
}

/// What will be told of a stream, once it has ended or could not begin.
pub(crate) struct Told {
    logs: Option<Arc<Logs>>,
    entry: Entry,
}

impl Told {
    pub(crate) fn begin(exchange: &Exchange, app: &str, user: &str) -> Self {
        let mut entry = Entry::begin(app, &exchange.id, Kind::ServiceStreamFunction);
        entry.function_name = Some("watch".to_owned());
        entry.user_id = Some(user.to_owned());
        entry.remote_ip = Some(exchange.peer().to_string());
        Self { logs: exchange.shared.services.dispatcher.logs().cloned(), entry }
    }

    /// Why it ends.
    pub(crate) fn failed(&mut self, error: &ApiError) {
        self.entry.error = Some(error.message.clone().into_owned());
        self.entry.error_code = error.code.map(str::to_owned);
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        if let Some(logs) = &self.logs {
            self.entry.completed = DateTime::now();
            logs.record(self.entry.clone());
        }
    }
}
