//! `dependencies`: the npm packages that functions require, as an archive of `node_modules` (reference 7.4).

use std::collections::BTreeMap;

use hyper::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use usher_control::ControlError;
use usher_control::dependencies::{self, Difference};

use crate::admin::multipart;
use crate::admin::request::Request;
use crate::errors::ApiError;
use crate::reply::Reply;
use crate::routes;

pub(super) async fn handle(request: &Request<'_>, method: &Method, path: &[&str]) -> Result<Reply, ApiError> {
    match (method, path) {
        (&Method::PUT | &Method::POST, []) => {
            let file = uploaded(request)?;
            request.edit(|workspace| dependencies::upload(workspace, file)).await?;
            super::no_content()
        }
        (&Method::DELETE, []) => {
            let remove = |workspace: &mut _| {
                dependencies::remove_archive(workspace);
                Ok(())
            };
            request.edit(remove).await?;
            super::no_content()
        }
        // What was uploaded was loaded before the answer.
        (&Method::GET, ["status"]) => {
            request.hosted()?;
            Reply::json(StatusCode::OK, &json!({"status": "successful", "status_message": ""}))
        }
        (&Method::GET, ["export" | "archive"]) => {
            let workspace = request.workspace().await?;
            let none = || ControlError::NotFound("DependenciesNotFound", "no archive was uploaded".to_owned());
            let (path, archive) = dependencies::archive(&workspace.files).ok_or_else(none)?;
            let name = path.rsplit('/').next().unwrap_or(path);
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
            let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
            headers.insert(CONTENT_DISPOSITION, disposition.map_err(|e| ApiError::internal(e.to_string()))?);
            Ok(Reply::with(StatusCode::OK, headers, archive.to_vec()))
        }
        (&Method::POST, ["diff"]) => {
            let workspace = request.workspace().await?;
            let changes = dependencies::differences(&workspace.files, uploaded(request)?)?;
            Reply::json(StatusCode::OK, &differences(&changes))
        }
        _ => Err(routes::nothing(request.exchange)),
    }
}

fn uploaded<'a>(request: &Request<'a>) -> Result<&'a [u8], ApiError> {
    let content_type = request.exchange.parts.headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    multipart::file(content_type.unwrap_or_default(), request.body)
}

/// Differences as the command line of App Services reads them.
fn differences(changes: &BTreeMap<String, Difference>) -> Value {
    let (mut added, mut deleted, mut modified) = (Vec::new(), Vec::new(), Vec::new());
    for (name, change) in changes {
        match (&change.before, &change.after) {
            (None, after) => added.push(json!({"name": name, "version": after})),
            (before, None) => deleted.push(json!({"name": name, "version": before})),
            (before, after) => modified.push(json!({"name": name, "version": after, "previous_version": before})),
        }
    }
    json!({"added": added, "deleted": deleted, "modified": modified})
}
