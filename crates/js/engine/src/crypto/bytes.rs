//! Binary data to and from scripts.

use super::{Answer, Result};
use rquickjs::{Ctx, FromJs, TypedArray, Value};

/// A copy of a `Uint8Array`.
pub(super) struct Bytes(pub(super) Vec<u8>);

impl<'js> FromJs<'js> for Bytes {
    fn from_js(_: &Ctx<'js>, value: Value<'js>) -> rquickjs::Result<Self> {
        let array = TypedArray::<u8>::from_value(value)?;
        Ok(Bytes(crate::bytes::copy(&array)))
    }
}

/// Hands bytes to a script, or throws.
pub(super) fn array<'js>(ctx: &Ctx<'js>, bytes: Result<Vec<u8>>) -> Answer<'js> {
    let bytes = bytes.map_err(|error| error.throw(ctx))?;
    TypedArray::new(ctx.clone(), bytes)
}
