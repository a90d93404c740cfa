//! Binding an expression to the facts of one caller: whatever does not depend on a document is decided.

use bson::{Bson, Document};

use super::clause::{Clause, Why, without_nulls};
use super::decide::{Memo, Need, View};
use super::syntax::{ElementTest, Node};
use super::term::{Call, Conversion, Fact, Source, State, Term};
use crate::matcher::{self, Element, Operator, Predicate};
use crate::{Facts, path};

/// When functions are called whose arguments do not depend on a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Calls {
    /// While an expression is bound: the answer serves every document.
    Now,
    /// When a document is decided that needs it.
    Later,
}

/// Binds expressions.
pub(crate) struct Binder<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) memo: &'a Memo,
    pub(crate) calls: Calls,
}

impl Binder<'_> {
    /// The clause that is true where an expression is as `wanted`.
    pub(crate) fn clause(&self, node: &Node, wanted: bool) -> Result<Clause, Need> {
        match node {
            Node::Constant(constant) => Ok(Clause::Known(*constant == wanted, Why::Written)),
            Node::Not(inner) => self.clause(inner, !wanted),
            Node::All(nodes) => self.join(nodes, wanted, true),
            Node::Any(nodes) => self.join(nodes, wanted, false),
            Node::Exists(term) => self.exists(term, wanted),
            Node::Compare { left, operator, right } => self.compare(left, *operator, right, wanted),
            Node::Element { left, tests } => self.element(left, tests, wanted),
            Node::Call(call) => self.call(call, wanted),
        }
    }

    /// Joins bound expressions; those that follow one which decides are not bound, so their functions not called.
    fn join(&self, nodes: &[Node], wanted: bool, every: bool) -> Result<Clause, Need> {
        let every = every == wanted;
        let mut clauses = Vec::new();
        for node in nodes {
            let clause = self.clause(node, wanted)?;
            if clause.always() == Some(!every) {
                return Ok(clause);
            }
            clauses.push(clause);
        }
        Ok(if every { Clause::all(clauses) } else { Clause::any(clauses) })
    }

    fn exists(&self, term: &Term, wanted: bool) -> Result<Clause, Need> {
        Ok(match self.term(term)? {
            Term::Literal(_) => Clause::Known(wanted, Why::Compared(term.to_string(), "there".into())),
            Term::Missing(name) => Clause::Known(!wanted, Why::Missing(name)),
            Term::Field(State::Now, path) if path.is_empty() => Clause::Known(wanted, Why::Written),
            Term::Field(State::Before, path) if path.is_empty() => Clause::Before { wanted },
            Term::Field(state, path) => Clause::Field { state, path, predicate: Predicate::Exists, wanted },
            term => Clause::Exists { term, wanted },
        })
    }

    fn call(&self, call: &Call, wanted: bool) -> Result<Clause, Need> {
        let bound = Call { function: call.function.clone(), arguments: self.arguments(call)? };
        if self.calls == Calls::Later || !is_settled(&bound.arguments) {
            return Ok(Clause::Call { call: bound, wanted });
        }
        let answer = bound.ask(&View::of(&Document::new()), self.memo)?;
        // Only an answer of true or false is one.
        let holds = matches!(answer, Some(Bson::Boolean(answer)) if answer == wanted);
        Ok(Clause::Known(holds, Why::Answered(bound.function, answer)))
    }

    fn compare(&self, left: &Term, operator: Operator, right: &Term, wanted: bool) -> Result<Clause, Need> {
        let bound = self.term(left)?;
        let operand = self.operand(right, operator, wanted)?;
        Ok(match (bound, operand) {
            (Term::Missing(name), _) | (_, Term::Missing(name)) => Clause::Known(false, Why::Missing(name)),
            (Term::Literal(value), Term::Literal(operand)) => {
                let predicate = Predicate::new(operator, operand);
                let holds = predicate.is_some_and(|predicate| predicate.matches_value(Some(&value)) == wanted);
                Clause::Known(holds, Why::Compared(left.to_string(), value))
            }
            (Term::Field(state, path), Term::Literal(operand)) if !path.is_empty() => {
                match Predicate::new(operator, operand) {
                    Some(Predicate::In(items, _)) if items.is_empty() => Clause::Known(!wanted, Why::Written),
                    Some(predicate) => Clause::Field { state, path, predicate, wanted },
                    None => Clause::Known(false, Why::Missing(right.to_string())),
                }
            }
            (Term::Literal(value), Term::Field(state, path)) if !path.is_empty() => {
                mirrored(left, value, operator, state, path, wanted)
            }
            (Term::Convert(conversion, inner), Term::Literal(value))
            | (Term::Literal(value), Term::Convert(conversion, inner)) => {
                converted(conversion, *inner, operator, value, wanted, matches!(left, Term::Convert(..)))
            }
            (left, right) => Clause::Compare { left, operator, right, wanted },
        })
    }

    fn element(&self, left: &Term, tests: &[ElementTest], wanted: bool) -> Result<Clause, Need> {
        let mut nodes = Vec::new();
        let mut predicates = Vec::new();
        for test in tests {
            let predicate = match &test.compare {
                None => Predicate::Exists,
                Some((operator, right)) => {
                    let now = Self { calls: Calls::Now, ..*self };
                    let operand = match now.operand(right, *operator, test.wanted == wanted)? {
                        Term::Literal(operand) => operand,
                        other => return Ok(Clause::Known(false, Why::Missing(other.to_string()))),
                    };
                    match Predicate::new(*operator, operand) {
                        Some(predicate) => predicate,
                        None => return Ok(Clause::Known(false, Why::Missing(right.to_string()))),
                    }
                }
            };
            let predicate = if test.wanted { predicate } else { Predicate::Not(Box::new(predicate)) };
            match &test.field {
                Some(path) => nodes.push(matcher::Node::Field { path: path.clone(), predicate }),
                None => predicates.push(predicate),
            }
        }
        let element = match nodes.len() {
            0 => Element::Value(predicates),
            _ => Element::Fields(matcher::Node::All(nodes)),
        };
        let predicate = Predicate::Element(Box::new(element));
        Ok(match self.term(left)? {
            Term::Field(state, path) if !path.is_empty() => Clause::Field { state, path, predicate, wanted },
            Term::Literal(value) => {
                let holds = predicate.matches_value(Some(&value)) == wanted;
                Clause::Known(holds, Why::Compared(left.to_string(), value))
            }
            other => Clause::Known(false, Why::Missing(other.to_string())),
        })
    }

    /// The right side of a comparison. What an expansion gives has to be there: `null` would stand for every field
    /// that is missing, and a regular expression for every text it matches.
    fn operand(&self, term: &Term, operator: Operator, wanted: bool) -> Result<Term, Need> {
        if let (Operator::In, true, Term::Array(items)) = (operator, wanted, term) {
            // One of a list that is missing leaves the others.
            let mut bound = Vec::new();
            for item in items {
                match self.operand(item, Operator::Equal, wanted)? {
                    Term::Missing(_) => {}
                    other => bound.push(other),
                }
            }
            let list = Term::Array(bound);
            return Ok(list.known().map_or(list, Term::Literal));
        }
        let name = || Term::Missing(term.to_string());
        Ok(match (term, self.term(term)?) {
            (Term::Literal(_), bound) => bound,
            (_, Term::Literal(value)) if value == Bson::Null || is_pattern(&value) => name(),
            (_, Term::Literal(Bson::Array(items)))
                if items.iter().any(|it| matches!(it, Bson::RegularExpression(_))) =>
            {
                name()
            }
            (_, Term::Literal(value)) => Term::Literal(without_nulls(value, operator, wanted)),
            (_, bound) => bound,
        })
    }

    /// A term with its facts found.
    pub(crate) fn term(&self, term: &Term) -> Result<Term, Need> {
        Ok(match term {
            Term::Literal(_) | Term::Field(..) | Term::Missing(_) => term.clone(),
            Term::Fact(fact) => match self.fact(fact) {
                Some(value) => Term::Literal(value),
                None => Term::Missing(fact.to_string()),
            },
            Term::Convert(conversion, inner) => match self.term(inner)? {
                Term::Literal(value) => match conversion.apply(&value) {
                    Some(value) => Term::Literal(value),
                    None => Term::Missing(term.to_string()),
                },
                Term::Missing(name) => Term::Missing(name),
                other => Term::Convert(*conversion, Box::new(other)),
            },
            Term::Call(call) => {
                let bound = Call { function: call.function.clone(), arguments: self.arguments(call)? };
                if self.calls == Calls::Later || !is_settled(&bound.arguments) {
                    return Ok(Term::Call(bound));
                }
                match bound.ask(&View::of(&Document::new()), self.memo)? {
                    None | Some(Bson::Undefined) => Term::Missing(term.to_string()),
                    Some(answer) => Term::Literal(answer),
                }
            }
            Term::Array(items) => self.parts(items.iter(), Term::Array)?,
            Term::Document(fields) => self.parts(fields.iter().map(|(_, term)| term), |terms| {
                Term::Document(fields.iter().map(|(name, _)| name.clone()).zip(terms).collect())
            })?,
        })
    }

    /// The parts of a list or document; one that is missing makes all of it so.
    fn parts<'t>(
        &self,
        parts: impl Iterator<Item = &'t Term>,
        build: impl FnOnce(Vec<Term>) -> Term,
    ) -> Result<Term, Need> {
        let mut bound = Vec::new();
        for part in parts {
            match self.operand(part, Operator::Equal, true)? {
                missing @ Term::Missing(_) => return Ok(missing),
                other => bound.push(other),
            }
        }
        let term = build(bound);
        Ok(term.known().map_or(term, Term::Literal))
    }

    fn arguments(&self, call: &Call) -> Result<Vec<Term>, Need> {
        call.arguments.iter().map(|argument| self.term(argument)).collect()
    }

    /// What a fact is; `None` where there is none.
    fn fact(&self, fact: &Fact) -> Option<Bson> {
        let document: &Document = match fact.source {
            Source::User => &self.facts.user,
            Source::Values => &self.facts.values,
            Source::Environment => &self.facts.environment,
            Source::Request => &self.facts.request,
        };
        if fact.path.is_empty() {
            return Some(Bson::Document(document.clone()));
        }
        path::value(document, &fact.path).filter(|value| *value != Bson::Undefined)
    }
}

/// Whether nothing in bound terms waits for a document or a function.
fn is_settled(terms: &[Term]) -> bool {
    terms.iter().all(|term| matches!(term, Term::Missing(_)) || term.known().is_some())
}

fn is_pattern(value: &Bson) -> bool {
    matches!(value, Bson::RegularExpression(_))
}

/// A comparison whose field stands on the right: the same as with its sides exchanged. A value that is a list stands
/// for each of its elements, as it would in a field.
fn mirrored(left: &Term, value: Bson, operator: Operator, state: State, path: String, wanted: bool) -> Clause {
    let any_of = |value: Bson| match value {
        Bson::Array(items) => {
            let whole = Bson::Array(items.clone());
            items.into_iter().chain([whole]).filter(|item| *item != Bson::Null).collect()
        }
        Bson::Null => Vec::new(),
        other => vec![other],
    };
    let values: Vec<Bson> = any_of(value.clone());
    if values.is_empty() || values.iter().any(|it| matches!(it, Bson::RegularExpression(_))) {
        return Clause::Known(false, Why::Missing(left.to_string()));
    }
    let field = |predicate| Clause::Field { state, path: path.clone(), predicate, wanted };
    let mut values = values;
    match operator.mirrored() {
        // To be in the field's list is for the field to hold it.
        None if operator == Operator::In => field(Predicate::In(values, Vec::new())),
        None => {
            Clause::Compare { left: Term::Literal(value), operator, right: Term::Field(state, path.clone()), wanted }
        }
        Some(Operator::Equal) if values.len() == 1 => field(Predicate::Compare(Operator::Equal, values.remove(0))),
        Some(Operator::Equal) => field(Predicate::In(values, Vec::new())),
        Some(mirrored) => {
            let each = values.into_iter().map(|value| field(Predicate::Compare(mirrored, value)));
            if wanted { Clause::any(each) } else { Clause::all(each) }
        }
    }
}

/// A comparison of a converted field with a known value. Where the conversion can be undone, the database can decide.
fn converted(
    conversion: Conversion,
    inner: Term,
    operator: Operator,
    value: Bson,
    wanted: bool,
    on_the_left: bool,
) -> Clause {
    if let (Term::Field(state, path), Operator::Equal, true) = (&inner, operator, wanted)
        && !path.is_empty()
        && let Some(original) = conversion.undo(&value)
    {
        let predicate = Predicate::Compare(Operator::Equal, original);
        return Clause::Field { state: *state, path: path.clone(), predicate, wanted };
    }
    let (converted, known) = (Term::Convert(conversion, Box::new(inner)), Term::Literal(value));
    let (left, right) = if on_the_left { (converted, known) } else { (known, converted) };
    Clause::Compare { left, operator, right, wanted }
}
