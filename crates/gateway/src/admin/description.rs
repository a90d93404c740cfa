//! An app in a few words, as command lines show it (reference 7.4, `description`).

use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use usher_app::{App, Endpoint, Occasion};

use crate::admin::request::Request;
use crate::errors::ApiError;
use crate::reply::Reply;
use crate::routes;

pub(super) fn handle(request: &Request<'_>, method: &Method) -> Result<Reply, ApiError> {
    if *method != Method::GET {
        return Err(routes::nothing(request.exchange));
    }
    Reply::json(StatusCode::OK, &describe(request.deployment()?.app(), &request.exchange.base()))
}

fn describe(app: &App, base: &str) -> Value {
    let data = &app.custom_user_data;
    let source = |name: &String| json!({"name": name, "type": "mongodb-atlas", "data_source": name});
    let endpoint = |endpoint: &Endpoint| match &endpoint.service {
        Some(service) => {
            let url =
                format!("{base}/api/client/v2.0/app/{}/service/{service}/incoming_webhook/{}", app.id, endpoint.route);
            json!({"name": service, "webhooks": [{"name": endpoint.route, "url": url}]})
        }
        None => json!({
            "route": endpoint.route,
            "http_method": endpoint.method.map_or("*", usher_app::Method::name),
            "url": format!("{base}/app/{}/endpoint{}", app.id, endpoint.route),
        }),
    };
    let kind = |occasion: &Occasion| match occasion {
        Occasion::Authentication(_) => "AUTHENTICATION",
        Occasion::Database(_) => "DATABASE",
        Occasion::Scheduled(_) => "SCHEDULED",
    };
    json!({
        "client_app_id": app.id,
        "name": app.name,
        "realm_url": base,
        "environment": app.environment.tag,
        "data_sources": app.data_sources.iter().map(source).collect::<Value>(),
        "http_endpoints": app.endpoints.iter().map(endpoint).collect::<Value>(),
        "services": [],
        "auth_providers": app.providers.enabled()
            .map(|name| json!({"name": name, "type": name, "enabled": true})).collect::<Value>(),
        "custom_user_data": {
            "enabled": data.enabled, "data_source": data.data_source, "database": data.database,
            "collection": data.collection, "user_id_field": data.user_id_field,
        },
        "values": app.values.keys().map(String::as_str).collect::<Value>(),
        "functions": app.functions.keys().map(|name| json!({"name": name, "path": ""})).collect::<Value>(),
        "event_subscription": app.triggers.values().map(|trigger| {
            json!({"name": trigger.name, "type": kind(&trigger.occasion), "enabled": !trigger.disabled})
        }).collect::<Value>(),
        // What is not here, in the words for what is switched off.
        "hosting": {"enabled": false, "status": "disabled", "url": ""},
        "sync": {"state": "disabled", "data_source": "", "database": "", "development_mode_enabled": false},
        "graphql": {"url": "", "custom_resolvers": []},
        "log_forwarders": [],
    })
}
