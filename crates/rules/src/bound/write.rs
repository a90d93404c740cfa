//! Whether a change may be made.

use bson::{Bson, Document};

use super::reason::reason;
use super::role::{BoundRole, find};
use super::{Change, Explanation};
use crate::expression::clause::Clause;
use crate::expression::decide::{Memo, Need, View};
use crate::roles::{Field, Permission};

/// A refusal: the path to the clause that refuses, and why.
type Refused = Option<(String, String)>;

/// Decides whether a role allows a change.
pub(super) fn decide(role: &BoundRole, change: Change<'_>, memo: &Memo) -> Result<Explanation, Need> {
    let check = Check { role, states: States::of(change), memo };
    let refused = check.refusal(change)?;
    let allowed = refused.is_none();
    let (clause, because) = match refused {
        Some(refused) => refused,
        None => check.allowed()?,
    };
    Ok(Explanation { allowed, role: Some(role.label()), clause, because, hidden: Vec::new() })
}

/// The states of a document for which a clause has to hold.
#[derive(Clone, Copy)]
struct States<'a> {
    /// The state that is judged: the new one or, where nothing changes any more, the last.
    now: View<'a>,
    /// The state before an update: what a caller could not write before, an update does not make theirs.
    before: Option<View<'a>>,
}

impl<'a> States<'a> {
    fn of(change: Change<'a>) -> Self {
        match change {
            Change::Insert(document) => Self { now: View::new(document), before: None },
            Change::Update(before, after) => Self { now: View::change(before, after), before: Some(View::of(before)) },
            Change::Delete(document) => Self { now: View::of(document), before: None },
        }
    }
}

struct Check<'a> {
    role: &'a BoundRole,
    states: States<'a>,
    memo: &'a Memo,
}

impl Check<'_> {
    fn refusal(&self, change: Change<'_>) -> Result<Refused, Need> {
        if let Some(why) = self.fails(&self.role.writable)? {
            return Ok(Some((self.role.at("document_filters.write"), why)));
        }
        let own = match change {
            Change::Insert(_) => Some(("insert", &self.role.insert)),
            Change::Delete(_) => Some(("delete", &self.role.delete)),
            Change::Update(..) => None,
        };
        if let Some((name, clause)) = own
            && let Some(why) = self.fails(clause)?
        {
            return Ok(Some((self.role.at(name), why)));
        }
        if let Some(write) = &self.role.document.write {
            return Ok(self.fails(write)?.map(|why| (self.role.at("write"), why)));
        }
        let nothing = Document::new();
        let (before, after) = match change {
            Change::Insert(document) => (&nothing, document),
            Change::Update(before, after) => (before, after),
            Change::Delete(document) => (document, &nothing),
        };
        self.fields(before, after)
    }

    /// Why a clause fails, where it does. Of the state before an update those parts are asked that do not speak of
    /// it anyway.
    fn fails(&self, clause: &Clause) -> Result<Option<String>, Need> {
        if !clause.holds(&self.states.now, self.memo)? {
            return reason(clause, &self.states.now, self.memo).map(Some);
        }
        let Some(before) = &self.states.before else { return Ok(None) };
        let parts = match clause {
            Clause::All(parts) => parts.as_slice(),
            one => std::slice::from_ref(one),
        };
        for part in parts.iter().filter(|part| !part.speaks_of_before()) {
            if !part.holds(before, self.memo)? {
                return reason(part, before, self.memo).map(|why| Some(format!("before the change, {why}")));
            }
        }
        Ok(None)
    }

    /// Checks every field that changes.
    fn fields(&self, before: &Document, after: &Document) -> Result<Refused, Need> {
        let inserted_or_deleted = self.states.before.is_none();
        let alone = before.len().max(after.len()) <= 1;
        for (name, old, new) in changed(before, after) {
            let permission = find(&self.role.fields, name);
            // The database gives every document an `_id`, so it needs no permission beside other fields.
            if name == "_id" && inserted_or_deleted && !alone {
                continue;
            }
            let refused = match permission {
                Some(field) => self.field(&format!("fields.{name}"), name, field, old, new)?,
                None => self.permission("additional_fields", name, &self.role.additional)?,
            };
            if refused.is_some() {
                return Ok(refused);
            }
        }
        if inserted_or_deleted && before.is_empty() && after.is_empty() {
            return self.permission("additional_fields", "the document", &self.role.additional);
        }
        Ok(None)
    }

    fn permission(&self, at: &str, path: &str, permission: &Permission<Clause>) -> Result<Refused, Need> {
        let why = match &permission.write {
            Some(write) => self.fails(write)?,
            None => Some(format!("nothing in the role allows {path} to be written")),
        };
        Ok(why.map(|why| (self.role.at(&format!("{at}.write")), format!("{path} cannot be written: {why}"))))
    }

    /// Checks a field that changes: by its own permission or, where it has none, by those of what changes in it.
    fn field(
        &self,
        at: &str,
        path: &str,
        field: &Field<Clause>,
        old: Option<&Bson>,
        new: Option<&Bson>,
    ) -> Result<Refused, Need> {
        let refused = self.permission(at, path, &field.own)?;
        if refused.is_none() || field.own.write.is_some() || field.fields.is_empty() {
            return Ok(refused);
        }
        let Some(pairs) = documents(old, new) else { return Ok(refused) };
        for (before, after) in pairs {
            for (name, old, new) in changed(before.unwrap_or(&Document::new()), after.unwrap_or(&Document::new())) {
                let Some(inner) = find(&field.fields, name) else {
                    let why = format!("{path}.{name} cannot be written: nothing in the role allows it");
                    return Ok(Some((self.role.at(&format!("{at}.write")), why)));
                };
                let refused = self.field(&format!("{at}.fields.{name}"), &format!("{path}.{name}"), inner, old, new)?;
                if refused.is_some() {
                    return Ok(refused);
                }
            }
        }
        Ok(None)
    }

    fn allowed(&self) -> Result<(String, String), Need> {
        Ok(match &self.role.document.write {
            Some(write) => (self.role.at("write"), reason(write, &self.states.now, self.memo)?),
            None => (self.role.at("fields"), "every field that changes may be written".to_owned()),
        })
    }
}

/// The fields that two states of a document do not share, in the order of the first.
fn changed<'a>(before: &'a Document, after: &'a Document) -> Vec<(&'a String, Option<&'a Bson>, Option<&'a Bson>)> {
    let old = before.iter().map(|(name, old)| (name, Some(old), after.get(name)));
    let new = after.iter().filter(|(name, _)| !before.contains_key(name)).map(|(name, new)| (name, None, Some(new)));
    old.chain(new).filter(|(_, old, new)| !identical(*old, *new)).collect()
}

/// Whether two values are the same in every respect, the order of fields and the types of numbers too.
fn identical(old: Option<&Bson>, new: Option<&Bson>) -> bool {
    match (old, new) {
        (Some(Bson::Document(old)), Some(Bson::Document(new))) => {
            old.keys().eq(new.keys()) && old.iter().all(|(name, old)| identical(Some(old), new.get(name)))
        }
        (Some(Bson::Array(old)), Some(Bson::Array(new))) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| identical(Some(old), Some(new)))
        }
        (old, new) => old == new,
    }
}

/// The documents that a field held and holds, in pairs: one, or those of lists of the same length. None where it is
/// about something else, or about documents without a field, whose change is one of the field itself.
fn documents<'a>(
    old: Option<&'a Bson>,
    new: Option<&'a Bson>,
) -> Option<Vec<(Option<&'a Document>, Option<&'a Document>)>> {
    let filled = |value: &'a Bson| value.as_document().filter(|inner| !inner.is_empty());
    match (old, new) {
        (Some(Bson::Array(old)), Some(Bson::Array(new))) if old.len() == new.len() => {
            old.iter().zip(new).map(|(old, new)| Some((Some(filled(old)?), Some(filled(new)?)))).collect()
        }
        (Some(Bson::Array(items)), None) if !items.is_empty() => {
            items.iter().map(|item| Some((Some(filled(item)?), None))).collect()
        }
        (None, Some(Bson::Array(items))) if !items.is_empty() => {
            items.iter().map(|item| Some((None, Some(filled(item)?)))).collect()
        }
        (Some(old), Some(new)) => Some(vec![(Some(filled(old)?), Some(filled(new)?))]),
        (Some(old), None) => Some(vec![(Some(filled(old)?), None)]),
        (None, Some(new)) => Some(vec![(None, Some(filled(new)?))]),
        (None, None) => None,
    }
}
