//! HTTPS endpoints and webhooks (real-apps 6).

use crate::errors::ApiError;
use crate::exchange::Exchange;
use crate::reply::Reply;
use crate::routes;

/// `/app/{id}/endpoint/…`, any method.
pub(crate) async fn endpoint(exchange: &Exchange, app: &str, body: &[u8]) -> Result<Reply, ApiError> {
    let _ = (app, body,);
    Err(routes::nothing(exchange))
}

/// `app/{id}/service/{service}/incoming_webhook/{name}`, any method.
pub(crate) async fn webhook(exchange: &Exchange, app: &str, service: &str, name: &str, body: &[u8]) -> Result<Reply, ApiError> {
    let _ = (app, service, name, body,);
    Err(routes::nothing(exchange))
}
