//! QuickJS as a component: the guest that runs JavaScript functions in the dialect of App Services (reference 5).
//!
//! It lives twice. At deploy, `loader.load` makes a runtime, runs the prelude and evaluates the top level of every
//! script; then the host takes a snapshot of this instance's memory. In a call, which begins with a copy of that
//! memory, `handler.call` runs one function.
//!
//! What JavaScript sees is made in `prelude/`; what the prelude needs from outside is in [`natives`]. Values cross as
//! BSON, by [`decode`] and [`encode`].

mod bindings;
mod bytecode;
mod bytes;
mod classes;
mod crypto;
mod decode;
mod encode;
mod engine;
mod float;
mod heap;
mod natives;
mod numbers;
mod run;
mod state;

use bindings::exports::usher::function::{handler, loader};
use bindings::usher::function::types::Error;

struct Engine;

impl loader::Guest for Engine {
    fn load(scripts: Vec<u8>) -> Result<Vec<u8>, Error> {
        engine::load(&scripts)
    }
}

impl handler::Guest for Engine {
    fn call(name: String, arguments: Vec<u8>) -> Result<Vec<u8>, Error> {
        engine::call(&name, &arguments)
    }
}

#[allow(unsafe_code, unreachable_pub, reason = "generated code")]
mod exports {
    use super::{Engine, bindings};
    bindings::export!(Engine with_types_in bindings);
}
