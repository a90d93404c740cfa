//! Secrets: they go in, and never out.

use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use usher_control::SecretInfo;

use crate::admin::request::Request;
use crate::body;
use crate::errors::ApiError;
use crate::reply::Reply;
use crate::routes;

pub(super) async fn handle(request: &Request<'_>, method: &Method, path: &[&str]) -> Result<Reply, ApiError> {
    let (control, app) = (request.control(), request.hosted()?);
    match (method, path) {
        (&Method::GET, []) => {
            let secrets = control.secrets(app).await?;
            Reply::json(StatusCode::OK, &secrets.iter().map(info).collect::<Vec<Value>>())
        }
        (&Method::POST, []) => {
            let members = request.members()?;
            let (name, value) = (body::text(&members, "name")?, body::text(&members, "value")?);
            Reply::json(StatusCode::CREATED, &info(&control.create_secret(app, name, value).await?))
        }
        (&Method::PUT, [id]) => {
            let members = request.members()?;
            let name = members.get("name").filter(|name| !name.is_null()).map(|_| body::text(&members, "name"));
            control.replace_secret(app, id, name.transpose()?, body::text(&members, "value")?).await?;
            super::no_content()
        }
        (&Method::DELETE, [id]) => {
            control.delete_secret(app, id).await?;
            super::no_content()
        }
        _ => Err(routes::nothing(request.exchange)),
    }
}

fn info(secret: &SecretInfo) -> Value {
    json!({"_id": secret.id, "name": secret.name})
}
