//! Rules (reference 6.1): who may see and change which documents, and which of their fields.
//!
//! [`Rules`] are compiled once, when an app is read; [`Rules::bind`] decides everything that does not depend on a
//! document for one caller; [`Bound`] answers for documents. Where the database can decide, it does:
//! [`Bound::visible`] is a query. Nothing here talks to a database, so all of it can be tested by itself.

mod bound;
mod compare;
mod expression;
pub mod matcher;
mod number;
mod path;
mod problem;
mod projection;
mod roles;
mod schema;

use std::sync::Arc;

use async_trait::async_trait;
use bson::{Bson, Document};
use usher_contract::Failure;

pub use bound::{Bound, Change, Explanation, Operation, Visible, Write};
pub use expression::{Expression, Subject};
pub use problem::Problem;
pub use projection::Projection;
pub use roles::Rules;
pub use schema::Schema;

/// What expressions can refer to beside the document (reference 6.1, expansions).
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// `%%user`: `{id, type, data, custom_data?, identities}`.
    pub user: Document,
    /// `%%values`, by name.
    pub values: Arc<Document>,
    /// `%%environment`: `{tag, values}`.
    pub environment: Arc<Document>,
    /// `%%request`.
    pub request: Document,
}

/// What rules ask of the world while they are bound and decided.
#[async_trait]
pub trait Surroundings: Send + Sync {
    /// The facts of this caller; the same at every call.
    async fn facts(&self) -> Result<Arc<Facts>, Failure>;
    /// The same, where of the user the id and the custom data are enough: whoever presents a token presents both, and
    /// few rules ask for more.
    async fn presented(&self) -> Result<Arc<Facts>, Failure> {
        self.facts().await
    }
    /// Runs the function of a `%function` as the system. One that fails counts as false; the implementation logs it.
    async fn call(&self, function: &str, arguments: Vec<Bson>) -> Result<Bson, Failure>;
}
