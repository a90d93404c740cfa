//! The sandbox: wasmtime with a fresh instance for every call.
//!
//! [`Sandbox`] holds the one engine of the process, the pool that instances come from, and the compile cache.
//! [`Sandbox::load`] turns a component into a [`Module`] at deploy; [`Sandbox::run`] is one invocation. What a
//! function can reach is whatever the [`usher_contract::Host`] of the invocation hands out; nothing here knows
//! users or databases.

mod admission;
mod bindings;
mod cache;
mod engine;
mod host;
mod imports;
mod incremental;
mod inputs;
mod load;
mod log;
mod nobody;
#[allow(unsafe_code, reason = "the one place that loads precompiled code; see the module")]
mod precompiled;
mod preload;
mod run;
mod state;
mod tasks;
mod transactions;

pub use admission::{Admission, Permit};
pub use engine::{Sandbox, SandboxOptions};
pub use imports::imports;
pub use inputs::Inputs;
pub use load::{LoadError, Module};
pub use preload::{PreloadError, Preloaded};
pub use run::{Invocation, Kept, RunError};
