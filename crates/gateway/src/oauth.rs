//! The browser redirect flow of the OAuth 2 providers (reference 3.9).

use crate::errors::ApiError;
use crate::exchange::Exchange;
use crate::reply::Reply;
use crate::routes;

/// `GET app/{id}/auth/providers/{provider}/login`: sends the browser to the provider.
pub(crate) async fn begin(exchange: &Exchange, app: &str, provider: &str) -> Result<Reply, ApiError> {
    let _ = (app, provider,);
    Err(routes::nothing(exchange))
}

/// `auth/callback`: the provider sent the browser back.
pub(crate) async fn callback(exchange: &Exchange, body: &[u8]) -> Result<Reply, ApiError> {
    let _ = (body,);
    Err(routes::nothing(exchange))
}
