//! Which fields are shown: of a document, and of whichever document.

use std::collections::{BTreeSet, HashSet};

use bson::{Bson, Document, doc};

use super::role::{BoundRole, find};
use crate::expression::clause::Clause;
use crate::expression::decide::{Memo, Need, View};
use crate::roles::{Field, Permission};

/// What a role shows of every document that it shows at all.
enum Shown {
    Everything,
    /// Everything but these top-level fields.
    Except(BTreeSet<String>),
    /// These paths alone.
    Only(BTreeSet<String>),
}

/// A projection that hides at least what any of the roles does; `None` where none hides anything.
pub(super) fn projection(roles: &[BoundRole]) -> Option<Document> {
    let shown: Vec<Shown> = roles.iter().map(shown).collect();
    if shown.is_empty() {
        return Some(doc! { "_id": 1 });
    }
    let mut hidden = BTreeSet::new();
    let mut candidates = BTreeSet::new();
    let mut limited = false;
    for one in &shown {
        match one {
            Shown::Everything => {}
            Shown::Except(names) => hidden.extend(names.iter().cloned()),
            Shown::Only(paths) => {
                limited = true;
                candidates.extend(paths.iter().cloned());
            }
        }
    }
    if !limited {
        let projection: Document = hidden.into_iter().map(|name| (name, Bson::Int32(0))).collect();
        return (!projection.is_empty()).then_some(projection);
    }
    candidates.retain(|path| path != "_id" && shown.iter().all(|one| one.holds(path)));
    let mut projection = doc! { "_id": 1 };
    for path in &candidates {
        if !candidates.iter().any(|other| is_inside(path, other)) {
            projection.insert(path, 1);
        }
    }
    Some(projection)
}

impl Shown {
    fn holds(&self, path: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Except(names) => !names.iter().any(|name| path == name || is_inside(path, name)),
            Self::Only(paths) => paths.iter().any(|shown| path == shown || is_inside(path, shown)),
        }
    }
}

fn is_inside(path: &str, outer: &str) -> bool {
    path.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'))
}

fn shown(role: &BoundRole) -> Shown {
    // Where no field is shown for itself, a document that is shown is shown wholly.
    if role.whole.is_always() || role.some_field.is_never() {
        return Shown::Everything;
    }
    if always(&role.additional) {
        let hidden = role.fields.iter().filter(|(name, field)| name != "_id" && !always(&field.own));
        return Shown::Except(hidden.map(|(name, _)| name.clone()).collect());
    }
    let mut paths = BTreeSet::new();
    for (name, field) in &role.fields {
        collect(name, field, &mut paths);
    }
    Shown::Only(paths)
}

fn always(permission: &Permission<Clause>) -> bool {
    [&permission.read, &permission.write].into_iter().flatten().any(Clause::is_always)
}

fn collect(path: &str, field: &Field<Clause>, paths: &mut BTreeSet<String>) {
    if always(&field.own) {
        paths.insert(path.to_owned());
        return;
    }
    for (name, inner) in &field.fields {
        collect(&format!("{path}.{name}"), inner, paths);
    }
}

/// A document as a role shows it.
pub(super) fn apply(role: &BoundRole, document: &Document, memo: &Memo) -> Result<Document, Need> {
    let mut mask = Mask { view: View::of(document), memo, hidden: None };
    mask.document(role, document)
}

/// The paths of a document that a role hides, each once.
pub(super) fn hidden(role: &BoundRole, document: &Document, memo: &Memo) -> Result<Vec<String>, Need> {
    let mut mask = Mask { view: View::of(document), memo, hidden: Some(Hidden::default()) };
    mask.document(role, document)?;
    Ok(mask.hidden.unwrap_or_default().paths)
}

/// Shows of fields what may be read.
struct Mask<'a> {
    view: View<'a>,
    memo: &'a Memo,
    /// What is hidden, where it is to be told. Reads do not ask: whoever writes a document decides how many fields it has.
    hidden: Option<Hidden>,
}

#[derive(Default)]
struct Hidden {
    paths: Vec<String>,
    known: HashSet<String>,
}

impl Mask<'_> {
    fn document(&mut self, role: &BoundRole, document: &Document) -> Result<Document, Need> {
        if role.whole.holds(&self.view, self.memo)? {
            return Ok(document.clone());
        }
        let mut masked = Document::new();
        let mut additional = None;
        for (name, value) in document {
            let kept = match find(&role.fields, name) {
                _ if name == "_id" => Some(value.clone()),
                Some(field) => self.keep(name, field, value)?,
                None => {
                    let shown = match additional {
                        Some(shown) => shown,
                        None => *additional.insert(self.reads(&role.additional)?),
                    };
                    if !shown {
                        self.hide(name);
                    }
                    shown.then(|| value.clone())
                }
            };
            if let Some(kept) = kept {
                masked.insert(name, kept);
            }
        }
        Ok(masked)
    }

    /// Whether one may read something; who may write it may.
    fn reads(&self, permission: &Permission<Clause>) -> Result<bool, Need> {
        for clause in [&permission.read, &permission.write].into_iter().flatten() {
            if clause.holds(&self.view, self.memo)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether some field inside a field may be read, whatever it holds.
    fn reads_inside(&self, field: &Field<Clause>) -> Result<bool, Need> {
        for (_, inner) in &field.fields {
            if self.reads(&inner.own)? || self.reads_inside(inner)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What is shown of a field.
    fn keep(&mut self, path: &str, field: &Field<Clause>, value: &Bson) -> Result<Option<Bson>, Need> {
        if self.reads(&field.own)? {
            return Ok(Some(value.clone()));
        }
        if !self.reads_inside(field)? {
            self.hide(path);
            return Ok(None);
        }
        self.inside(path, field, value)
    }

    /// What is shown of a value some of whose fields are: what a projection that names them would show.
    fn inside(&mut self, path: &str, field: &Field<Clause>, value: &Bson) -> Result<Option<Bson>, Need> {
        Ok(match value {
            Bson::Document(inner) => {
                let mut masked = Document::new();
                for (name, value) in inner {
                    let path = format!("{path}.{name}");
                    match find(&field.fields, name) {
                        Some(field) => {
                            if let Some(kept) = self.keep(&path, field, value)? {
                                masked.insert(name, kept);
                            }
                        }
                        None => self.hide(&path),
                    }
                }
                Some(Bson::Document(masked))
            }
            Bson::Array(items) => {
                let mut kept = Vec::new();
                for item in items {
                    kept.extend(self.inside(path, field, item)?);
                }
                Some(Bson::Array(kept))
            }
            _ => {
                self.hide(path);
                None
            }
        })
    }

    fn hide(&mut self, path: &str) {
        if let Some(hidden) = &mut self.hidden
            && !hidden.known.contains(path)
        {
            hidden.known.insert(path.to_owned());
            hidden.paths.push(path.to_owned());
        }
    }
}
