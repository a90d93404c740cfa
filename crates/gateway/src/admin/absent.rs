//! What App Services had beside apps and Usher has not. To look at it is harmless; whoever wants to change it is told
//! what to do instead, since what seems to be there and does nothing would be worse.

use hyper::{Method, StatusCode};
use serde_json::json;

use crate::admin::request::Request;
use crate::errors::ApiError;
use crate::reply::Reply;
use crate::routes;

/// Static files.
pub(super) fn hosting(request: &Request<'_>, method: &Method, path: &[&str]) -> Result<Reply, ApiError> {
    match (method, path) {
        (&Method::GET, ["config"]) => Reply::json(StatusCode::OK, &json!({"enabled": false, "status": "disabled"})),
        (&Method::GET, ["assets"]) => Reply::json(StatusCode::OK, &json!([])),
        (&Method::GET, _) => Err(routes::nothing(request.exchange)),
        _ => Err(ApiError::bad_request(
            "Usher hosts no static files: leave them out of the import, and serve the directory hosting/files with a web \
             server or a CDN",
        )),
    }
}

/// Addresses that requests may come from.
pub(super) fn access_list(request: &Request<'_>, method: &Method, path: &[&str]) -> Result<Reply, ApiError> {
    match (method, path) {
        (&Method::GET, [_, _]) => {
            let address = request.exchange.peer().to_string();
            Reply::json(StatusCode::OK, &json!({"allowed_ips": [], "current_ip": address}))
        }
        (&Method::GET, _) => Err(routes::nothing(request.exchange)),
        _ => Err(ApiError::bad_request(
            "Usher keeps no list of addresses: have the proxy or the firewall before it refuse the others",
        )),
    }
}
