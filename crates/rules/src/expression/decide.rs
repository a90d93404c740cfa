//! Deciding, with functions that have to be asked.
//!
//! Decisions are plain functions of documents and of the answers of functions that were asked before. One that needs
//! another answer says so, `settle` asks, and the decision starts again. So only functions that matter are called,
//! each once for the same arguments, and everything else is free of waiting.

use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bson::{Bson, Document};
use usher_contract::{ErrorCode, Failure, limits};

use crate::Surroundings;

/// The states of a document that a decision is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) now: &'a Document,
    /// None for a document that is new.
    pub(crate) before: Option<&'a Document>,
}

impl<'a> View<'a> {
    /// A document that does not change.
    pub(crate) fn of(document: &'a Document) -> Self {
        Self { now: document, before: Some(document) }
    }

    /// A document that is new.
    pub(crate) fn new(document: &'a Document) -> Self {
        Self { now: document, before: None }
    }

    /// A document that changes.
    pub(crate) fn change(before: &'a Document, now: &'a Document) -> Self {
        Self { now, before: Some(before) }
    }
}

/// A function whose answer a decision waits for.
#[derive(Debug)]
pub(crate) struct Need {
    function: String,
    arguments: Vec<Bson>,
}

/// The answers of functions; none for one that failed.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    answers: HashMap<(String, String), Option<Bson>>,
    /// What the questions take, in bytes.
    weight: usize,
}

/// Answers that several decisions share, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<Memo>);

impl Memory {
    fn open(&self) -> MutexGuard<'_, Memo> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets everything where it is too much. Only before a decision: in one, every answer is needed.
    fn make_room(&self) {
        let mut memo = self.open();
        if memo.weight > limits::RULE_ANSWERS_BYTES {
            drop(mem::take(&mut *memo));
        }
    }
}

impl Memo {
    /// What a function answered; `None` where it failed.
    pub(crate) fn answer(&self, function: &str, arguments: Vec<Bson>) -> Result<Option<Bson>, Need> {
        let need = Need { function: function.to_owned(), arguments };
        match self.answers.get(&need.key()) {
            Some(answer) => Ok(answer.clone()),
            None => Err(need),
        }
    }
}

impl Need {
    /// By text, because NaN does not equal itself.
    fn key(&self) -> (String, String) {
        (self.function.clone(), format!("{:?}", self.arguments))
    }
}

/// Decides, asking functions for as long as their answers are needed and not known.
pub(crate) async fn settle<T>(
    around: &Arc<dyn Surroundings>,
    memory: &Memory,
    decide: impl Fn(&Memo) -> Result<T, Need>,
) -> Result<T, Failure> {
    memory.make_room();
    loop {
        let decided = decide(&memory.open());
        let need = match decided {
            Ok(decision) => return Ok(decision),
            Err(need) => need,
        };
        let key = need.key();
        let answer = match around.call(&need.function, need.arguments).await {
            Ok(answer) => Some(answer),
            // Not the function's fault: a host that is too busy is not a rule that says no.
            Err(failure) if failure.is(ErrorCode::Overloaded) || failure.is(ErrorCode::InternalServerError) => {
                return Err(failure);
            }
            Err(_) => None,
        };
        let mut memo = memory.open();
        memo.weight += key.0.len() + key.1.len() + mem::size_of::<Bson>();
        memo.answers.insert(key, answer);
    }
}
