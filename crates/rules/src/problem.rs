//! What is wrong with a rule, and where.

/// A mistake in a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where, as the keys and indexes that lead to it from the value that was compiled.
    pub path: Vec<String>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}
