//! What the engine keeps between its two lives, and what one call has open.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use rquickjs::{Context, Ctx, Function, Persistent, Result, Runtime, Value};

use crate::bindings::usher::function::documents::{Collection, Cursor};
use crate::bindings::usher::function::tasks::Task;
use crate::bindings::usher::function::transactions::Transaction;
use crate::classes::{Classes, Kept};
use crate::decode::Decoder;
use crate::encode::Encoder;
use crate::numbers::Numbers;

/// What was made at deploy.
pub(crate) struct Made {
    /// Kept alive for the context.
    pub(crate) _runtime: Runtime,
    pub(crate) context: Context,
    /// `usher.call(name, args, request)`.
    pub(crate) call: Persistent<Function<'static>>,
    /// `usher.response()`.
    pub(crate) response: Persistent<Function<'static>>,
    /// `usher.settle(id, ok, value)`.
    pub(crate) settle: Persistent<Function<'static>>,
    /// `usher.fire(timer)`.
    pub(crate) fire: Persistent<Function<'static>>,
    /// `usher.describe(thrown)`.
    pub(crate) describe: Persistent<Function<'static>>,
}

/// A task that JavaScript waits for.
pub(crate) struct Pending {
    pub(crate) id: u32,
    pub(crate) task: Task,
    /// What its outcome is read as.
    pub(crate) shape: Shape,
}

/// What a task's outcome is to JavaScript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// As it comes.
    Plain,
    /// A BSON array in a document.
    Array,
    /// A function's answer: the field `result`.
    Answer,
}

/// A timer that was set.
pub(crate) struct Timer {
    pub(crate) id: u32,
    /// Nanoseconds of the monotonic clock.
    pub(crate) due: u64,
}

/// What one call has open.
#[derive(Default)]
pub(crate) struct Open {
    pub(crate) collections: Vec<Collection>,
    pub(crate) cursors: HashMap<u32, Cursor>,
    pub(crate) transactions: HashMap<u32, Transaction>,
    pub(crate) tasks: Vec<Pending>,
    pub(crate) timers: Vec<Timer>,
    next: u32,
}

impl Open {
    /// A number that nothing else has.
    pub(crate) fn id(&mut self) -> u32 {
        self.next += 1;
        self.next
    }
}

/// A promise and why it was rejected.
type Rejection = (Persistent<Value<'static>>, Persistent<Value<'static>>);

thread_local! {
    pub(crate) static MADE: RefCell<Option<Made>> = const { RefCell::new(None) };
    pub(crate) static KEPT: RefCell<Option<Kept>> = const { RefCell::new(None) };
    pub(crate) static OPEN: RefCell<Open> = RefCell::default();
    pub(crate) static NUMBERS: RefCell<Numbers> = RefCell::default();
    /// Whether an object remembers the kinds of its numbers.
    pub(crate) static MARKED: Cell<bool> = const { Cell::new(false) };
    /// Whether this is the first life: no call, and so nothing to ask the host for.
    pub(crate) static LOADING: Cell<bool> = const { Cell::new(true) };
    /// Whether what is being loaded asked for something of a call.
    pub(crate) static TOUCHED: Cell<bool> = const { Cell::new(false) };
    /// Promises that were rejected while nobody listened, with the reasons.
    pub(crate) static REJECTED: RefCell<Vec<Rejection>> = const { RefCell::new(Vec::new()) };
}

/// Does something with the BSON classes at hand.
fn with_classes<'js, T>(ctx: &Ctx<'js>, with: impl FnOnce(&Classes<'_, 'js>) -> Result<T>) -> Result<T> {
    KEPT.with_borrow(|kept| with(&kept.as_ref().ok_or(rquickjs::Error::Unknown)?.restore(ctx)))
}

/// Decodes something that came from the host. JavaScript may run meanwhile, where the app gave prototypes setters, and
/// decode something itself.
pub(crate) fn decode<'js, T>(ctx: &Ctx<'js>, with: impl FnOnce(&mut Decoder<'_, 'js>) -> Result<T>) -> Result<T> {
    let mut numbers = NUMBERS.take();
    let decoded = with_classes(ctx, |classes| with(&mut Decoder { classes, numbers: &mut numbers }));
    NUMBERS.set(numbers);
    decoded
}

/// Encodes something that goes to the host. JavaScript may run meanwhile, in getters, and decode something.
pub(crate) fn encode<'js, T>(ctx: &Ctx<'js>, with: impl FnOnce(Encoder<'_, 'js>) -> Result<T>) -> Result<T> {
    let numbers = NUMBERS.take();
    let encoded = with_classes(ctx, |classes| with(Encoder::new(classes, &numbers)));
    NUMBERS.set(numbers);
    encoded
}
