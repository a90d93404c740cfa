//! A whole app at once: out as an archive, in as the command line of App Services sends it (reference 7.4).

use hyper::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Method, StatusCode};
use usher_control::{Files, replace_with, zip};

use crate::admin::query;
use crate::admin::request::Request;
use crate::errors::ApiError;
use crate::reply::Reply;
use crate::routes;

pub(super) async fn export(request: &Request<'_>, method: &Method) -> Result<Reply, ApiError> {
    if *method != Method::GET {
        return Err(routes::nothing(request.exchange));
    }
    let workspace = request.workspace().await?;
    let name = format!("attachment; filename=\"{}.zip\"", request.app.client_app_id);
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_str(&name).map_err(|e| ApiError::internal(e.to_string()))?);
    Ok(Reply::with(StatusCode::OK, headers, zip(&workspace.files)?))
}

/// Replaces all of the app; with `diff=true` it only says what would change.
pub(super) async fn import(request: &Request<'_>, method: &Method) -> Result<Reply, ApiError> {
    if *method != Method::POST {
        return Err(routes::nothing(request.exchange));
    }
    let structure = request.members()?;
    if query::flag(request.exchange, "diff") {
        let mut workspace = request.workspace().await?;
        let before = workspace.files.clone();
        replace_with(&mut workspace, &structure)?;
        return Reply::json(StatusCode::OK, &Files::difference(&before, &workspace.files));
    }
    request.edit(|workspace| replace_with(workspace, &structure)).await?;
    super::no_content()
}
