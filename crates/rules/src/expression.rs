//! Expressions: their operators and expansions (reference 6.1).

use std::sync::Arc;

use bson::Document;
use serde_json::Value;
use usher_contract::Failure;

use crate::{Problem, Surroundings};

/// A rule expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {}

/// What a bare field name in an expression belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// `%%root`: the document.
    Document,
    /// `%%args`: the arguments of a call. Of a function (`can_evaluate`) they are known by position, `%%args.0`.
    Arguments,
}

impl Expression {
    /// Compiles an expression: a boolean or an object.
    ///
    /// # Errors
    /// Every problem in it.
    pub fn compile(json: &Value, subject: Subject) -> Result<Self, Vec<Problem>> {
        let _ = (json, subject);
        Err(Vec::new())
    }

    /// Whether it holds for a call with these arguments.
    ///
    /// # Errors
    /// Where the surroundings cannot give their facts. A `%function` that fails makes its expression false instead.
    pub async fn holds(&self, arguments: &Document, around: &Arc<dyn Surroundings>) -> Result<bool, Failure> {
        let _ = (arguments, around);
        Ok(false)
    }
}
