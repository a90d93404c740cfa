//! `GET functions/call`: the stream of a `watch` (reference 3.7).

use crate::errors::ApiError;
use crate::exchange::Exchange;
use crate::reply::Reply;
use crate::routes;

/// Opens the stream.
pub(crate) async fn watch(exchange: &Exchange, app: &str) -> Result<Reply, ApiError> {
    let _ = (app,);
    Err(routes::nothing(exchange))
}
