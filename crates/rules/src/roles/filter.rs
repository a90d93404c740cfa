//! Filters: queries and projections that are joined to those of every caller to whom they apply (reference 6.1).

use bson::{Bson, Document, doc};
use serde_json::{Map, Value};

use super::reader;
use crate::expression::Node;
use crate::expression::binder::Binder;
use crate::expression::decide::Need;
use crate::expression::expansion::{self, Place};
use crate::expression::operand;
use crate::expression::syntax::{expression, unprefixed};
use crate::expression::term::Term;
use crate::matcher::Query;
use crate::problem::Problems;

const FILTER: &[&str] = &["name", "apply_when", "query", "projection"];

/// A filter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Filter {
    apply_when: Node,
    query: Term,
    projection: Document,
}

/// A filter that applies to a caller.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BoundFilter {
    pub(crate) query: Document,
    pub(crate) projection: Document,
}

impl Filter {
    /// Whether it speaks of what only the user's account tells.
    pub(super) fn asks_for_account(&self) -> bool {
        self.apply_when.asks_for_account() || self.query.asks_for_account()
    }

    /// The filter as it is for a caller; none where it does not apply.
    pub(crate) fn bind(&self, binder: &Binder<'_>) -> Result<Option<BoundFilter>, Need> {
        if !binder.clause(&self.apply_when, true)?.is_always() {
            return Ok(None);
        }
        let query = match binder.term(&self.query)? {
            Term::Literal(Bson::Document(query)) if tame(&self.query, binder)? && Query::compile(&query).is_ok() => {
                query
            }
            // What it compares with is missing, or of the wrong kind: then nothing passes it.
            _ => doc! { "_id": { "$in": [] } },
        };
        Ok(Some(BoundFilter { query, projection: self.projection.clone() }))
    }
}

/// Whether nothing that an expansion stands for could be taken for an operator.
fn tame(term: &Term, binder: &Binder<'_>) -> Result<bool, Need> {
    fn without_operators(value: &Bson) -> bool {
        match value {
            Bson::Document(inner) => inner.iter().all(|(key, it)| !key.starts_with('$') && without_operators(it)),
            Bson::Array(items) => items.iter().all(without_operators),
            _ => true,
        }
    }
    let all = |terms: &mut dyn Iterator<Item = &Term>| -> Result<bool, Need> {
        for term in terms {
            if !tame(term, binder)? {
                return Ok(false);
            }
        }
        Ok(true)
    };
    match term {
        Term::Document(fields) => all(&mut fields.iter().map(|(_, term)| term)),
        Term::Array(items) => all(&mut items.iter()),
        Term::Literal(_) => Ok(true),
        other => Ok(matches!(binder.term(other)?, Term::Literal(value) if without_operators(&value))),
    }
}

pub(super) fn read(members: &Map<String, Value>, problems: &mut Problems) -> Filter {
    reader::known_only(members, FILTER, problems);
    reader::name(members, problems);
    let apply_when = match members.get("apply_when") {
        // A filter that applies to everybody hides the most.
        None => Node::Constant(true),
        Some(json) => problems.inside("apply_when", |problems| expression(json, &Place::Nothing, problems)),
    };
    let query = problems.inside("query", |problems| match members.get("query") {
        None | Some(Value::Null) => Term::Document(Vec::new()),
        Some(Value::Object(query)) => {
            let term = template(query, problems);
            if let Bson::Document(sample) = sample(&term, "")
                && let Err(message) = Query::compile(&sample)
            {
                problems.add(message, "a filter's query uses operators that compare fields with values");
            }
            term
        }
        Some(_) => {
            problems.add("a query is an object", "write {\"owner_id\": \"%%user.id\"}");
            Term::Document(Vec::new())
        }
    });
    Filter { apply_when, query, projection: problems.inside("projection", |problems| projection(members, problems)) }
}

/// Reads a query in which expansions stand for values. Where one is a field's value it is compared by `$eq`, so that
/// it cannot turn into operators.
fn template(query: &Map<String, Value>, problems: &mut Problems) -> Term {
    let fields = query.iter().map(|(key, json)| {
        let key = match unprefixed(key) {
            Some(name) => format!("${name}"),
            None => key.clone(),
        };
        let held = problems.inside(&key, |problems| {
            if expansion::is(&key) {
                problems.add(format!("`{key}` stands where a field is expected"), "name a field of the document");
            }
            value(json, problems)
        });
        let field = !key.starts_with('$');
        let held = match held {
            bare @ (Term::Fact(_) | Term::Convert(..) | Term::Call(_)) if field => {
                Term::Document(vec![("$eq".to_owned(), bare)])
            }
            other => other,
        };
        (key, held)
    });
    Term::Document(fields.collect())
}

fn value(json: &Value, problems: &mut Problems) -> Term {
    match json {
        Value::Object(inner) if !operand::is_value(inner) => template(inner, problems),
        Value::Array(items) => {
            let read = |(index, item)| problems.inside(index, |problems| value(item, problems));
            Term::Array(items.iter().enumerate().map(read).collect())
        }
        other => operand::term(other, &Place::Nothing, problems),
    }
}

/// The query with values in place of its expansions, to see whether its operators can be used.
fn sample(term: &Term, operator: &str) -> Bson {
    match term {
        Term::Document(fields) => {
            Bson::Document(fields.iter().map(|(key, term)| (key.clone(), sample(term, key))).collect())
        }
        Term::Array(items) => Bson::Array(items.iter().map(|item| sample(item, "")).collect()),
        Term::Literal(value) => value.clone(),
        _ => match operator {
            "$in" | "$nin" | "$all" => Bson::Array(vec![Bson::Null]),
            "$size" => 0.into(),
            _ => Bson::Null,
        },
    }
}

fn projection(members: &Map<String, Value>, problems: &mut Problems) -> Document {
    const HELP: &str = "write {\"field\": 1} to show fields, or {\"field\": 0} to hide them";
    let mut projection = Document::new();
    let fields = match members.get("projection") {
        None | Some(Value::Null) => return projection,
        Some(Value::Object(fields)) => fields,
        Some(_) => {
            problems.add("a projection is an object", HELP);
            return projection;
        }
    };
    for (name, json) in fields {
        let shown = match json {
            Value::Bool(shown) => Some(*shown),
            Value::Number(number) => match number.as_f64() {
                Some(0.0) => Some(false),
                Some(1.0) => Some(true),
                _ => None,
            },
            _ => None,
        };
        match shown {
            Some(shown) if expansion::is_path(name) => {
                projection.insert(name, i32::from(shown));
            }
            _ => problems.inside(name, |problems| problems.add("a projection shows or hides fields", HELP)),
        }
    }
    let mut kinds = projection.iter().filter(|(name, _)| *name != "_id").map(|(_, shown)| shown);
    if let Some(first) = kinds.next()
        && kinds.any(|kind| kind != first)
    {
        problems.add("a projection either shows fields or hides fields", HELP);
    }
    projection
}
