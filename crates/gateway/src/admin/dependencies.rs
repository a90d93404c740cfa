//! `dependencies`: the npm packages that functions require, as an archive of `node_modules` (reference 7.4).

use hyper::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Method, StatusCode};
use serde_json::json;
use usher_control::{ControlError, dependencies};

use crate::admin::multipart;
use crate::admin::request::Request;
use crate::errors::ApiError;
use crate::reply::Reply;
use crate::routes;

pub(super) async fn handle(request: &Request<'_>, method: &Method, path: &[&str]) -> Result<Reply, ApiError> {
    match (method, path) {
        (&Method::PUT | &Method::POST, []) => {
            let content_type = request.exchange.parts.headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
            let file = multipart::file(content_type.unwrap_or_default(), request.body)?;
            request.edit(|workspace| dependencies::set_archive(workspace, file)).await?;
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
        (_, ["diff"]) => Err(ApiError::bad_request(
            "Usher does not compare archives of packages: upload the archive, which takes the place of the one that is there",
        )),
        _ => Err(routes::nothing(request.exchange)),
    }
}
