//! What the prelude is given: the object `host`.

mod database;
mod facts;
mod text;

use rquickjs::prelude::Func;
use rquickjs::{Ctx, Exception, Object, Result, TypedArray, Value};

use crate::bindings::usher::function::types::Error;
use crate::bytes;
use crate::classes::Kept;
use crate::state::{KEPT, LOADING, OPEN, TOUCHED, Timer, decode, encode};

pub(crate) use database::failure;

/// Nanoseconds of the monotonic clock.
pub(crate) fn now() -> u64 {
    thread_local! {
        static BEGUN: std::time::Instant = std::time::Instant::now();
    }
    BEGUN.with(|begun| u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX))
}

/// Makes `host`.
pub(crate) fn host<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let host = Object::new(ctx.clone())?;
    host.set("registerBson", Func::from(register))?;
    host.set("compile", Func::from(compile))?;
    host.set("touch", Func::from(touch))?;
    host.set("touched", Func::from(|| TOUCHED.replace(false)))?;
    host.set("loading", Func::from(|| LOADING.get()))?;
    host.set("encode", Func::from(encode_document))?;
    host.set("decode", Func::from(decode_document))?;
    host.set("setTimer", Func::from(set_timer))?;
    host.set("cancelTimer", Func::from(cancel_timer))?;
    database::add(&host)?;
    facts::add(&host)?;
    text::add(&host)?;
    host.set("crypto", crate::crypto::natives(ctx)?)?;
    Ok(host)
}

fn register<'js>(ctx: Ctx<'js>, classes: Object<'js>) -> Result<()> {
    KEPT.set(Some(Kept::new(&ctx, &classes)?));
    Ok(())
}

/// The value of a sloppy script.
fn compile<'js>(ctx: Ctx<'js>, file: String, source: String) -> Result<Value<'js>> {
    crate::engine::evaluate(&ctx, &file, &source)
}

/// Says that what runs now depends on the call. At deploy there is none, so it ends here; the script is evaluated again
/// in each call.
pub(crate) fn touch(ctx: Ctx<'_>) -> Result<()> {
    if LOADING.get() {
        TOUCHED.set(true);
        return Err(Exception::throw_message(&ctx, "this is known in a call only"));
    }
    Ok(())
}

fn encode_document<'js>(ctx: Ctx<'js>, value: Value<'js>) -> Result<TypedArray<'js, u8>> {
    let bytes = encode(&ctx, |encoder| encoder.document(&value))?;
    TypedArray::new(ctx, bytes)
}

fn decode_document<'js>(ctx: Ctx<'js>, bytes: TypedArray<'js, u8>) -> Result<Object<'js>> {
    decode(&ctx, |decoder| decoder.bytes(&bytes::copy(&bytes)))
}

fn set_timer(ctx: Ctx<'_>, milliseconds: f64) -> Result<u32> {
    touch(ctx)?;
    Ok(OPEN.with_borrow_mut(|open| {
        let id = open.id();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "negative and NaN become zero")]
        let due = now().saturating_add((milliseconds.max(0.0) * 1e6) as u64);
        open.timers.push(Timer { id, due });
        id
    }))
}

fn cancel_timer(id: u32) {
    OPEN.with_borrow_mut(|open| open.timers.retain(|timer| timer.id != id));
}

/// Throws what the host answered with.
fn throw(ctx: &Ctx<'_>, error: &Error) -> rquickjs::Error {
    match failure(ctx, error) {
        Ok(thrown) => ctx.throw(thrown),
        Err(error) => error,
    }
}
