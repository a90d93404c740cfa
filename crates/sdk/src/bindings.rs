//! The contract as `wit-bindgen` writes it in Rust, for a module that wants no more than that.
//!
//! A component that dispatches on the function's name itself implements [`Guest`] and names its type to
//! [`export!`]: `usher_sdk::bindings::export!(MyType with_types_in usher_sdk::bindings);`. Documents are BSON bytes.

#![allow(missing_docs, reason = "the WIT package documents what is generated from it")]
#![allow(unsafe_code, reason = "the generated code passes pointers to the host")]
#![allow(unreachable_pub, reason = "generated")]

wit_bindgen::generate!({
    path: "../contract/wit",
    world: "function",
    pub_export_macro: true,
    default_bindings_module: "usher_sdk::bindings",
});

pub use exports::usher::function::handler::Guest;
pub use usher::function::types::Error;
pub use usher::function::{account, documents, invocation};
