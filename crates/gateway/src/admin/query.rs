//! Parameters of a request's query.

use std::str::FromStr;

use crate::errors::ApiError;
use crate::exchange::Exchange;

/// The first parameter of this name.
pub(super) fn parameter(exchange: &Exchange, name: &str) -> Option<String> {
    parameters(exchange, name).into_iter().next()
}

/// Every parameter of this name; each may hold several, separated by commas.
pub(super) fn parameters(exchange: &Exchange, name: &str) -> Vec<String> {
    let query = exchange.parts.uri.query().unwrap_or_default();
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    let values = pairs.filter(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    values
        .flat_map(|value| value.split(',').map(str::to_owned).collect::<Vec<_>>())
        .filter(|it| !it.is_empty())
        .collect()
}

/// Whether a parameter is there, whatever its value.
pub(super) fn is_there(exchange: &Exchange, name: &str) -> bool {
    let query = exchange.parts.uri.query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes()).any(|(key, _)| key == name)
}

/// A parameter that is `true`.
pub(super) fn flag(exchange: &Exchange, name: &str) -> bool {
    parameter(exchange, name).is_some_and(|value| value == "true")
}

/// A parameter that is a number.
pub(super) fn number<T: FromStr>(exchange: &Exchange, name: &str) -> Result<Option<T>, ApiError> {
    let number = |text: String| {
        text.parse()
            .map_err(|_| ApiError::invalid_parameter(format!("'{name}' is not a number that can be meant here")))
    };
    parameter(exchange, name).map(number).transpose()
}
