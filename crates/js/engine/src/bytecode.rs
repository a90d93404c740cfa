//! The prelude, compiled when this engine was built (`build.rs`).

#![allow(unsafe_code, reason = "bytecode can only be read on trust")]

use rquickjs::{Ctx, Function, Module, Result};

/// Its parts, in the order in which they build on each other.
pub(crate) const PRELUDE: &[&[u8]] = &include!(concat!(env!("OUT_DIR"), "/prelude.rs"));

/// The function that a part is.
pub(crate) fn function<'js>(ctx: &Ctx<'js>, part: &'static [u8]) -> Result<Function<'js>> {
    // SAFETY: the same version of the engine wrote the bytes when this one was built.
    let module = unsafe { Module::load(ctx.clone(), part) }?;
    let (module, evaluated) = module.eval()?;
    evaluated.finish::<()>()?;
    module.get("default")
}
