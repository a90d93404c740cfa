//! `logs`: what happened in an app (reference 7.5).

use bson::DateTime;
use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use usher_contract::limits;
use usher_logs::{Entry, Kind, Query};

use crate::admin::query;
use crate::admin::request::Request;
use crate::errors::ApiError;
use crate::reply::Reply;
use crate::routes;

/// The newest first. `errors_only` leaves out what succeeded; without it failures are among the others.
pub(super) async fn handle(request: &Request<'_>, method: &Method) -> Result<Reply, ApiError> {
    if *method != Method::GET {
        return Err(routes::nothing(request.exchange));
    }
    let logs = request.exchange.shared.services.dispatcher.logs();
    let logs = logs.ok_or_else(|| ApiError::internal("this host keeps no log".to_owned()))?;
    let entries = logs.query(&wanted(request)?).await.map_err(|error| ApiError::internal(error.to_string()))?;
    let next = entries.last().map(|entry| time(entry.started));
    let full = i64::try_from(entries.len()).is_ok_and(|number| number >= limits::LOG_PAGE);
    let mut body = json!({"logs": entries.iter().map(told).collect::<Vec<_>>()});
    if let (true, Some(next)) = (full, next) {
        body["nextEndDate"] = json!(next);
    }
    Reply::json(StatusCode::OK, &body)
}

fn wanted(request: &Request<'_>) -> Result<Query, ApiError> {
    let exchange = request.exchange;
    let date = |name: &str| {
        let read = |text: String| {
            DateTime::parse_rfc3339_str(&text).map_err(|_| {
                ApiError::invalid_parameter(format!("'{name}' is no date: write it as 2026-01-31T12:00:00Z"))
            })
        };
        query::parameter(exchange, name).map(read).transpose()
    };
    let mut kinds = Vec::new();
    for name in query::parameters(exchange, "type") {
        let kind = serde_json::from_value::<Kind>(Value::String(name.clone()));
        kinds.push(
            kind.map_err(|_| ApiError::invalid_parameter(format!("'type': there are no entries of type {name}")))?,
        );
    }
    // Its presence says it, whatever its value but `false`.
    let errors = exchange
        .parts
        .uri
        .query()
        .unwrap_or_default()
        .split('&')
        .any(|pair| pair.split('=').next() == Some("errors_only") && !pair.ends_with("=false"));
    Ok(Query {
        app: request.app.client_app_id.clone(),
        co_id: query::parameter(exchange, "co_id"),
        failed: errors.then_some(true),
        user: query::parameter(exchange, "user_id"),
        function: query::parameter(exchange, "function_name"),
        kinds,
        after: date("start_date")?,
        until: date("end_date")?,
        skip: query::number(exchange, "skip")?.unwrap_or_default(),
        limit: query::number(exchange, "limit")?.unwrap_or_default(),
    })
}

fn told(entry: &Entry) -> Value {
    let messages: Vec<&str> = entry.messages.iter().map(|line| line.text.as_str()).collect();
    let mut told = json!({
        "_id": entry.id.to_hex(),
        "co_id": entry.co_id,
        "type": entry.kind.as_str(),
        "started": time(entry.started),
        "completed": time(entry.completed),
        "messages": messages,
    });
    let members = [
        ("error", json!(entry.error)),
        ("error_code", json!(entry.error_code)),
        ("function_name", json!(entry.function_name)),
        ("user_id", json!(entry.user_id)),
        ("remote_ip_address", json!(entry.remote_ip)),
        ("auth_event", json!(entry.auth_event)),
        ("event_subscription_name", json!(entry.event_subscription_name)),
    ];
    for (name, value) in members.into_iter().filter(|(_, value)| !value.is_null()) {
        told[name] = value;
    }
    told
}

fn time(time: DateTime) -> String {
    time.try_to_rfc3339_string().unwrap_or_default()
}
