//! The app directory: parsed, validated, and every mistake reported at once with file, line and a way out.

pub mod model;

pub use model::{
    Account, App, CustomUserData, Function, Grant, LocalUserpass, Providers, Reach, Source,
};
