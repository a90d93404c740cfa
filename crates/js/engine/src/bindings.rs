//! The WIT package as Rust: generated.

#![allow(missing_docs, unreachable_pub, unsafe_code, clippy::all, clippy::unwrap_used, reason = "generated code")]

wit_bindgen::generate!({ path: "../../contract/wit", world: "engine", generate_all, pub_export_macro: true });
