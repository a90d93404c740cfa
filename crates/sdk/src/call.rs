//! Functions that call functions.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::invocation;
use crate::error::{Error, Result};
use crate::value::{Encoded, result};

/// Calls another function of the app, a private one too, on behalf of the same caller. The arguments are a tuple:
/// `call::<i64>("add", (1, 2))`, `call::<()>("greet", (name,))`.
///
/// # Errors
/// The other function's error; `FunctionNotFound`; `CallDepthExceeded`; or where its result is no `R`.
pub fn call<R: DeserializeOwned + 'static>(name: &str, arguments: impl Serialize) -> Result<R> {
    let arguments = Encoded::arguments(&arguments)?;
    result(&invocation::call_function(name, arguments.bytes()).map_err(Error::host)?)
}
