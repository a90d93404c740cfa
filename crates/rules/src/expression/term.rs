//! What expressions compare: values, and what stands for them.

use std::fmt;

use bson::oid::ObjectId;
use bson::spec::BinarySubtype;
use bson::{Binary, Bson, Uuid};

use super::show;

/// A value in an expression, or what it is to be found by.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Term {
    Literal(Bson),
    /// Something about the caller and the call, such as `%%user.id`; gone once an expression is bound.
    Fact(Fact),
    /// A field of the document; with an empty path, the document.
    Field(State, String),
    Convert(Conversion, Box<Term>),
    Call(Call),
    Array(Vec<Term>),
    Document(Vec<(String, Term)>),
    /// What was not to be found, by name; only once an expression is bound.
    Missing(String),
}

/// Which state of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// As it is or, for a write, would be.
    Now,
    /// As it was before a write. In a read it is as it is.
    Before,
}

/// A path to something about the caller and the call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fact {
    pub(crate) source: Source,
    /// Dotted; empty for all of it.
    pub(crate) path: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    User,
    Values,
    Environment,
    Request,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conversion {
    StringToOid,
    OidToString,
    StringToUuid,
    UuidToString,
}

/// A call of a function.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    pub(crate) function: String,
    pub(crate) arguments: Vec<Term>,
}

impl Term {
    /// The value, where it is known and built of known ones.
    pub(crate) fn known(&self) -> Option<Bson> {
        Some(match self {
            Self::Literal(value) => value.clone(),
            Self::Array(items) => Bson::Array(items.iter().map(Self::known).collect::<Option<_>>()?),
            Self::Document(fields) => {
                let fields = fields.iter().map(|(name, term)| Some((name.clone(), term.known()?)));
                Bson::Document(fields.collect::<Option<_>>()?)
            }
            _ => return None,
        })
    }

    /// Whether it, or a part of it, is of the state before a write.
    pub(crate) fn speaks_of_before(&self) -> bool {
        match self {
            Self::Field(state, _) => *state == State::Before,
            Self::Convert(_, inner) => inner.speaks_of_before(),
            Self::Call(call) => call.arguments.iter().any(Self::speaks_of_before),
            Self::Array(items) => items.iter().any(Self::speaks_of_before),
            Self::Document(fields) => fields.iter().any(|(_, term)| term.speaks_of_before()),
            Self::Literal(_) | Self::Fact(_) | Self::Missing(_) => false,
        }
    }
}

impl Fact {
    /// Whether only the user's account tells it: neither the id nor the custom data, which come with a token.
    fn is_of_account(&self) -> bool {
        let first = self.path.split('.').next().unwrap_or_default();
        self.source == Source::User && !matches!(first, "id" | "custom_data")
    }
}

impl Term {
    /// Whether it, or a part of it, is told by the user's account alone.
    pub(crate) fn asks_for_account(&self) -> bool {
        match self {
            Self::Fact(fact) => fact.is_of_account(),
            Self::Convert(_, inner) => inner.asks_for_account(),
            Self::Call(call) => call.asks_for_account(),
            Self::Array(items) => items.iter().any(Self::asks_for_account),
            Self::Document(fields) => fields.iter().any(|(_, term)| term.asks_for_account()),
            Self::Literal(_) | Self::Field(..) | Self::Missing(_) => false,
        }
    }
}

impl Call {
    pub(crate) fn asks_for_account(&self) -> bool {
        self.arguments.iter().any(Term::asks_for_account)
    }
}

impl Conversion {
    pub(crate) const NAMES: [&str; 4] = ["stringToOid", "oidToString", "stringToUuid", "uuidToString"];

    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "stringToOid" => Self::StringToOid,
            "oidToString" => Self::OidToString,
            "stringToUuid" => Self::StringToUuid,
            "uuidToString" => Self::UuidToString,
            _ => return None,
        })
    }

    /// The converted value; `None` for one that cannot be converted.
    pub(crate) fn apply(self, value: &Bson) -> Option<Bson> {
        Some(match (self, value) {
            (Self::StringToOid, Bson::String(text)) => Bson::ObjectId(ObjectId::parse_str(text).ok()?),
            (Self::OidToString, Bson::ObjectId(id)) => Bson::String(id.to_hex()),
            (Self::StringToUuid, Bson::String(text)) => Bson::from(Uuid::parse_str(text).ok()?),
            (Self::UuidToString, Bson::Binary(Binary { subtype: BinarySubtype::Uuid, bytes })) => {
                Bson::String(Uuid::from_bytes(bytes.as_slice().try_into().ok()?).to_string())
            }
            _ => return None,
        })
    }

    /// The value that this makes `converted`, for those conversions that have one.
    pub(crate) fn undo(self, converted: &Bson) -> Option<Bson> {
        let original = match self {
            Self::OidToString => Self::StringToOid.apply(converted)?,
            Self::UuidToString => Self::StringToUuid.apply(converted)?,
            // A hexadecimal text has several spellings.
            Self::StringToOid | Self::StringToUuid => return None,
        };
        (self.apply(&original)? == *converted).then_some(original)
    }

    fn name(self) -> &'static str {
        match self {
            Self::StringToOid => "%stringToOid",
            Self::OidToString => "%oidToString",
            Self::StringToUuid => "%stringToUuid",
            Self::UuidToString => "%uuidToString",
        }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.source {
            Source::User => "%%user",
            Source::Values => "%%values",
            Source::Environment => "%%environment",
            Source::Request => "%%request",
        })?;
        if self.path.is_empty() { Ok(()) } else { write!(f, ".{}", self.path) }
    }
}

/// As it would be written in a rule.
impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(value) => f.write_str(&show::value(Some(value))),
            Self::Fact(fact) => fact.fmt(f),
            Self::Field(State::Now, path) if path.is_empty() => f.write_str("%%root"),
            Self::Field(State::Now, path) => f.write_str(path),
            Self::Field(State::Before, path) if path.is_empty() => f.write_str("%%prevRoot"),
            Self::Field(State::Before, path) => write!(f, "%%prevRoot.{path}"),
            Self::Convert(conversion, inner) => write!(f, "{} of {inner}", conversion.name()),
            Self::Call(call) => write!(f, "the function {}", call.function),
            Self::Array(_) => f.write_str("a list"),
            Self::Document(_) => f.write_str("a document"),
            Self::Missing(name) => f.write_str(name),
        }
    }
}
