//! Roles and filters, from JSON.

use serde_json::{Map, Value};

use super::filter::{self, Filter};
use super::role::{Field, Fields, Permission, Role, override_fields};
use crate::expression::Node;
use crate::expression::expansion::{Place, is_path};
use crate::expression::syntax::expression;
use crate::problem::{Problems, guess, near};

const RULES: &[&str] = &["roles", "filters"];
/// What exports write beside roles and filters.
const BESIDE: &[&str] =
    &["id", "_id", "name", "type", "database", "collection", "schema", "relationships", "partition", "namespace"];
const ROLE: &[&str] = &[
    "name",
    "apply_when",
    "document_filters",
    "read",
    "write",
    "insert",
    "delete",
    "search",
    "fields",
    "additional_fields",
];
const ACCESS: &[&str] = &["read", "write"];
const FIELD: &[&str] = &["read", "write", "fields"];
/// App Services' limit on the name of a role (reference 6.1).
const NAME_CHARS: usize = 100;

pub(super) fn rules(json: &Value, problems: &mut Problems) -> (Vec<Role>, Vec<Filter>) {
    let Some(members) = json.as_object() else {
        problems.add("rules are an object", "write {\"roles\": [], \"filters\": []}");
        return (Vec::new(), Vec::new());
    };
    for key in members.keys().filter(|key| !RULES.contains(&key.as_str()) && !BESIDE.contains(&key.as_str())) {
        if let Some(near) = near(key, RULES.iter().copied()) {
            let message = format!("unknown member `{key}`; did you mean `{near}`?");
            problems.inside(key, |problems| problems.add(message, "rename it, or remove it"));
        }
    }
    (list(members, "roles", problems, role), list(members, "filters", problems, filter::read))
}

fn list<T>(
    members: &Map<String, Value>,
    name: &str,
    problems: &mut Problems,
    read: impl Fn(&Map<String, Value>, &mut Problems) -> T,
) -> Vec<T> {
    problems.inside(name, |problems| match members.get(name) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => items
            .iter()
            .enumerate()
            .filter_map(|(index, item)| {
                problems.inside(index, |problems| match item.as_object() {
                    Some(item) => Some(read(item, problems)),
                    None => {
                        problems.add(format!("each of `{name}` is an object"), "remove it, or write an object");
                        None
                    }
                })
            })
            .collect(),
        Some(_) => {
            problems.add(format!("`{name}` is not a list"), format!("write {{\"{name}\": []}}"));
            Vec::new()
        }
    })
}

/// Reports every member that is not known: what was meant to restrict would not.
pub(super) fn known_only(members: &Map<String, Value>, known: &[&str], problems: &mut Problems) {
    for key in members.keys().filter(|key| !known.contains(&key.as_str()) && !["id", "_id"].contains(&key.as_str())) {
        let guess = guess(key, known.iter().copied());
        let message = format!("unknown member `{key}`{guess}");
        problems.inside(key, |problems| problems.add(message, format!("there are: {}", known.join(", "))));
    }
}

/// The name of a role or filter.
pub(super) fn name(members: &Map<String, Value>, problems: &mut Problems) -> String {
    problems.inside("name", |problems| match members.get("name") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(name)) if name.chars().count() <= NAME_CHARS => name.clone(),
        Some(Value::String(_)) => {
            problems.add(format!("the name has more than {NAME_CHARS} characters"), "shorten it");
            String::new()
        }
        Some(_) => {
            problems.add("a name is a text", "write it in quotes");
            String::new()
        }
    })
}

fn role(members: &Map<String, Value>, problems: &mut Problems) -> Role {
    known_only(members, ROLE, problems);
    let place = Place::Document { field: "" };
    if !members.contains_key("apply_when") {
        problems.add("a role without `apply_when`", "write \"apply_when\": {} for a role that always applies");
    }
    let default =
        |name, problems: &mut Problems| clause(members, name, &place, problems).unwrap_or(Node::Constant(true));
    let document = permission(members, &place, problems);
    let mut additional = access(members, "additional_fields", problems);
    document.overrides(&mut additional);
    let mut fields = fields(members, "", problems);
    override_fields(&document, &mut fields);
    Role {
        name: name(members, problems),
        apply_when: default("apply_when", problems),
        document_filters: access(members, "document_filters", problems),
        document,
        insert: default("insert", problems),
        delete: default("delete", problems),
        search: default("search", problems),
        fields,
        additional,
    }
}

/// An expression under a name; nothing where there is none. `null` says nothing, as it does in exports, but for
/// `apply_when`.
fn clause(members: &Map<String, Value>, name: &str, place: &Place<'_>, problems: &mut Problems) -> Option<Node> {
    let json = members.get(name).filter(|json| !json.is_null() || name == "apply_when")?;
    Some(problems.inside(name, |problems| expression(json, place, problems)))
}

fn permission(members: &Map<String, Value>, place: &Place<'_>, problems: &mut Problems) -> Permission<Node> {
    Permission { read: clause(members, "read", place, problems), write: clause(members, "write", place, problems) }
}

/// `{read, write}` under a name.
fn access(members: &Map<String, Value>, name: &str, problems: &mut Problems) -> Permission<Node> {
    problems.inside(name, |problems| match object(members, name, problems) {
        Some(inner) => {
            known_only(inner, ACCESS, problems);
            permission(inner, &Place::Document { field: "" }, problems)
        }
        None => Permission { read: None, write: None },
    })
}

fn fields(members: &Map<String, Value>, above: &str, problems: &mut Problems) -> Fields<Node> {
    problems.inside("fields", |problems| {
        let Some(inner) = object(members, "fields", problems) else { return Vec::new() };
        let read = |(name, json): (&String, &Value)| {
            problems.inside(name, |problems| {
                if name.contains('.') || !is_path(name) {
                    let help = "name one field; those inside it go into its own `fields`";
                    problems.add(format!("{name:?} is not the name of a field"), help);
                }
                let Some(inner) = json.as_object() else {
                    problems.add("the permissions of a field are an object", "write {\"read\": true}");
                    return None;
                };
                known_only(inner, FIELD, problems);
                let path = if above.is_empty() { name.clone() } else { format!("{above}.{name}") };
                let own = permission(inner, &Place::Document { field: &path }, problems);
                Some((name.clone(), Field { own, fields: fields(inner, &path, problems) }))
            })
        };
        inner.iter().filter_map(read).collect()
    })
}

fn object<'j>(members: &'j Map<String, Value>, name: &str, problems: &mut Problems) -> Option<&'j Map<String, Value>> {
    match members.get(name) {
        None | Some(Value::Null) => None,
        Some(Value::Object(inner)) => Some(inner),
        Some(_) => {
            problems.add(format!("`{name}` is not an object"), format!("write \"{name}\": {{}}"));
            None
        }
    }
}
