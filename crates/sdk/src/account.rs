//! The caller's own account. A function that uses this needs `"account": ["delete"]` in `functions/config.json`.

use crate::bindings::account;
use crate::error::{Error, Result};

/// Deletes the calling user with every session. The custom-data document stays.
///
/// # Errors
/// Where the caller is not a user or the function was not handed the right.
pub fn delete() -> Result<()> {
    account::delete().map_err(Error::host)
}
