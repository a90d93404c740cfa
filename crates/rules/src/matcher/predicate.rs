//! What one field is compared with.

use std::cmp::Ordering;

use bson::{Bson, Document, doc};
use regex::Regex;

use super::Node;
use crate::{compare, number, path};

/// A comparison. Those that a query has but that are made of others, such as `$ne`, are not here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    In,
    All,
    Size,
}

impl Operator {
    /// The operator that says the same with its sides exchanged; none for those that are about arrays.
    pub(crate) fn mirrored(self) -> Option<Self> {
        Some(match self {
            Self::Equal => Self::Equal,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::In | Self::All | Self::Size => return None,
        })
    }

    fn accepts(self, ordering: Ordering) -> bool {
        match self {
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            _ => ordering.is_eq(),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Equal => "$eq",
            Self::Greater => "$gt",
            Self::GreaterOrEqual => "$gte",
            Self::Less => "$lt",
            Self::LessOrEqual => "$lte",
            Self::In => "$in",
            Self::All => "$all",
            Self::Size => "$size",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Predicate {
    /// One of the operators that order two values, or `$eq`.
    Compare(Operator, Bson),
    In(Vec<Bson>, Vec<Regex>),
    Exists,
    Size(i64),
    /// Numbers of BSON types.
    Type(Vec<u8>),
    Regex(Regex),
    Mod {
        divisor: i64,
        remainder: i64,
    },
    Element(Box<Element>),
    Every(Vec<Predicate>),
    Not(Box<Predicate>),
}

/// What `$elemMatch` asks of one element.
#[derive(Debug, Clone)]
pub(crate) enum Element {
    /// Comparisons of the element itself.
    Value(Vec<Predicate>),
    /// A query about the element's fields.
    Fields(Node),
}

impl Predicate {
    /// The comparison with a value; `None` where the operator cannot be compared with a value of this kind.
    pub(crate) fn new(operator: Operator, value: Bson) -> Option<Self> {
        Some(match (operator, value) {
            (Operator::In, Bson::Array(items)) => Self::In(items, Vec::new()),
            (Operator::All, Bson::Array(items)) if items.is_empty() => Self::In(items, Vec::new()),
            (Operator::All, Bson::Array(items)) => {
                Self::Every(items.into_iter().map(|item| Self::Compare(Operator::Equal, item)).collect())
            }
            (Operator::Size, size) => Self::Size(number::whole(&size, false).filter(|size| *size >= 0)?),
            (Operator::In | Operator::All, _) => return None,
            (operator, value) => Self::Compare(operator, value),
        })
    }

    /// Whether a field of a document matches.
    pub(crate) fn matches(&self, document: &Document, path: &str) -> bool {
        match self {
            Self::Every(all) => all.iter().all(|one| one.matches(document, path)),
            Self::Not(inner) => !inner.matches(document, path),
            _ => path::any(document, path, &mut |found| self.matches_found(found)),
        }
    }

    /// Whether a value matches, as if a field held it.
    pub(crate) fn matches_value(&self, value: Option<&Bson>) -> bool {
        match self {
            Self::Every(all) => all.iter().all(|one| one.matches_value(value)),
            Self::Not(inner) => !inner.matches_value(value),
            _ => self.matches_found(value),
        }
    }

    /// A field matches by its value, or by an element where that is an array.
    fn matches_found(&self, found: Option<&Bson>) -> bool {
        let Some(value) = found else { return self.matches_missing() };
        let elements = match (self, value) {
            // These are about the array itself.
            (Self::Exists | Self::Size(_) | Self::Element(_), _) => &[],
            (_, Bson::Array(items)) => items.as_slice(),
            _ => &[],
        };
        self.matches_one(value) || elements.iter().any(|item| self.matches_one(item))
    }

    fn matches_missing(&self) -> bool {
        match self {
            Self::Compare(operator, operand) => null(operand) && operator.accepts(Ordering::Equal),
            Self::In(items, _) => items.iter().any(null),
            _ => false,
        }
    }

    /// Whether one value matches, an array as a whole.
    fn matches_one(&self, value: &Bson) -> bool {
        match self {
            Self::Compare(operator, operand) => ordered(*operator, value, operand),
            Self::In(items, patterns) => {
                items.iter().any(|item| compare::equal(value, item)) || patterns.iter().any(|it| found(it, value))
            }
            Self::Exists => true,
            Self::Size(size) => value.as_array().is_some_and(|items| i64::try_from(items.len()) == Ok(*size)),
            Self::Type(types) => types.contains(&(value.element_type() as u8)),
            Self::Regex(pattern) => found(pattern, value),
            Self::Mod { divisor, remainder } => {
                number::whole(value, true).and_then(|it| it.checked_rem(*divisor)) == Some(*remainder)
            }
            Self::Element(element) => value.as_array().is_some_and(|items| items.iter().any(|it| element.matches(it))),
            Self::Every(all) => all.iter().all(|one| one.matches_one(value)),
            Self::Not(inner) => !inner.matches_one(value),
        }
    }

    /// The predicate about a field as a query, negated where it is not `wanted`. None for those that rules do not make.
    pub(crate) fn query(&self, path: &str, wanted: bool) -> Option<Document> {
        let same = match self {
            Self::Every(all) => {
                let all: Option<Vec<Document>> = all.iter().map(|one| one.query(path, true)).collect();
                doc! { "$and": all? }
            }
            _ => {
                let mut tests = Document::new();
                match (self, wanted) {
                    (Self::Compare(Operator::Equal, operand), false) => {
                        return Some(doc! { path: { "$ne": operand.clone() } });
                    }
                    (Self::In(items, patterns), false) if patterns.is_empty() => {
                        return Some(doc! { path: { "$nin": items.clone() } });
                    }
                    (Self::Exists, false) => return Some(doc! { path: { "$exists": false } }),
                    _ => self.tests(&mut tests)?,
                }
                doc! { path: tests }
            }
        };
        Some(if wanted {
            same
        } else {
            doc! { "$nor": [same] }
        })
    }

    /// Adds what is asked of the value to a document of operators.
    fn tests(&self, tests: &mut Document) -> Option<()> {
        match self {
            Self::Compare(operator, operand) => tests.insert(operator.name(), operand.clone()),
            Self::In(items, patterns) if patterns.is_empty() => tests.insert("$in", items.clone()),
            Self::Exists => tests.insert("$exists", true),
            Self::Size(size) => tests.insert("$size", *size),
            Self::Element(element) => tests.insert("$elemMatch", element.query()?),
            Self::Not(inner) => {
                let mut negated = Document::new();
                inner.tests(&mut negated)?;
                tests.insert("$not", negated)
            }
            _ => return None,
        };
        Some(())
    }
}

impl Element {
    fn matches(&self, item: &Bson) -> bool {
        match (self, item) {
            (Self::Value(all), _) => all.iter().all(|one| one.matches_one(item)),
            (Self::Fields(node), Bson::Document(item)) => node.matches(item),
            // An array in an array has fields too: its indexes.
            (Self::Fields(node), Bson::Array(items)) => {
                node.matches(&items.iter().enumerate().map(|(index, item)| (index.to_string(), item.clone())).collect())
            }
            _ => false,
        }
    }

    fn query(&self) -> Option<Document> {
        match self {
            Self::Value(all) => {
                let mut tests = Document::new();
                for one in all {
                    let mut own = Document::new();
                    one.tests(&mut own)?;
                    // Two of one name cannot stand in one document.
                    if own.keys().any(|name| tests.contains_key(name)) {
                        return None;
                    }
                    tests.extend(own);
                }
                Some(tests)
            }
            Self::Fields(node) => node.query(),
        }
    }
}

impl Node {
    /// The tests of an element's fields as one query without `$and`, which not every database knows there.
    fn query(&self) -> Option<Document> {
        let nodes = match self {
            Self::All(nodes) => nodes.as_slice(),
            one => std::slice::from_ref(one),
        };
        let mut query = Document::new();
        for node in nodes {
            let Self::Field { path, predicate } = node else { return None };
            let own = match predicate {
                Predicate::Not(inner) => inner.query(path, false)?,
                one => one.query(path, true)?,
            };
            let Some(Bson::Document(own)) = own.get(path) else { return None };
            match query.get_mut(path) {
                None => {
                    query.insert(path, own.clone());
                }
                // Two of one name cannot stand in one document.
                Some(Bson::Document(tests)) if !own.keys().any(|name| tests.contains_key(name)) => {
                    tests.extend(own.clone());
                }
                Some(_) => return None,
            }
        }
        Some(query)
    }
}

fn null(value: &Bson) -> bool {
    matches!(value, Bson::Null | Bson::Undefined)
}

fn found(pattern: &Regex, value: &Bson) -> bool {
    matches!(value, Bson::String(text) | Bson::Symbol(text) if pattern.is_match(text))
}

fn ordered(operator: Operator, value: &Bson, operand: &Bson) -> bool {
    let ordering = compare::compare(value, operand);
    if !operator.accepts(ordering) {
        return false;
    }
    if compare::bracket(value) != compare::bracket(operand) {
        return matches!(operand, Bson::MinKey | Bson::MaxKey);
    }
    // NaN is neither less nor greater than a number.
    ordering.is_eq() || !(number::is_nan(value) || number::is_nan(operand))
}
