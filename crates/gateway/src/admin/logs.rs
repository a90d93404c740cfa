//! `logs`: what happened in an app (reference 7.5).

use bson::DateTime;
use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use usher_control::kinds::{Functions, Kind as _, TRIGGERS};
use usher_control::{GROUP, id_of};
use usher_logs::{Entry, Kind, Query};

use crate::admin::query;
use crate::admin::request::Request;
use crate::errors::ApiError;
use crate::reply::Reply;
use crate::routes;

/// Types of entries that App Services had and Usher has nothing to say of (reference 7.5).
const NEVER: [&str; 8] =
    ["API", "GRAPHQL", "LOG_FORWARDER", "PUSH", "STREAM_FUNCTION", "TRIGGER_ERROR_HANDLER", "SCHEMA_", "SYNC_"];

/// The newest first: with `errors_only` those that failed, without it the others.
pub(super) async fn handle(request: &Request<'_>, method: &Method) -> Result<Reply, ApiError> {
    if *method != Method::GET {
        return Err(routes::nothing(request.exchange));
    }
    let logs = request.exchange.shared.services.dispatcher.logs();
    let logs = logs.ok_or_else(|| ApiError::internal("this host keeps no log".to_owned()))?;
    let Some(query) = wanted(request)? else {
        return Reply::json(StatusCode::OK, &json!({"logs": []}));
    };
    let entries = logs.query(&query).await.map_err(|error| ApiError::internal(error.to_string()))?;
    let mut body = json!({"logs": entries.iter().map(|entry| told(request, entry)).collect::<Vec<_>>()});
    let full = i64::try_from(entries.len()).is_ok_and(|number| number >= query.page());
    if let (true, Some(last)) = (full, entries.last()) {
        // The next page begins among those that began in the same millisecond: so many of them were told already.
        let told = entries.iter().rev().take_while(|entry| entry.started == last.started).count();
        let before = if told == entries.len() && query.until == Some(last.started) { query.skip } else { 0 };
        body["nextEndDate"] = json!(time(last.started));
        body["nextSkip"] = json!(u64::from(before) + told as u64);
    }
    Reply::json(StatusCode::OK, &body)
}

/// None where nothing can be like that.
fn wanted(request: &Request<'_>) -> Result<Option<Query>, ApiError> {
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
    let named = query::parameters(exchange, "type");
    for name in &named {
        match serde_json::from_value::<Kind>(Value::String(name.clone())) {
            Ok(kind) => kinds.push(kind),
            Err(_) if NEVER.iter().any(|never| name == never || (never.ends_with('_') && name.starts_with(never))) => {}
            Err(_) => {
                let message = format!("'type': there are no entries of type {name}");
                return Err(ApiError::invalid_parameter(message));
            }
        }
    }
    if kinds.is_empty() && !named.is_empty() {
        return Ok(None);
    }
    Ok(Some(Query {
        app: request.app.client_app_id.clone(),
        co_id: query::parameter(exchange, "co_id"),
        // Its presence says it, whatever its value.
        failed: Some(query::is_there(exchange, "errors_only")),
        user: query::parameter(exchange, "user_id"),
        function: query::parameter(exchange, "function_name"),
        kinds,
        after: date("start_date")?,
        until: date("end_date")?,
        skip: query::number(exchange, "skip")?.unwrap_or_default(),
        limit: query::number(exchange, "limit")?.unwrap_or_default(),
    }))
}

fn told(request: &Request<'_>, entry: &Entry) -> Value {
    let messages: Vec<&str> = entry.messages.iter().map(|line| line.text.as_str()).collect();
    let mut told = json!({
        "_id": entry.id.to_hex(),
        "co_id": entry.co_id,
        "group_id": GROUP,
        "app_id": request.app.id.to_hex(),
        "domain_id": request.app.id.to_hex(),
        "type": entry.kind.as_str(),
        "started": time(entry.started),
        "completed": time(entry.completed),
        "messages": messages,
    });
    let members = [
        ("error", json!(entry.error)),
        ("error_code", json!(entry.error_code)),
        ("function_id", json!(function_id(request, entry))),
        ("function_name", json!(entry.function_name)),
        ("mem_time_usage", json!(entry.mem_time_usage)),
        ("user_id", json!(entry.user_id)),
        ("remote_ip_address", json!(entry.remote_ip)),
        ("auth_event", json!(entry.auth_event)),
        ("event_subscription_id", json!(trigger_id(request, entry))),
        ("event_subscription_name", json!(entry.event_subscription_name)),
    ];
    for (name, value) in members.into_iter().filter(|(_, value)| !value.is_null()) {
        told[name] = value;
    }
    told
}

/// The id by which the admin API knows the function of a call.
fn function_id(request: &Request<'_>, entry: &Entry) -> Option<String> {
    let called = !matches!(entry.kind, Kind::ServiceFunction | Kind::ServiceStreamFunction);
    let name = entry.function_name.as_ref().filter(|_| called)?;
    Some(id_of(request.app.id, Functions.about().word, name))
}

/// The id by which the admin API knows the trigger of a call.
fn trigger_id(request: &Request<'_>, entry: &Entry) -> Option<String> {
    let name = entry.event_subscription_name.as_ref()?;
    Some(id_of(request.app.id, TRIGGERS.about().word, name))
}

fn time(time: DateTime) -> String {
    time.try_to_rfc3339_string().unwrap_or_default()
}
