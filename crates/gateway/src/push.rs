//! `push/providers/{service}/registration` (reference 3.8).

use hyper::StatusCode;

use crate::errors::ApiError;
use crate::exchange::Exchange;
use crate::reply::Reply;

/// Registering a device for push messages. App Services ended them in 2023, and no service of that kind is left.
pub(crate) async fn registration(exchange: &Exchange, app: &str, service: &str) -> Result<Reply, ApiError> {
    let deployment = exchange.deployment(app)?;
    exchange.identity().verify_access(deployment.app(), exchange.bearer()?).await?;
    Err(ApiError::new(StatusCode::NOT_FOUND, "ServiceNotFound", format!("service not found: '{service}'")))
}
