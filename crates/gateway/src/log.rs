//! What the app's log keeps of requests that call nothing: logins and the like, and streams (reference 7.5). Calls are told
//! of where they are made.

use std::sync::Arc;

use bson::DateTime;
use usher_logs::{AuthEvent, Entry, Kind, Logs};

use crate::errors::ApiError;
use crate::exchange::{Exchange, segments};
use crate::reply::Reply;

pub(crate) fn record(exchange: &Exchange, outcome: &Result<Reply, ApiError>) {
    let Some(logs) = exchange.shared.services.dispatcher.logs() else { return };
    let path: Vec<&str> = segments(exchange.parts.uri.path()).collect();
    let (kind, event) = match path.as_slice() {
        ["api", "client", "v2.0", "app", _, "auth", "providers", provider, action @ ..] => {
            (Kind::Auth, Some((action.join("/"), (*provider).to_owned())))
        }
        ["api", "client", "v2.0", "auth", "api_keys", ..] => (Kind::ApiKey, None),
        _ => return,
    };
    // A path of nobody's app is nobody's log.
    let Some(app) = exchange.app_label().filter(|app| exchange.shared.services.dispatcher.deployment(app).is_some())
    else {
        return;
    };
    let mut entry = Entry::begin(&app, &exchange.id, kind);
    let took = i64::try_from(exchange.started.elapsed().as_millis()).unwrap_or(i64::MAX);
    entry.started = DateTime::from_millis(entry.completed.timestamp_millis().saturating_sub(took));
    entry.remote_ip = Some(exchange.peer().to_string());
    entry.auth_event = event.map(|(kind, provider)| AuthEvent { kind, provider, failed: outcome.is_err() });
    match outcome {
        Ok(reply) => entry.user_id = reply.user().map(str::to_owned),
        Err(error) => {
            entry.error = Some(error.message.clone().into_owned());
            entry.error_code = error.code.map(str::to_owned);
        }
    }
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
