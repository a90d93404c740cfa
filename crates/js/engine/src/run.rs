//! One call: the function, its promises, and everything that it started.

use rquickjs::promise::PromiseState;
use rquickjs::{Array, CatchResultExt, Ctx, Function, IntoJs, Object, Persistent, Promise, Result, Value};

use crate::bindings::usher::function::invocation::{self, InvocationReason, Level};
use crate::bindings::usher::function::tasks::{self, Outcome};
use crate::bindings::usher::function::types::Error;
use crate::bytes::Text;
use crate::natives;
use crate::state::{MADE, Made, OPEN, Pending, REJECTED, Shape, decode, encode};

const MILLISECOND: u64 = 1_000_000;

/// Runs the function called `name` and everything that it started, and gives its answer.
pub(crate) fn call(ctx: &Ctx<'_>, name: &str, arguments: &[u8]) -> std::result::Result<Vec<u8>, Error> {
    let answer = run(ctx, name, arguments).catch(ctx);
    // What was started happens, also where the function failed afterwards.
    let finished = finish(ctx).catch(ctx);
    tell_rejections(ctx);
    answer.and_then(|answer| finished.map(|()| answer)).map_err(|error| {
        let thrown = match error {
            rquickjs::CaughtError::Exception(exception) => exception.into_object().into_value(),
            rquickjs::CaughtError::Value(value) => value,
            rquickjs::CaughtError::Error(error) => {
                return Error { code: "FunctionExecutionError".into(), message: error.to_string() };
            }
        };
        describe(ctx, &thrown)
    })
}

fn kept<'js>(ctx: &Ctx<'js>, which: fn(&Made) -> &Persistent<Function<'static>>) -> Result<Function<'js>> {
    let function = MADE.with_borrow(|made| made.as_ref().map(|made| which(made).clone()));
    function.ok_or(rquickjs::Error::Unknown)?.restore(ctx)
}

fn run(ctx: &Ctx<'_>, name: &str, arguments: &[u8]) -> Result<Vec<u8>> {
    let list = Array::new(ctx.clone())?;
    for (index, argument) in decode(ctx, |decoder| decoder.arguments(arguments))?.into_iter().enumerate() {
        list.set(index, argument)?;
    }
    let request = invocation::reason() == InvocationReason::Endpoint;
    let call = kept(ctx, |made| &made.call)?;
    let value: Value<'_> = call.call((name, list, request))?;
    let result = match value.as_promise() {
        Some(promise) => settled(ctx, promise)?,
        None => value,
    };
    if !request {
        return encode(ctx, |encoder| encoder.result(&result));
    }
    let response: Value<'_> = kept(ctx, |made| &made.response)?.call(())?;
    encode(ctx, |encoder| encoder.responded(&result, &response))
}

/// Runs until the promise of the result is settled.
fn settled<'js>(ctx: &Ctx<'js>, promise: &Promise<'js>) -> Result<Value<'js>> {
    loop {
        run_jobs(ctx);
        if promise.state() != PromiseState::Pending {
            return promise.result::<Value<'js>>().unwrap_or(Err(rquickjs::Error::Unknown));
        }
        if !progress(ctx, true)? {
            let message = "the function returned a promise that nothing will ever settle";
            return Err(rquickjs::Exception::throw_message(ctx, message));
        }
    }
}

/// Waits for operations that nobody waited for: a write that was started happens. Timers are not waited for.
fn finish(ctx: &Ctx<'_>) -> Result<()> {
    loop {
        run_jobs(ctx);
        if !progress(ctx, false)? {
            return Ok(());
        }
    }
}

fn run_jobs(ctx: &Ctx<'_>) {
    while ctx.execute_pending_job() {}
}

/// Waits for the next thing to happen; false where nothing is under way.
fn progress(ctx: &Ctx<'_>, timers: bool) -> Result<bool> {
    let due = timers.then(|| OPEN.with_borrow(|open| open.timers.iter().map(|timer| timer.due).min())).flatten();
    let ready = OPEN.with_borrow(|open| {
        if open.tasks.is_empty() && due.is_none() {
            return None;
        }
        let waiting: Vec<&tasks::Task> = open.tasks.iter().map(|pending| &pending.task).collect();
        let patience = due.map(|due| due.saturating_sub(natives::now()).div_ceil(MILLISECOND));
        Some(tasks::wait(&waiting, patience))
    });
    let Some(ready) = ready else { return Ok(false) };
    // From the last, so that the indexes of the others stay right; then in the order in which they were started.
    let mut done: Vec<Pending> = OPEN.with_borrow_mut(|open| {
        let mut ready = ready;
        ready.sort_unstable_by(|a, b| b.cmp(a));
        ready.into_iter().map(|index| open.tasks.remove(index as usize)).collect()
    });
    done.reverse();
    for pending in done {
        settle(ctx, pending)?;
        run_jobs(ctx);
    }
    if timers {
        fire(ctx)?;
    }
    Ok(true)
}

fn settle(ctx: &Ctx<'_>, Pending { id, task, shape }: Pending) -> Result<()> {
    let settle = kept(ctx, |made| &made.settle)?;
    match task.take() {
        Ok(outcome) => match value(ctx, outcome, shape) {
            Ok(value) => settle.call((id, true, value)),
            Err(error) => {
                let thrown = if error.is_exception() { ctx.catch() } else { error.to_string().into_js(ctx)? };
                settle.call((id, false, thrown))
            }
        },
        Err(error) => settle.call((id, false, natives::failure(ctx, &error)?)),
    }
}

fn value<'js>(ctx: &Ctx<'js>, outcome: Outcome, shape: Shape) -> Result<Value<'js>> {
    match outcome {
        Outcome::Nothing => Ok(Value::new_null(ctx.clone())),
        #[allow(clippy::cast_precision_loss, reason = "counts are below 2^53")]
        Outcome::Count(count) => Ok(Value::new_number(ctx.clone(), count as f64)),
        Outcome::Documents(batch) => Ok(decode(ctx, |decoder| decoder.batch(&batch))?.into_value()),
        Outcome::Cursor(cursor) => {
            let id = OPEN.with_borrow_mut(|open| {
                let id = open.id();
                open.cursors.insert(id, cursor);
                id
            });
            id.into_js(ctx)
        }
        Outcome::Document(bytes) => {
            let document = decode(ctx, |decoder| decoder.bytes(&bytes))?;
            match shape {
                Shape::Plain => Ok(document.into_value()),
                Shape::Answer => document.get("result"),
                Shape::Array => {
                    let array = Array::new(ctx.clone())?;
                    for (index, value) in document.values::<Value<'js>>().enumerate() {
                        array.set(index, value?)?;
                    }
                    Ok(array.into_value())
                }
            }
        }
    }
}

/// Calls the timers that are due, in their order.
fn fire(ctx: &Ctx<'_>) -> Result<()> {
    let now = natives::now();
    let mut due = OPEN.with_borrow_mut(|open| {
        let (due, later) = std::mem::take(&mut open.timers).into_iter().partition(|timer| timer.due <= now);
        open.timers = later;
        due
    });
    due.sort_by_key(|timer| timer.due);
    let fire = kept(ctx, |made| &made.fire)?;
    for timer in due {
        fire.call::<_, ()>((timer.id,))?;
        run_jobs(ctx);
    }
    Ok(())
}

/// Called by the engine when a promise is rejected without a listener, and when one is found later.
pub(crate) fn rejected<'js>(ctx: Ctx<'js>, promise: Value<'js>, reason: Value<'js>, handled: bool) {
    REJECTED.with_borrow_mut(|rejected| {
        if handled {
            rejected.retain(|(known, _)| known.clone().restore(&ctx).is_ok_and(|known| known != promise));
        } else {
            rejected.push((Persistent::save(&ctx, promise), Persistent::save(&ctx, reason)));
        }
    });
}

/// Rejections that the log tells of. More would use up the log's budget, and fail a call that has its result.
const REJECTIONS: usize = 20;

/// Writes what went wrong unnoticed to the log.
fn tell_rejections(ctx: &Ctx<'_>) {
    let mut rejected = REJECTED.take();
    if rejected.len() > REJECTIONS {
        let more = rejected.len() - REJECTIONS;
        invocation::log(Level::Error, &format!("{more} more promises were rejected and nobody noticed"));
        rejected.truncate(REJECTIONS);
    }
    for (_, reason) in rejected {
        let Ok(reason) = reason.restore(ctx) else { continue };
        let told = describe(ctx, &reason);
        invocation::log(Level::Error, &format!("a promise was rejected and nobody noticed: {}", told.message));
    }
}

/// What was thrown, as the caller is told; the log has its stack.
fn describe<'js>(ctx: &Ctx<'js>, thrown: &Value<'js>) -> Error {
    let described: Result<Object<'js>> =
        kept(ctx, |made| &made.describe).and_then(|describe| describe.call((thrown.clone(),)));
    let text = |key: &str| {
        let described = described.as_ref().ok()?;
        described.get::<_, Option<Text>>(key).ok().flatten().map(|Text(text)| text).filter(|text| !text.is_empty())
    };
    let message = text("message").unwrap_or_else(|| "the function threw".to_owned());
    if let Some(stack) = text("stack") {
        invocation::log(Level::Error, &format!("{message}\n{stack}"));
    }
    ctx.catch();
    Error { code: text("code").unwrap_or_else(|| "FunctionExecutionError".to_owned()), message }
}
