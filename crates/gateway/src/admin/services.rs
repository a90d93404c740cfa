//! Services with what hangs on them: configuration, rules, the default rule.

use hyper::{Method, StatusCode};
use serde_json::json;
use usher_control::kinds::{self, Members, Rules, Services, settings};
use usher_control::{ControlError, Workspace};

use crate::admin::request::Request;
use crate::admin::things;
use crate::errors::ApiError;
use crate::reply::Reply;
use crate::routes;

pub(super) async fn handle(request: &Request<'_>, method: &Method, path: &[&str]) -> Result<Reply, ApiError> {
    match path {
        [service, "config"] => config(request, method, service).await,
        [service, "default_rule"] => default_rule(request, method, service).await,
        [service, "rules", rest @ ..] => {
            let service = name(&request.workspace().await?, service)?;
            things::handle(request, &Rules { service }, method, rest).await
        }
        [] | [_] => things::handle(request, &Services, method, path).await,
        _ => Err(routes::nothing(request.exchange)),
    }
}

async fn config(request: &Request<'_>, method: &Method, service: &str) -> Result<Reply, ApiError> {
    match *method {
        Method::GET => {
            let found = kinds::one(&Services, &request.workspace().await?, service)?;
            Reply::json(StatusCode::OK, found.get("config").unwrap_or(&json!({})))
        }
        Method::PATCH => {
            let given = request.members()?;
            let edit = |workspace: &mut Workspace| {
                let found = kinds::one(&Services, workspace, service)?;
                let mut config = found.get("config").and_then(|it| it.as_object()).cloned().unwrap_or_default();
                config.extend(given.clone());
                let change: Members = [("config".to_owned(), json!(config))].into_iter().collect();
                kinds::patch(&Services, workspace, service, change)
            };
            request.edit(edit).await?;
            super::no_content()
        }
        _ => Err(routes::nothing(request.exchange)),
    }
}

async fn default_rule(request: &Request<'_>, method: &Method, service: &str) -> Result<Reply, ApiError> {
    let set = async |rule: Option<Members>| {
        request
            .edit(|workspace| {
                let service = name(workspace, service)?;
                settings::set_default_rule(workspace, &service, rule.clone())?;
                Ok(settings::default_rule_id(workspace, &service))
            })
            .await
    };
    match *method {
        Method::GET => {
            let workspace = request.workspace().await?;
            let rule = settings::default_rule(&workspace, &name(&workspace, service)?)?;
            let none = || ControlError::NotFound("RuleNotFound", "rule not found".to_owned());
            Reply::json(StatusCode::OK, &rule.ok_or_else(none)?)
        }
        Method::POST => {
            let rule = request.members()?;
            let id = set(Some(rule.clone())).await?;
            let mut made: Members = [("_id".to_owned(), json!(id))].into_iter().collect();
            made.extend(rule.into_iter().filter(|(name, _)| name == "roles" || name == "filters"));
            Reply::json(StatusCode::CREATED, &made)
        }
        Method::PUT => {
            set(Some(request.members()?)).await?;
            super::no_content()
        }
        Method::DELETE => {
            set(None).await?;
            super::no_content()
        }
        _ => Err(routes::nothing(request.exchange)),
    }
}

/// The name of a service, which is its key.
fn name(workspace: &Workspace, id: &str) -> Result<String, ControlError> {
    kinds::key_of(&Services, workspace, id)
}
