//! Expressions bound to one caller: what is left of them depends on documents alone.

use std::collections::HashSet;

use bson::{Bson, Document, doc};

use super::decide::{Memo, Need, View};
use super::term::{Call, State, Term};
use crate::matcher::{Operator, Predicate};
use crate::path;

/// A bound expression, in which negations stand at the leaves alone: a leaf is true where what it tests is as
/// `wanted`. A test that cannot be made is not true, whatever is wanted.
#[derive(Debug, Clone)]
pub(crate) enum Clause {
    Known(bool, Why),
    All(Vec<Clause>),
    Any(Vec<Clause>),
    /// A field against a known value: the database can decide it.
    Field {
        state: State,
        path: String,
        predicate: Predicate,
        wanted: bool,
    },
    /// Whether there was a document before.
    Before {
        wanted: bool,
    },
    /// Whether what a term stands for exists; the term is neither a field nor known.
    Exists {
        term: Term,
        wanted: bool,
    },
    /// A comparison that only the host can make.
    Compare {
        left: Term,
        operator: Operator,
        right: Term,
        wanted: bool,
    },
    /// A function that answers `true` or `false`.
    Call {
        call: Call,
        wanted: bool,
    },
}

/// Why something is known before any document is.
#[derive(Debug, Clone)]
pub(crate) enum Why {
    /// The rule says so.
    Written,
    /// What is compared is missing.
    Missing(String),
    /// The value is known, and compared with a known one.
    Compared(String, Bson),
    /// A function answered; `None` where it failed.
    Answered(String, Option<Bson>),
}

impl Clause {
    pub(crate) const ALWAYS: Self = Self::Known(true, Why::Written);
    pub(crate) const NEVER: Self = Self::Known(false, Why::Written);

    /// All of them; simplified where parts are known.
    pub(crate) fn all(clauses: impl IntoIterator<Item = Self>) -> Self {
        Self::join(clauses, true)
    }

    /// Any of them; simplified where parts are known.
    pub(crate) fn any(clauses: impl IntoIterator<Item = Self>) -> Self {
        Self::join(clauses, false)
    }

    fn join(clauses: impl IntoIterator<Item = Self>, every: bool) -> Self {
        let mut parts = Vec::new();
        let mut known = None;
        for clause in clauses {
            match clause {
                Self::Known(constant, _) if constant == every => known = known.or(Some(clause)),
                Self::Known(..) => return clause,
                Self::All(inner) if every => parts.extend(inner),
                Self::Any(inner) if !every => parts.extend(inner),
                other => parts.push(other),
            }
        }
        match parts.len() {
            0 => known.unwrap_or(Self::Known(every, Why::Written)),
            1 => parts.remove(0),
            _ if every => Self::All(parts),
            _ => Self::Any(parts),
        }
    }

    /// What it is for every document, where that is known.
    pub(crate) fn always(&self) -> Option<bool> {
        if let Self::Known(constant, _) = self { Some(*constant) } else { None }
    }

    pub(crate) fn is_always(&self) -> bool {
        self.always() == Some(true)
    }

    pub(crate) fn is_never(&self) -> bool {
        self.always() == Some(false)
    }

    /// Whether it depends on the state before a write.
    pub(crate) fn speaks_of_before(&self) -> bool {
        match self {
            Self::Known(..) => false,
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::speaks_of_before),
            Self::Field { state, .. } => *state == State::Before,
            Self::Before { .. } => true,
            Self::Exists { term, .. } => term.speaks_of_before(),
            Self::Compare { left, right, .. } => left.speaks_of_before() || right.speaks_of_before(),
            Self::Call { call, .. } => call.arguments.iter().any(Term::speaks_of_before),
        }
    }

    /// Decides it.
    pub(crate) fn holds(&self, view: &View<'_>, memo: &Memo) -> Result<bool, Need> {
        Ok(match self {
            Self::Known(constant, _) => *constant,
            Self::All(parts) => {
                for part in parts {
                    if !part.holds(view, memo)? {
                        return Ok(false);
                    }
                }
                true
            }
            Self::Any(parts) => {
                for part in parts {
                    if part.holds(view, memo)? {
                        return Ok(true);
                    }
                }
                false
            }
            Self::Field { state, path, predicate, wanted } => state.matches(view, path, predicate) == *wanted,
            Self::Before { wanted } => view.before.is_some() == *wanted,
            Self::Exists { term, wanted } => term.value(view, memo)?.is_some() == *wanted,
            Self::Call { call, wanted } => match call.ask(view, memo)? {
                Some(Bson::Boolean(answer)) => answer == *wanted,
                _ => false,
            },
            Self::Compare { left, operator, right, wanted } => {
                let Some(operand) = right.value(view, memo)?.filter(|it| *it != Bson::Null) else { return Ok(false) };
                let Some(predicate) = Predicate::new(*operator, without_nulls(operand, *operator, *wanted)) else {
                    return Ok(false);
                };
                match left {
                    Term::Field(state, path) if !path.is_empty() => state.matches(view, path, &predicate) == *wanted,
                    _ => match left.value(view, memo)? {
                        Some(value) => predicate.matches_value(Some(&value)) == *wanted,
                        None => false,
                    },
                }
            }
        })
    }

    /// A query for the documents, none of which changes, for which this is as `wanted`: for all of them and, where it
    /// is not exact, for others that only the host can tell apart.
    pub(crate) fn query(&self, wanted: bool) -> Part {
        match self {
            Self::Known(constant, _) => Part::known(*constant == wanted),
            Self::All(parts) if wanted => Part::all(parts.iter().map(|part| part.query(wanted))),
            Self::Any(parts) if !wanted => Part::all(parts.iter().map(|part| part.query(wanted))),
            Self::All(parts) | Self::Any(parts) => Part::any(parts.iter().map(|part| part.query(wanted))),
            Self::Field { path, predicate, wanted: own, .. } if !path.split('.').any(path::is_index) => {
                match predicate.query(path, *own == wanted) {
                    Some(query) => Part { found: Found::Matching(query), exact: true },
                    None => Part::UNDECIDED,
                }
            }
            Self::Before { wanted: own } => Part::known(*own == wanted),
            // Whether a part of a path is an index or a name depends on the document, and databases differ in detail.
            Self::Field { .. } | Self::Exists { .. } | Self::Compare { .. } | Self::Call { .. } => Part::UNDECIDED,
        }
    }
}

/// A query, and whether it finds exactly what it should.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Part {
    pub(crate) found: Found,
    pub(crate) exact: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Found {
    Nothing,
    Everything,
    Matching(Document),
}

impl Part {
    /// Every document, because only the host can tell.
    const UNDECIDED: Self = Self { found: Found::Everything, exact: false };

    pub(crate) fn known(everything: bool) -> Self {
        Self { found: if everything { Found::Everything } else { Found::Nothing }, exact: true }
    }

    pub(crate) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut queries = Joined::by("$and");
        let mut exact = true;
        for part in parts {
            match part.found {
                Found::Nothing => return Self::known(false),
                Found::Everything => {}
                Found::Matching(query) => queries.push(query),
            }
            exact &= part.exact;
        }
        let found = queries.finish().map_or(Found::Everything, Found::Matching);
        Self { found, exact }
    }

    pub(crate) fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut queries = Joined::by("$or");
        let mut exact = true;
        let mut everything = false;
        for part in parts {
            match part {
                Self { found: Found::Everything, exact: true } => return Self::known(true),
                Self { found: Found::Everything, .. } => everything = true,
                Self { found: Found::Nothing, .. } => {}
                Self { found: Found::Matching(query), .. } => queries.push(query),
            }
            exact &= part.exact;
        }
        let found = match queries.finish() {
            _ if everything => Found::Everything,
            Some(query) => Found::Matching(query),
            None => Found::Nothing,
        };
        Self { found, exact }
    }
}

/// Queries that are joined by `$and` or `$or`, each once.
struct Joined {
    by: &'static str,
    queries: Vec<Document>,
    seen: HashSet<String>,
}

impl Joined {
    fn by(by: &'static str) -> Self {
        Self { by, queries: Vec::new(), seen: HashSet::new() }
    }

    /// Adds a query; one that joins queries in the same way is taken apart.
    fn push(&mut self, query: Document) {
        let nested = match query.get_array(self.by) {
            Ok(items) if query.len() == 1 => items.iter().filter_map(Bson::as_document).cloned().collect(),
            _ => vec![query],
        };
        let Self { queries, seen, .. } = self;
        queries.extend(nested.into_iter().filter(|query| seen.insert(format!("{query:?}"))));
    }

    fn finish(mut self) -> Option<Document> {
        match self.queries.len() {
            0 => None,
            1 => Some(self.queries.remove(0)),
            _ => Some(doc! { self.by: self.queries }),
        }
    }
}

/// A list to look something up in, without nulls: they would stand for every field that is missing. Looking for
/// what is not in the list, they stay, which finds less.
pub(crate) fn without_nulls(operand: Bson, operator: Operator, wanted: bool) -> Bson {
    match operand {
        Bson::Array(items) if operator == Operator::In && wanted => {
            Bson::Array(items.into_iter().filter(|item| !matches!(item, Bson::Null | Bson::Undefined)).collect())
        }
        other => other,
    }
}

impl State {
    fn document<'a>(self, view: &View<'a>) -> Option<&'a Document> {
        match self {
            Self::Now => Some(view.now),
            Self::Before => view.before,
        }
    }

    fn matches(self, view: &View<'_>, path: &str, predicate: &Predicate) -> bool {
        match self.document(view) {
            Some(document) => predicate.matches(document, path),
            None => predicate.matches(&Document::new(), path),
        }
    }

    pub(crate) fn value(self, view: &View<'_>, path: &str) -> Option<Bson> {
        let document = self.document(view)?;
        if path.is_empty() { Some(Bson::Document(document.clone())) } else { path::value(document, path) }
    }
}

impl Term {
    /// What a bound term stands for.
    pub(crate) fn value(&self, view: &View<'_>, memo: &Memo) -> Result<Option<Bson>, Need> {
        Ok(match self {
            Self::Literal(value) => Some(value.clone()),
            Self::Field(state, path) => state.value(view, path),
            Self::Convert(conversion, inner) => inner.value(view, memo)?.and_then(|value| conversion.apply(&value)),
            Self::Call(call) => call.ask(view, memo)?.filter(|answer| *answer != Bson::Undefined),
            Self::Array(items) => {
                let items: Result<Option<Vec<Bson>>, Need> = items.iter().map(|it| it.value(view, memo)).collect();
                items?.map(Bson::Array)
            }
            Self::Document(fields) => {
                let fields =
                    fields.iter().map(|(name, it)| Ok(it.value(view, memo)?.map(|value| (name.clone(), value))));
                let fields: Result<Option<Document>, Need> = fields.collect();
                fields?.map(Bson::Document)
            }
            // Facts are gone once an expression is bound.
            Self::Fact(_) | Self::Missing(_) => None,
        })
    }
}

impl Call {
    /// What the function answers; `None` where it fails. What is missing is handed over as `null`.
    pub(crate) fn ask(&self, view: &View<'_>, memo: &Memo) -> Result<Option<Bson>, Need> {
        let arguments: Result<Vec<Bson>, Need> =
            self.arguments.iter().map(|it| Ok(it.value(view, memo)?.unwrap_or(Bson::Null))).collect();
        memo.answer(&self.function, arguments?)
    }
}
