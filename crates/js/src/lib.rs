//! JavaScript functions: their sources, what they require, and the engine that runs them.
//!
//! [`scan()`] reads what one source says it uses. [`bundle()`] makes of an app's sources, and of everything that they
//! require, the one document of scripts that the engine evaluates when the app is deployed. [`ENGINE`] is that engine.

mod bundle;
mod scan;

pub use bundle::{BundleError, BundleOptions, authorities, bundle, check};
pub use scan::{CollectionUse, HttpUse, Require, Scan, SyntaxError, scan};

/// The engine: QuickJS as a component of the world `engine`.
pub static ENGINE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/engine.wasm"));
