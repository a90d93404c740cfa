//! A role as it is for one caller.

use bson::Document;

use crate::expression::binder::{Binder, Calls};
use crate::expression::clause::Clause;
use crate::expression::decide::{Memo, Need, View};
use crate::path::is_index;
use crate::roles::{Field, Fields, Permission, Role, map_fields};

/// Reading or writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// A role as it is for one caller.
#[derive(Debug, Clone)]
pub(crate) struct BoundRole {
    /// Its place among the roles, as the rule writes them.
    pub(super) index: usize,
    pub(super) name: String,
    pub(super) applies: Clause,
    /// Whether a document is shown at all.
    pub(super) shown: Clause,
    /// Whether a document may be written at all.
    pub(super) writable: Clause,
    pub(super) document: Permission<Clause>,
    pub(super) insert: Clause,
    pub(super) delete: Clause,
    pub(super) search: Clause,
    pub(super) fields: Fields<Clause>,
    pub(super) additional: Permission<Clause>,
    /// Whether all of a document may be read.
    pub(super) whole: Clause,
    /// Whether some field may be read, whatever fields the document has.
    pub(super) some_field: Clause,
}

impl BoundRole {
    /// Binds a role that applies, or may apply to some documents.
    pub(super) fn bind(index: usize, role: &Role, applies: Clause, binder: &Binder<'_>) -> Result<Self, Need> {
        let now = |node: &_| binder.clause(node, true);
        // Reading asks for none of these, so their functions are called by what does.
        let later = Binder { calls: Calls::Later, ..*binder };
        let later = |node: &_| later.clause(node, true);

        let filters = role.document_filters.map(now)?;
        let document = role.document.map(now)?;
        let fields = map_fields(&role.fields, &mut |node: &_| now(node))?;
        let additional = role.additional.map(now)?;
        // To write implies to read. A filter for writing that is not there says nothing about reading.
        let shown = match &filters.read {
            None => Clause::ALWAYS,
            Some(read) => Clause::any([read.clone()].into_iter().chain(filters.write.clone())),
        };
        let whole = Clause::any(document.read.iter().chain(&document.write).cloned());
        let mut grants = Vec::new();
        for access in [Access::Read, Access::Write] {
            grants.extend(access.of(&additional).clone());
            collect(&fields, access, &mut grants);
        }
        Ok(Self {
            index,
            name: role.name.clone(),
            applies,
            shown,
            writable: filters.write.unwrap_or(Clause::ALWAYS),
            document,
            insert: later(&role.insert)?,
            delete: later(&role.delete)?,
            search: later(&role.search)?,
            fields,
            additional,
            whole,
            some_field: Clause::any(grants),
        })
    }

    /// The role's name for a person.
    pub(super) fn label(&self) -> String {
        label(self.index, &self.name)
    }

    /// The path to a clause of this role.
    pub(super) fn at(&self, clause: &str) -> String {
        format!("roles[{}].{clause}", self.index)
    }

    /// Which documents this role shows, to a caller who has it.
    pub(super) fn shows(&self) -> Clause {
        Clause::all([self.shown.clone(), Clause::any([self.whole.clone(), self.some_field.clone()])])
    }

    /// Whether all of a field may be read. An index of an array on the way belongs to no name.
    pub(super) fn reads(&self, path: &str) -> Clause {
        if path == "_id" || path.starts_with("_id.") {
            return Clause::ALWAYS;
        }
        let names: Vec<&str> = path.split('.').collect();
        Clause::any([Access::Read, Access::Write].map(|access| self.grant(access, &names)))
    }

    fn grant(&self, access: Access, names: &[&str]) -> Clause {
        if let Some(whole) = access.of(&self.document) {
            return whole.clone();
        }
        let Some((first, rest)) = names.split_first().filter(|(first, _)| !first.is_empty()) else {
            return Clause::NEVER;
        };
        match find(&self.fields, first) {
            Some(field) => grant_in(field, access, rest),
            None => access.of(&self.additional).clone().unwrap_or(Clause::NEVER),
        }
    }

    /// Whether a document is shown to a caller who has this role.
    pub(super) fn is_shown(&self, document: &Document, memo: &Memo) -> Result<bool, Need> {
        let view = View::of(document);
        Ok(self.shown.holds(&view, memo)? && (self.whole.holds(&view, memo)? || self.some_field.holds(&view, memo)?))
    }
}

impl Access {
    /// What is said about this access.
    pub(super) fn of<E>(self, permission: &Permission<E>) -> &Option<E> {
        match self {
            Self::Read => &permission.read,
            Self::Write => &permission.write,
        }
    }
}

/// A role's name for a person.
pub(super) fn label(index: usize, name: &str) -> String {
    if name.is_empty() { format!("roles[{index}]") } else { name.to_owned() }
}

pub(super) fn find<'f, E>(fields: &'f Fields<E>, name: &str) -> Option<&'f Field<E>> {
    fields.iter().find(|(known, _)| known == name).map(|(_, field)| field)
}

fn grant_in(field: &Field<Clause>, access: Access, names: &[&str]) -> Clause {
    if let Some(own) = access.of(&field.own) {
        return own.clone();
    }
    let Some((first, rest)) = names.split_first() else { return Clause::NEVER };
    let named = || find(&field.fields, first).map(|inner| grant_in(inner, access, rest));
    if is_index(first) {
        // An index, or a field that is called like one: only the document would tell.
        return Clause::all([grant_in(field, access, rest)].into_iter().chain(named()));
    }
    named().unwrap_or(Clause::NEVER)
}

fn collect(fields: &Fields<Clause>, access: Access, grants: &mut Vec<Clause>) {
    for (_, field) in fields {
        grants.extend(access.of(&field.own).clone());
        collect(&field.fields, access, grants);
    }
}
