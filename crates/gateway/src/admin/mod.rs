//! The admin API v3.0 (reference 7).

use crate::errors::ApiError;
use crate::exchange::Exchange;
use crate::reply::Reply;
use crate::routes;

/// Everything below `/api/admin/v3.0`.
pub(crate) async fn handle(exchange: &Exchange, path: &[&str], body: &[u8]) -> Result<Reply, ApiError> {
    let _ = (path, body);
    Err(routes::nothing(exchange))
}

/// Everything below `/api/private/v1.0`.
pub(crate) fn private(exchange: &Exchange, path: &[&str]) -> Result<Reply, ApiError> {
    let _ = path;
    Err(routes::nothing(exchange))
}
