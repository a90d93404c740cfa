//! Logins of administrators (reference 7.1).

use hyper::{Method, StatusCode};
use serde_json::json;
use usher_control::{Admin, AdminLogin, GROUP};

use crate::body;
use crate::errors::ApiError;
use crate::exchange::Exchange;
use crate::reply::Reply;
use crate::routes;

pub(super) async fn handle(
    exchange: &Exchange,
    method: &Method,
    path: &[&str],
    body: &[u8],
) -> Result<Reply, ApiError> {
    match (method, path) {
        (&Method::POST, ["providers", provider, "login"]) => login(exchange, provider, body).await,
        (&Method::GET, ["profile"]) => profile(exchange).await,
        (&Method::POST, ["session"]) => {
            let access_token = exchange.shared.services.control.refresh(exchange.bearer()?).await?;
            Reply::json(StatusCode::CREATED, &json!({"access_token": access_token}))
        }
        (&Method::DELETE, ["session"]) => {
            exchange.shared.services.control.logout(exchange.bearer()?).await?;
            super::no_content()
        }
        _ => Err(routes::nothing(exchange)),
    }
}

/// Whose access token the request carries.
pub(super) async fn admin(exchange: &Exchange) -> Result<Admin, ApiError> {
    Ok(exchange.shared.services.control.verify(exchange.bearer()?).await?)
}

async fn login(exchange: &Exchange, provider: &str, body: &[u8]) -> Result<Reply, ApiError> {
    let members = body::object(body)?;
    let login = match provider {
        "mongodb-cloud" => {
            AdminLogin::Key { public: body::text(&members, "username")?, private: body::text(&members, "apiKey")? }
        }
        "local-userpass" => {
            AdminLogin::Person { email: body::text(&members, "username")?, password: body::text(&members, "password")? }
        }
        other => {
            let message = format!("authentication via '{other}' is unsupported");
            return Err(ApiError::new(StatusCode::NOT_FOUND, "AuthProviderNotFound", message));
        }
    };
    let tokens = exchange.shared.services.control.login(login, exchange.peer()).await?;
    Reply::json(StatusCode::OK, &tokens)
}

async fn profile(exchange: &Exchange) -> Result<Reply, ApiError> {
    let admin = admin(exchange).await?;
    let id = admin.id.to_hex();
    let provider = if admin.has_key { "mongodb-cloud" } else { "local-userpass" };
    let profile = json!({
        "user_id": id,
        "domain_id": GROUP,
        "identities": [{"id": id, "provider_type": provider, "provider_id": id}],
        "data": {"name": admin.name},
        "type": "normal",
        "roles": [{"role_name": admin.role.name(), "group_id": GROUP}],
    });
    Reply::json(StatusCode::OK, &profile)
}
