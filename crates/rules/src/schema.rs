//! Schemas of documents (`schema.json`), checked on writes by users (reference 6.1).

use bson::Document;
use serde_json::Value;

use crate::Problem;

/// A compiled schema.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {}

impl Schema {
    /// Compiles a `schema.json`; `None` where it says nothing (`{}`).
    ///
    /// # Errors
    /// Every problem in it.
    pub fn compile(json: &Value) -> Result<Option<Self>, Vec<Problem>> {
        let _ = json;
        Ok(None)
    }

    /// Checks a document.
    ///
    /// # Errors
    /// Every violation, as a sentence with the path of its field.
    pub fn check(&self, document: &Document) -> Result<(), Vec<String>> {
        let _ = document;
        Ok(())
    }
}
