//! Usher functions in Rust.
//!
//! ```
//! use usher_sdk::prelude::*;
//!
//! #[usher_sdk::function]
//! fn set_nickname(nickname: String) -> Result<()> {
//!     custom_data::<Document>()?.update_one(doc! {}, doc! { "$set": { "nickname": nickname } })?;
//!     Ok(())
//! }
//! ```
//!
//! A function is a crate of its own with `crate-type = ["cdylib"]`, built with
//! `cargo build --release --target wasm32-wasip2`. Types that derive `Serialize` or `Deserialize` need `serde`
//! among the crate's dependencies.
//!
//! - Arguments and the result are typed by serde: see [`function`]. [`Arguments`] takes them as they are.
//! - [`custom_data`] and [`grant`] give a [`Collection`], which is all the database there is.
//! - [`context`] tells who called and when, [`call`] calls another function, [`log`] writes to the app's log,
//!   [`account`] deletes the caller, [`endpoint`] is for functions that answer HTTP requests.
//! - An [`Error`] reaches the client with its message. A panic ends the call, its message goes to the log.

pub mod account;
mod arguments;
pub mod bindings;
mod call;
mod collection;
pub mod context;
mod cursor;
mod element;
pub mod endpoint;
mod error;
mod exact;
pub mod log;
mod user;
mod value;
mod written;

pub use arguments::Arguments;
pub use bson;
pub use call::call;
pub use collection::{Collection, custom_data, grant};
pub use cursor::Cursor;
pub use error::{Error, Result};
pub use user::{Identity, User};
pub use usher_sdk_macros::function;
#[doc(hidden)]
pub use value::answer;
pub use written::Updated;

/// What nearly every function uses.
pub mod prelude {
    pub use bson::oid::ObjectId;
    pub use bson::{Bson, DateTime, Document, doc};
    pub use serde::{Deserialize, Serialize};

    pub use crate::{Arguments, Collection, Error, Result, User, account, call, context, custom_data, grant, log};
}
