//! API keys of users, `auth/api_keys` (reference 3.6).

use hyper::Method;

use crate::errors::ApiError;
use crate::exchange::Exchange;
use crate::reply::Reply;
use crate::routes;

/// All of them, with the refresh token.
pub(crate) async fn handle(exchange: &Exchange, method: &Method, rest: &[&str], body: &[u8]) -> Result<Reply, ApiError> {
    let _ = (method, rest, body,);
    Err(routes::nothing(exchange))
}
