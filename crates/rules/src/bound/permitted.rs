//! Which documents a write may change, as a query: those about which nothing has to be asked once it is made.

use std::collections::HashSet;

use bson::Document;

use super::Visible;
use super::role::BoundRole;
use super::visible::as_query;
use crate::expression::clause::{Clause, Part};
use crate::expression::term::State;
use crate::roles::Permission;

/// A write, as far as it is known before any document is.
#[derive(Debug, Clone, Copy)]
pub enum Write<'a> {
    /// Documents go.
    Delete,
    /// Documents change by update operators.
    Update {
        /// Dotted paths that lead to every field that changes.
        touched: &'a [String],
        /// The top-level fields among them that get a value known beforehand, whatever the document.
        set: &'a Document,
    },
}

/// The documents for which some role permits the write; not all of them, where only the changed document would tell.
pub(super) fn permitted(roles: &[BoundRole], write: Write<'_>, named: &[&str]) -> Visible {
    let change = Change::of(write);
    let mut parts = Vec::new();
    let mut before: Vec<Part> = Vec::new();
    let mut others_stay_away = true;
    for role in roles {
        let (shows, write) = (role.shows(), role.writes());
        let remains = [&role.applies, &shows, &role.writable, &write].iter().all(|it| change.leaves(it, true));
        let allows = if remains && others_stay_away {
            let reads = named.iter().map(|path| role.reads(path));
            let deletes = change.0.is_none().then(|| role.delete.clone());
            let all = [shows].into_iter().chain(reads).chain([role.writable.clone(), write]).chain(deletes);
            Part::all(all.map(|clause| clause.query(true)))
        } else {
            Part::known(false)
        };
        let applies = role.applies.query(true);
        if allows == Part::known(true) {
            parts.push(Part::all([applies].into_iter().chain(before.iter().cloned())));
        } else {
            parts.push(Part::all([applies, allows].into_iter().chain(before.iter().cloned())));
            before.push(role.applies.query(false));
        }
        others_stay_away &= change.leaves(&role.applies, false);
    }
    as_query(Part::any(parts))
}

/// What an update does to documents; nothing for a delete, after which there is none to look at.
struct Change<'a>(Option<(HashSet<&'a str>, &'a Document)>);

impl<'a> Change<'a> {
    fn of(write: Write<'a>) -> Self {
        Self(match write {
            Write::Delete => None,
            Write::Update { touched, set } => Some((touched.iter().map(|path| first(path)).collect(), set)),
        })
    }

    /// Whether a clause that is as `wanted` before the change is so after it.
    fn leaves(&self, clause: &Clause, wanted: bool) -> bool {
        let Some((touched, set)) = &self.0 else { return true };
        match clause {
            Clause::Known(..) | Clause::Before { .. } | Clause::Field { state: State::Before, .. } => true,
            Clause::All(parts) | Clause::Any(parts) => parts.iter().all(|part| self.leaves(part, wanted)),
            Clause::Field { path, predicate, wanted: own, .. } => {
                !touched.contains(first(path))
                    || (set.contains_key(first(path)) && (predicate.matches(set, path) == *own) == wanted)
            }
            Clause::Exists { .. } | Clause::Compare { .. } | Clause::Call { .. } => false,
        }
    }
}

fn first(path: &str) -> &str {
    path.split('.').next().unwrap_or(path)
}

impl BoundRole {
    /// Whether all of a document may be written; never, where that depends on the fields that it has.
    fn writes(&self) -> Clause {
        match &self.document.write {
            Some(write) => write.clone(),
            None if self.writes_every_field() => Clause::ALWAYS,
            None => Clause::NEVER,
        }
    }

    fn writes_every_field(&self) -> bool {
        let always = |permission: &Permission<Clause>| permission.write.as_ref().is_some_and(Clause::is_always);
        always(&self.additional) && self.fields.iter().all(|(_, field)| always(&field.own))
    }
}
