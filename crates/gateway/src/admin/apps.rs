//! Apps: the list, making one, deleting one.

use hyper::{Method, StatusCode};
use serde_json::{Map, Value, json};
use usher_control::{Admin, AppInfo, NewApp, PRODUCT};

use crate::admin::query;
use crate::admin::request::{Request, may, served_from_directories};
use crate::body;
use crate::errors::ApiError;
use crate::exchange::Exchange;
use crate::reply::Reply;
use crate::routes;

pub(super) async fn handle(
    exchange: &Exchange,
    admin: &Admin,
    method: &Method,
    body: &[u8],
) -> Result<Reply, ApiError> {
    may(admin, method)?;
    match *method {
        Method::GET => {
            // Command lines ask for several products one after the other; every app here is of this one.
            let products = query::parameters(exchange, "product");
            if !products.is_empty() && !products.iter().any(|product| product == PRODUCT) {
                return Reply::json(StatusCode::OK, &json!([]));
            }
            let mut apps = exchange.shared.services.control.apps().await?;
            apps.extend(served_from_directories(exchange).await?);
            Reply::json(StatusCode::OK, &apps.iter().map(AppInfo::body).collect::<Vec<Value>>())
        }
        Method::POST => {
            let members = body::object(body)?;
            let new = NewApp {
                name: body::text(&members, "name")?.to_owned(),
                location: optional(&members, "location")?,
                deployment_model: optional(&members, "deployment_model")?,
                environment: optional(&members, "environment")?,
                provider_region: optional(&members, "provider_region")?,
            };
            let app = exchange.shared.services.control.create_app(&new, &admin.id.to_hex()).await?;
            Reply::json(StatusCode::CREATED, &app.body())
        }
        _ => Err(routes::nothing(exchange)),
    }
}

pub(super) async fn one(request: &Request<'_>, method: &Method) -> Result<Reply, ApiError> {
    match *method {
        Method::GET => Reply::json(StatusCode::OK, &request.app.body()),
        Method::DELETE => {
            request.control().delete_app(request.hosted()?).await?;
            super::no_content()
        }
        _ => Err(routes::nothing(request.exchange)),
    }
}

/// A member that is a string where it is there at all.
fn optional(members: &Map<String, Value>, name: &str) -> Result<Option<String>, ApiError> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(_) => body::text(members, name).map(|text| Some(text.to_owned())),
    }
}
