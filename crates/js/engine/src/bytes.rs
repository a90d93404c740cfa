//! Bytes of JavaScript, copied: the one place where the engine's memory is looked at directly.

#![allow(unsafe_code, reason = "the engine lends its bytes only this way")]

use rquickjs::{ArrayBuffer, TypedArray};

/// The bytes of an array; none of one that was detached.
pub(crate) fn copy(array: &TypedArray<'_, u8>) -> Vec<u8> {
    // SAFETY: no JavaScript runs before the copy is made.
    unsafe { array.as_bytes() }.unwrap_or_default().to_vec()
}

/// The bytes of a buffer; none of one that was detached.
pub(crate) fn copy_buffer(buffer: &ArrayBuffer<'_>) -> Vec<u8> {
    // SAFETY: no JavaScript runs before the copy is made.
    unsafe { buffer.as_bytes() }.unwrap_or_default().to_vec()
}
