//! Whole numbers that are no integers to the engine: Longs and Doubles, and what is computed from them.

#![allow(unsafe_code, reason = "rquickjs makes an integer of every whole number that fits one")]

use rquickjs::{Ctx, Value, qjs};

/// A floating-point number, whatever its value.
pub(crate) fn float<'js>(ctx: Ctx<'js>, number: f64) -> Value<'js> {
    // SAFETY: the value is the number itself; there is nothing to count references of.
    unsafe { Value::from_raw(ctx, qjs::__JS_NewFloat64(number)) }
}
