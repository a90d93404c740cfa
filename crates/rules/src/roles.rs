//! Roles and filters of a collection, or of every collection that has none of its own.

use std::sync::Arc;

use serde_json::Value;
use usher_contract::Failure;

use crate::{Bound, Problem, Surroundings};

/// The roles and filters of one collection.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {}

impl Rules {
    /// Compiles `{roles, filters}` of a `rules.json` or `default_rule.json`; other members are not looked at.
    ///
    /// # Errors
    /// Every problem in it.
    pub fn compile(json: &Value) -> Result<Self, Vec<Problem>> {
        let _ = json;
        Err(Vec::new())
    }

    /// Whether there are roles at all: a collection without any falls back to the default rules (reference 6.1).
    pub fn has_roles(&self) -> bool {
        false
    }

    /// Decides, for one caller, whatever does not depend on a document.
    ///
    /// # Errors
    /// Where the surroundings cannot give their facts.
    pub async fn bind(self: &Arc<Self>, around: Arc<dyn Surroundings>) -> Result<Bound, Failure> {
        let _ = around;
        Ok(Bound {})
    }
}
