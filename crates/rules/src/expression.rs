//! Expressions: their operators and expansions (reference 6.1).
//!
//! An expression is compiled once (`syntax`), bound to the facts of one caller (`binder`) and then decided for
//! documents, by the host or by the database (`clause`).
//!
//! What is missing never grants anything. A comparison with an expansion that finds nothing, or `null`, is not true,
//! and neither is its negation: `{"team": "%%user.custom_data.team"}` does not match documents without a team, and
//! `{"team": {"$ne": "%%user.custom_data.team"}}` matches nothing, where the caller has none. Fields of the document
//! itself are compared as MongoDB compares them: a missing field equals `null`.

pub(crate) mod binder;
pub(crate) mod clause;
pub(crate) mod decide;
pub(crate) mod expansion;
pub(crate) mod operand;
pub(crate) mod show;
pub(crate) mod syntax;
pub(crate) mod term;

use std::sync::Arc;

use bson::Document;
use serde_json::Value;
use usher_contract::Failure;

use crate::problem::Problems;
use crate::{Problem, Surroundings};
use binder::{Binder, Calls};
use decide::{Memory, View, settle};
use expansion::Place;
pub(crate) use syntax::Node;

/// A rule expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression(Node);

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
        let place = match subject {
            Subject::Document => Place::Document { field: "" },
            Subject::Arguments => Place::Arguments,
        };
        let mut problems = Problems::default();
        let node = syntax::expression(json, &place, &mut problems);
        problems.finish(Self(node))
    }

    /// Whether it holds for a call with these arguments.
    ///
    /// # Errors
    /// Where the surroundings cannot give their facts. A `%function` that fails makes its expression false instead.
    pub async fn holds(&self, arguments: &Document, around: &Arc<dyn Surroundings>) -> Result<bool, Failure> {
        if let Node::Constant(constant) = self.0 {
            return Ok(constant);
        }
        let facts = if self.0.asks_for_account() { around.facts().await? } else { around.presented().await? };
        let view = View::of(arguments);
        settle(around, &Memory::default(), |memo| {
            // Calls are left for the decision, so that none is made that does not matter.
            let binder = Binder { facts: &facts, memo, calls: Calls::Later };
            binder.clause(&self.0, true)?.holds(&view, memo)
        })
        .await
    }
}
