//! Expansions: `%%` and what follows (reference 6.1).

use super::term::{Fact, Source, State, Term};
use crate::problem::{Problems, guess};

/// Where an expression stands, which decides what it can speak of.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place<'a> {
    /// In a rule about documents; with the dotted path of a field, in the rule of that field.
    Document { field: &'a str },
    /// In a rule about the arguments of a call.
    Arguments,
    /// Where there is neither, as in a filter.
    Nothing,
    /// In an `$elemMatch`: bare names are fields of the element.
    Element,
}

const NAMES: &[&str] = &[
    "true",
    "false",
    "values",
    "environment",
    "request",
    "user",
    "this",
    "prev",
    "root",
    "prevRoot",
    "args",
    "partition",
];
const USER: &[&str] = &["id", "type", "data", "custom_data", "identities"];
const ENVIRONMENT: &[&str] = &["tag", "values"];

/// Whether a text is an expansion, or meant to be one.
pub(crate) fn is(text: &str) -> bool {
    text.starts_with("%%")
}

/// What an expansion stands for; reports one that stands for nothing.
pub(crate) fn term(text: &str, place: &Place<'_>, problems: &mut Problems) -> Option<Term> {
    let body = text.strip_prefix("%%")?;
    let (name, rest) = match body.split_once('.') {
        Some((name, rest)) => (name, rest),
        None => (body, ""),
    };
    if body.contains('.') && !is_path(rest) {
        problems.add(format!("`{text}` has an empty part, or one that begins with \"$\""), "write %%name.field.field");
        return None;
    }
    let fact = |source| Some(Term::Fact(Fact { source, path: rest.to_owned() }));
    match name {
        "true" | "false" if rest.is_empty() => Some(Term::Literal((name == "true").into())),
        "true" | "false" => {
            problems.add(format!("`{text}`: %%{name} has no fields"), format!("write \"%%{name}\""));
            None
        }
        "values" => fact(Source::Values),
        "request" => fact(Source::Request),
        "user" => member(text, rest, USER, problems).then(|| fact(Source::User))?,
        "environment" => member(text, rest, ENVIRONMENT, problems).then(|| fact(Source::Environment))?,
        "root" | "prevRoot" | "this" | "prev" => of_document(text, name, rest, place, problems),
        "args" => match place {
            Place::Arguments => Some(Term::Field(State::Now, rest.to_owned())),
            _ => {
                problems.add(
                    format!("`{text}` is about the arguments of a call, which are not known here"),
                    "use it in `can_evaluate` of a function, or name a field of the document",
                );
                None
            }
        },
        "partition" => {
            problems.add(
                "`%%partition` belongs to Device Sync, which is not served",
                "compare the document's partition field instead, such as {\"owner_id\": \"%%user.id\"}",
            );
            None
        }
        _ => {
            problems.add(
                format!("unknown expansion `{text}`{}", guess(name, NAMES.iter().copied())),
                "the expansions are %%true %%false %%user %%values %%environment %%request %%this %%prev %%root \
                 %%prevRoot %%args",
            );
            None
        }
    }
}

/// Whether a dotted path consists of names that a field can have in a query.
pub(crate) fn is_path(path: &str) -> bool {
    path.split('.').all(|name| !name.is_empty() && !name.starts_with('$') && !name.contains('\0'))
}

fn of_document(text: &str, name: &str, rest: &str, place: &Place<'_>, problems: &mut Problems) -> Option<Term> {
    let Place::Document { field } = place else {
        let (message, help) = match place {
            Place::Element => (
                "cannot be compared with in `$elemMatch`",
                "compare with a value, %%user, %%values or %%environment there, or use %function",
            ),
            Place::Arguments => ("is about a document, and there is none here", "use %%args for the arguments"),
            _ => ("is about a document, and a filter is decided before any is known", "put it into `query`"),
        };
        problems.add(format!("`{text}` {message}"), help);
        return None;
    };
    let state = if name.starts_with("prev") { State::Before } else { State::Now };
    let from_root = name.ends_with("oot");
    let path = match (from_root || field.is_empty(), rest.is_empty()) {
        (true, _) => rest.to_owned(),
        (false, true) => (*field).to_owned(),
        (false, false) => format!("{field}.{rest}"),
    };
    Some(Term::Field(state, path))
}

/// Whether the first part of a path is one of those that there are.
fn member(text: &str, path: &str, known: &[&str], problems: &mut Problems) -> bool {
    let first = path.split('.').next().unwrap_or(path);
    if path.is_empty() || known.contains(&first) {
        return true;
    }
    let help = format!("there are: {}", known.join(", "));
    problems.add(format!("`{text}` stands for nothing{}", guess(first, known.iter().copied())), help);
    false
}
