//! What can be wrong with what a script asks for.

use rquickjs::{Ctx, Exception};

pub(super) type Result<T> = std::result::Result<T, Error>;

/// A mistake, with Node's code for it: packages compare codes.
#[derive(Debug)]
pub(super) struct Error {
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Error {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Error {
        Error { code, message: message.into() }
    }

    /// A key that cannot be read or does not fit.
    pub(super) fn key(message: impl Into<String>) -> Error {
        Error::new("ERR_CRYPTO_INVALID_KEY", message)
    }

    /// As an exception of the script.
    pub(super) fn throw(self, ctx: &Ctx<'_>) -> rquickjs::Error {
        match Exception::from_message(ctx.clone(), &self.message) {
            Ok(exception) => match exception.as_object().set("code", self.code) {
                Ok(()) => exception.throw(),
                Err(error) => error,
            },
            Err(error) => error,
        }
    }
}
