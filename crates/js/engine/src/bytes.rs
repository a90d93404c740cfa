//! Bytes and texts of JavaScript, copied: the one place where the engine's memory is looked at directly.

#![allow(unsafe_code, reason = "the engine lends its bytes only this way")]

use rquickjs::{ArrayBuffer, Ctx, FromJs, Result, TypedArray, Value};

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

/// A text as natives take it, see [`text`].
pub(crate) struct Text(pub(crate) String);

impl<'js> FromJs<'js> for Text {
    fn from_js(_: &Ctx<'js>, value: Value<'js>) -> Result<Self> {
        text(&rquickjs::String::from_value(value)?).map(Self)
    }
}

/// The text of a string. Halves of surrogate pairs that stand alone, which cutting a text in two leaves behind, become
/// replacement characters: UTF-8 has no way to say them.
pub(crate) fn text(string: &rquickjs::String<'_>) -> Result<String> {
    let copied = string.clone().to_cstring()?;
    // SAFETY: the pointer and length are those of the copy, which lives until the end of this function. They are not
    // taken for UTF-8, which the engine does not promise.
    let bytes = unsafe { std::slice::from_raw_parts(copied.as_ptr().cast::<u8>(), copied.len()) };
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Ok(well_formed(bytes)),
    }
}

/// The engine writes a lone surrogate as the three bytes that its number would have.
fn well_formed(bytes: &[u8]) -> String {
    let mut mended = bytes.to_vec();
    let mut at = 0;
    while at + 2 < mended.len() {
        if mended[at] == 0xed && mended[at + 1] >= 0xa0 {
            mended[at..at + 3].copy_from_slice("\u{fffd}".as_bytes());
        }
        at += 1;
    }
    String::from_utf8_lossy(&mended).into_owned()
}
