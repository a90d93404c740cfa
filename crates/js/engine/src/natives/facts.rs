//! Facts of the invocation, randomness and the log.

use rquickjs::prelude::Func;
use rquickjs::{Ctx, Exception, Object, Result, TypedArray, Value};

use super::{throw, touch};
use crate::bindings::usher::function::invocation::{self, Level};
use crate::bytes::Text;
use crate::state::{LOADING, decode};

/// Random bytes of one request.
const MOST_BYTES: usize = usher_contract::limits::RANDOM_BYTES as usize;

pub(super) fn add<'js>(host: &Object<'js>) -> Result<()> {
    host.set("caller", Func::from(caller))?;
    host.set("runningAsSystem", Func::from(running_as_system))?;
    host.set("app", Func::from(app))?;
    host.set("value", Func::from(value))?;
    host.set("environment", Func::from(|ctx: Ctx<'js>| document(&ctx, invocation::environment)))?;
    host.set("request", Func::from(|ctx: Ctx<'js>| document(&ctx, invocation::request)))?;
    host.set("invocation", Func::from(id))?;
    host.set("log", Func::from(log))?;
    host.set("random", Func::from(random))?;
    host.set("randomNumber", Func::from(random_number))
}

fn document<'js>(ctx: &Ctx<'js>, ask: impl FnOnce() -> Vec<u8>) -> Result<Object<'js>> {
    touch(ctx.clone())?;
    let bytes = ask();
    decode(ctx, |decoder| decoder.bytes(&bytes))
}

fn caller(ctx: Ctx<'_>) -> Result<Object<'_>> {
    touch(ctx.clone())?;
    let bytes = invocation::caller().map_err(|error| throw(&ctx, &error))?;
    decode(&ctx, |decoder| decoder.bytes(&bytes))
}

fn app(ctx: Ctx<'_>) -> Result<Object<'_>> {
    document(&ctx, invocation::app)
}

fn running_as_system(ctx: Ctx<'_>) -> Result<bool> {
    touch(ctx)?;
    Ok(invocation::running_as_system())
}

fn value(ctx: Ctx<'_>, name: String) -> Result<Value<'_>> {
    touch(ctx.clone())?;
    match invocation::value(&name) {
        Some(bytes) => Ok(decode(&ctx, |decoder| decoder.bytes(&bytes))?.into_value()),
        None => Ok(Value::new_undefined(ctx)),
    }
}

fn id(ctx: Ctx<'_>) -> Result<String> {
    touch(ctx)?;
    Ok(invocation::id())
}

fn log(level: String, Text(text): Text) {
    // What a script says at deploy belongs to no call.
    if LOADING.get() {
        return;
    }
    let level = match level.as_str() {
        "debug" => Level::Debug,
        "warn" => Level::Warn,
        "error" => Level::Error,
        _ => Level::Info,
    };
    invocation::log(level, &text);
}

fn random(ctx: Ctx<'_>, count: usize) -> Result<TypedArray<'_, u8>> {
    touch(ctx.clone())?;
    if count > MOST_BYTES {
        return Err(Exception::throw_range(&ctx, &format!("at most {MOST_BYTES} random bytes at once")));
    }
    let mut bytes = vec![0; count];
    getrandom::fill(&mut bytes).map_err(|error| Exception::throw_message(&ctx, &error.to_string()))?;
    TypedArray::new(ctx, bytes)
}

/// As `Math.random`: 53 random bits.
fn random_number(ctx: Ctx<'_>) -> Result<f64> {
    touch(ctx.clone())?;
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| Exception::throw_message(&ctx, &error.to_string()))?;
    #[allow(clippy::cast_precision_loss, reason = "53 bits fit")]
    Ok((u64::from_le_bytes(bytes) >> 11) as f64 / (1u64 << 53) as f64)
}
