//! The two lives: loading at deploy, and one call.

use rquickjs::context::EvalOptions;
use rquickjs::{CatchResultExt, CaughtError, Context, Ctx, Function, Object, Persistent, Result, Runtime, Value};

use crate::bindings::usher::function::types::Error;
use crate::state::{LOADING, MADE, Made, decode, encode};
use crate::{bytecode, heap, natives, run};

/// Bytes of garbage before the collector looks for circles. Reference counting frees everything else; a collection
/// touches every object, and so every page, of the snapshot.
const COLLECT_AFTER: usize = 16 * 1024 * 1024;

/// An error that the engine itself makes.
fn failed(message: impl std::fmt::Display) -> Error {
    Error { code: "FunctionExecutionError".into(), message: message.to_string() }
}

fn caught(error: &CaughtError<'_>) -> Error {
    failed(error)
}

pub(crate) fn load(scripts: &[u8]) -> std::result::Result<Vec<u8>, Error> {
    let runtime = Runtime::new().map_err(failed)?;
    // The engine's own check misfires in wasm, where the sandbox ends a stack that grows too far.
    runtime.set_max_stack_size(0);
    runtime.set_host_promise_rejection_tracker(Some(Box::new(run::rejected)));
    let context = Context::full(&runtime).map_err(failed)?;
    let (facts, made) = context.with(|ctx| {
        let loaded = prepare(&ctx).and_then(|usher| {
            let load: Function<'_> = usher.get("load")?;
            let scripts = decode(&ctx, |decoder| decoder.bytes(scripts))?;
            let facts: Value<'_> = load.call((scripts,))?;
            let kept = |name: &str| usher.get::<_, Function<'_>>(name).map(|function| Persistent::save(&ctx, function));
            let functions = [kept("call")?, kept("response")?, kept("settle")?, kept("fire")?, kept("describe")?];
            Ok((encode(&ctx, |encoder| encoder.document(&facts))?, functions))
        });
        loaded.catch(&ctx).map_err(|error| caught(&error))
    })?;
    let [call, response, settle, fire, describe] = made;
    runtime.run_gc();
    runtime.set_gc_threshold(usize::try_from(runtime.memory_usage().malloc_size).unwrap_or(0) + COLLECT_AFTER);
    MADE.set(Some(Made { _runtime: runtime, context, call, response, settle, fire, describe }));
    LOADING.set(false);
    heap::settle();
    Ok(facts)
}

/// Runs the prelude; gives what its parts share.
fn prepare<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let host = natives::host(ctx)?;
    let usher = Object::new(ctx.clone())?;
    for part in bytecode::PRELUDE {
        bytecode::function(ctx, part)?.call::<_, ()>((host.clone(), usher.clone()))?;
    }
    Ok(usher)
}

/// Evaluates a sloppy script.
pub(crate) fn evaluate<'js, V: rquickjs::FromJs<'js>>(ctx: &Ctx<'js>, file: &str, source: &str) -> Result<V> {
    let mut options = EvalOptions::default();
    options.strict = false;
    options.filename = Some(file.to_owned());
    ctx.eval_with_options(source, options)
}

pub(crate) fn call(name: &str, arguments: &[u8]) -> std::result::Result<Vec<u8>, Error> {
    let context = MADE.with_borrow(|made| made.as_ref().map(|made| made.context.clone()));
    let context = context.ok_or_else(|| failed("no scripts were loaded"))?;
    context.with(|ctx| run::call(&ctx, name, arguments))
}
