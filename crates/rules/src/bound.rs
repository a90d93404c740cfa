//! Rules as they are for one caller, and their decisions.

mod mask;
mod permitted;
mod reason;
mod role;
mod visible;
mod write;

use std::fmt;
use std::sync::Arc;

use bson::{Bson, Document, doc};
use usher_contract::Failure;

use crate::expression::binder::Binder;
use crate::expression::clause::Clause;
use crate::expression::decide::{Memo, Memory, Need, View, settle};
use crate::expression::show;
use crate::matcher::Query;
use crate::roles::{BoundFilter, Role};
use crate::{Projection, Surroundings};
pub use permitted::Write;
use reason::reason;
pub(crate) use role::BoundRole;

/// Rules as they are for one caller.
#[derive(Clone)]
pub struct Bound {
    around: Arc<dyn Surroundings>,
    roles: Arc<Roles>,
    filter: Document,
    projections: Vec<Document>,
    /// What functions answered in an operation; without it, each decision asks anew.
    memory: Option<Arc<Memory>>,
}

/// The roles that a caller can have, and those that they cannot have whatever the document.
#[derive(Debug, Clone)]
pub(crate) struct Roles {
    possible: Vec<BoundRole>,
    /// By name, and the clause that is never true.
    impossible: Vec<(String, Clause)>,
}

/// Which documents take part in a read or write, as a MongoDB query.
#[derive(Debug, Clone, PartialEq)]
pub enum Visible {
    /// None, whatever they hold.
    Nothing,
    /// Those that match. Where it is `exact`, every match may be seen; otherwise each has to be shown to
    /// [`Bound::read`] first, because only the host can decide.
    Matching {
        /// A query of allowed operators alone; empty for all documents.
        query: Document,
        /// Whether every match may be seen.
        exact: bool,
    },
}

/// A change of one document, for [`Bound::write`].
#[derive(Debug, Clone, Copy)]
pub enum Change<'a> {
    /// A new document.
    Insert(&'a Document),
    /// A changed document: as it was and as it would be.
    Update(&'a Document, &'a Document),
    /// A document that would be gone.
    Delete(&'a Document),
}

/// What somebody wants to do to one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the operation it names")]
pub enum Operation {
    Read,
    Insert,
    Update,
    Delete,
    Search,
}

/// Why a decision is what it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// Whether it is allowed.
    pub allowed: bool,
    /// The role that was chosen; none where no role applied.
    pub role: Option<String>,
    /// The clause that decided, as the path to it in the rule, such as `roles[1].fields.email.write`.
    pub clause: String,
    /// One sentence for a person.
    pub because: String,
    /// For a read that is allowed: the fields that stay hidden, as dotted paths; of one that a filter shows in part,
    /// `name (in part)`.
    pub hidden: Vec<String>,
}

/// Binds roles, in order, as far as the first that always applies: no document has one after it.
pub(crate) fn roles(roles: &[Role], binder: &Binder<'_>) -> Result<Roles, Need> {
    let mut bound = Roles { possible: Vec::new(), impossible: Vec::new() };
    for (index, role) in roles.iter().enumerate() {
        let applies = binder.clause(&role.apply_when, true)?;
        if applies.is_never() {
            bound.impossible.push((role::label(index, &role.name), applies));
            continue;
        }
        let last = applies.is_always();
        bound.possible.push(BoundRole::bind(index, role, applies, binder)?);
        if last {
            break;
        }
    }
    Ok(bound)
}

impl Bound {
    pub(crate) fn new(around: Arc<dyn Surroundings>, roles: Roles, filters: Vec<BoundFilter>) -> Self {
        let (mut queries, mut projections) = (Vec::new(), Vec::new());
        for filter in filters {
            if !filter.query.is_empty() {
                queries.push(filter.query);
            }
            if !filter.projection.is_empty() {
                projections.push(filter.projection);
            }
        }
        let filter = match queries.len() {
            0 => Document::new(),
            1 => queries.remove(0),
            _ => doc! { "$and": queries },
        };
        Self { around, roles: Arc::new(roles), filter, projections, memory: None }
    }

    /// The same rules for one operation, in which a function is asked once for the same arguments, whatever the document.
    #[must_use]
    pub fn for_one_operation(&self) -> Self {
        Self { memory: Some(Arc::default()), ..self.clone() }
    }

    async fn settle<T>(&self, decide: impl Fn(&Memo) -> Result<T, Need>) -> Result<T, Failure> {
        match &self.memory {
            Some(memory) => settle(&self.around, memory, decide).await,
            None => settle(&self.around, &Memory::default(), decide).await,
        }
    }

    /// The queries of the applicable filters, joined; empty without any. The caller joins it to every query.
    pub fn filter(&self) -> Document {
        self.filter.clone()
    }

    /// The projections of the applicable filters, in order, each to be applied to what is answered.
    pub fn projections(&self) -> &[Document] {
        &self.projections
    }

    /// Which documents may take part in a read, or be found by a write, whose query, sort or key names these fields
    /// (dotted paths). A document takes part only where every named field may be read: otherwise a query could find
    /// out what it may not see. A field counts with everything in it; the empty path names the whole document. An
    /// `_id` can be read wherever the document can.
    pub fn visible(&self, named: &[&str]) -> Visible {
        visible::visible(&self.roles.possible, named)
    }

    /// Which of the documents that [`visible`](Self::visible) gives may be written without any of them being looked at,
    /// now or once it is changed. Of others, only [`write`](Self::write) can tell.
    pub fn permitted(&self, write: Write<'_>, named: &[&str]) -> Visible {
        permitted::permitted(&self.roles.possible, write, named)
    }

    /// Whether every field of every visible document may be read. Then documents need no masking.
    pub fn reads_whole(&self) -> bool {
        self.mask().is_none()
    }

    /// The fields that may be read of whichever document is visible, for a pipeline: an inclusion or exclusion
    /// projection that hides at least what any possible role hides. `None` where nothing need be hidden.
    pub fn mask(&self) -> Option<Document> {
        mask::projection(&self.roles.possible)
    }

    /// The document as the caller may see it; `None` where it is hidden, or where one of the named fields is.
    ///
    /// # Errors
    /// Where a decision needs a function and the host fails.
    pub async fn read(&self, document: &Document, named: &[&str]) -> Result<Option<Document>, Failure> {
        self.settle(|memo| {
            let Some(role) = self.roles.of(&View::of(document), memo)? else { return Ok(None) };
            if !role.is_shown(document, memo)? {
                return Ok(None);
            }
            for path in named {
                if !role.reads(path).holds(&View::of(document), memo)? {
                    return Ok(None);
                }
            }
            Ok(Some(mask::apply(role, document, memo)?))
        })
        .await
    }

    /// Which of these fields (dotted paths) of a document may be read, each with everything in it; none of a document
    /// that is hidden. One look at the document, however many they are.
    ///
    /// # Errors
    /// Where a decision needs a function and the host fails.
    pub async fn readable(&self, document: &Document, paths: &[String]) -> Result<Vec<bool>, Failure> {
        self.settle(|memo| {
            let view = View::of(document);
            match self.roles.of(&view, memo)? {
                Some(role) if role.is_shown(document, memo)? => {
                    paths.iter().map(|path| role.reads(path).holds(&view, memo)).collect()
                }
                _ => Ok(vec![false; paths.len()]),
            }
        })
        .await
    }

    /// Whether a change may be made, and why (reference 6.1).
    ///
    /// An update is judged by the role that the caller has for the document *as it was*, so that no change gives
    /// somebody a role for it. What that role says about writing has to hold for the document as it would be, with
    /// `%%prevRoot` and `%%prev` as it was, and also for the document as it was, but for the parts of a conjunction
    /// that speak of `%%prevRoot` or `%%prev` and so compare the two themselves. So a rule
    /// `"write": {"owner_id": "%%user.id"}` lets nobody take a document, nor give it away. Neither does a role that
    /// applies to a user's own documents: the caller must have a role for the document as it would be, too, and where
    /// that is another one, it must allow the change as well. The caller has made sure that the old document can be
    /// found, by [`Bound::visible`] or [`Bound::read`].
    ///
    /// # Errors
    /// Where a decision needs a function and the host fails.
    pub async fn write(&self, change: Change<'_>) -> Result<Explanation, Failure> {
        self.settle(|memo| self.decide_write(change, memo)).await
    }

    /// Whether the operation is allowed for every document there is or could be, so that none has to be looked at.
    pub fn free(&self, operation: Operation) -> bool {
        let free = |role: &BoundRole| {
            let reads = role.shown.is_always() && role.whole.is_always();
            let writes = role.writable.is_always() && role.document.write.as_ref().is_some_and(Clause::is_always);
            match operation {
                Operation::Read => reads,
                Operation::Search => reads && role.search.is_always(),
                Operation::Insert => writes && role.insert.is_always(),
                Operation::Update => reads && writes,
                Operation::Delete => reads && writes && role.delete.is_always(),
            }
        };
        let roles = &self.roles.possible;
        roles.last().is_some_and(|last| last.applies.is_always()) && roles.iter().all(free)
    }

    /// Why a document can be read, or found by a search, or why not.
    ///
    /// # Errors
    /// Where a decision needs a function and the host fails.
    pub async fn explain(&self, operation: Operation, document: &Document) -> Result<Explanation, Failure> {
        self.settle(|memo| self.decide_read(operation, document, memo)).await
    }

    /// Why a change would be made or not: what is to change has to be found first, so that it has to be readable.
    ///
    /// # Errors
    /// Where a decision needs a function and the host fails.
    pub async fn explain_change(&self, change: Change<'_>) -> Result<Explanation, Failure> {
        self.settle(|memo| {
            if let Change::Update(found, _) | Change::Delete(found) = change {
                let read = self.decide_read(Operation::Read, found, memo)?;
                if !read.allowed {
                    let because = format!("the document is not found: {}", read.because);
                    return Ok(Explanation { because, ..read });
                }
            }
            self.decide_write(change, memo)
        })
        .await
    }

    fn decide_write(&self, change: Change<'_>, memo: &Memo) -> Result<Explanation, Need> {
        let view = match change {
            Change::Insert(document) => View::new(document),
            Change::Update(before, _) => View::of(before),
            Change::Delete(document) => View::of(document),
        };
        let Some(role) = self.roles.of(&view, memo)? else { return self.roles.none(&view, memo) };
        let decision = write::decide(role, change, memo)?;
        let Change::Update(before, after) = change else { return Ok(decision) };
        if !decision.allowed {
            return Ok(decision);
        }
        let view = View::change(before, after);
        match self.roles.of(&view, memo)? {
            Some(other) if other.index == role.index => Ok(decision),
            Some(other) => write::decide(other, change, memo),
            None => {
                let none = self.roles.none(&view, memo)?;
                let because = format!("after the change, {}", none.because);
                Ok(Explanation { because, role: decision.role, ..none })
            }
        }
    }

    fn decide_read(&self, operation: Operation, document: &Document, memo: &Memo) -> Result<Explanation, Need> {
        let view = View::of(document);
        // Where a query cannot be matched here, nothing is known to pass it.
        if !Query::compile(&self.filter).is_ok_and(|filter| filter.matches(document)) {
            let filter = Bson::Document(self.filter.clone());
            let because = format!("a filter narrows every query to {}", show::value(Some(&filter)));
            let clause = "filters".to_owned();
            return Ok(Explanation { allowed: false, role: None, clause, because, hidden: Vec::new() });
        }
        let Some(role) = self.roles.of(&view, memo)? else { return self.roles.none(&view, memo) };
        let answer = |allowed, clause: &str, because| Explanation {
            allowed,
            role: Some(role.label()),
            clause: role.at(clause),
            because,
            hidden: Vec::new(),
        };
        if !role.shown.holds(&view, memo)? {
            return Ok(answer(false, "document_filters.read", reason(&role.shown, &view, memo)?));
        }
        if operation == Operation::Search && !role.search.holds(&view, memo)? {
            return Ok(answer(false, "search", reason(&role.search, &view, memo)?));
        }
        for (name, clause) in [("read", &role.document.read), ("write", &role.document.write)] {
            if let Some(clause) = clause
                && clause.holds(&view, memo)?
            {
                let hidden = self.projected_out(document);
                return Ok(Explanation { hidden, ..answer(true, name, reason(clause, &view, memo)?) });
            }
        }
        if !role.some_field.holds(&view, memo)? {
            return Ok(match &role.document.read {
                Some(read) => answer(false, "read", reason(read, &view, memo)?),
                None => answer(false, "read", "nothing in the role allows anything to be read".to_owned()),
            });
        }
        let mut hidden = mask::hidden(role, document, memo)?;
        let projected: Vec<String> =
            self.projected_out(document).into_iter().filter(|path| !hidden.contains(path)).collect();
        hidden.extend(projected);
        Ok(Explanation { hidden, ..answer(true, "fields", "some of its fields may be read".to_owned()) })
    }
}

impl Bound {
    /// The fields of a document that filters leave out.
    fn projected_out(&self, document: &Document) -> Vec<String> {
        let projections = self.projections.iter().filter_map(|it| Projection::read(Some(it)).ok().flatten());
        let shown = projections.fold(document.clone(), |shown, projection| projection.apply(shown));
        let hidden = document.iter().filter_map(|(name, value)| match shown.get(name) {
            None => Some(name.clone()),
            Some(shown) => (shown != value).then(|| format!("{name} (in part)")),
        });
        hidden.collect()
    }
}

impl Roles {
    /// The first role that applies.
    fn of(&self, view: &View<'_>, memo: &Memo) -> Result<Option<&BoundRole>, Need> {
        for role in &self.possible {
            if role.applies.holds(view, memo)? {
                return Ok(Some(role));
            }
        }
        Ok(None)
    }

    /// Why none applies.
    fn none(&self, view: &View<'_>, memo: &Memo) -> Result<Explanation, Need> {
        let possible = self.possible.iter().map(|role| (role.label(), &role.applies));
        let impossible = self.impossible.iter().map(|(label, applies)| (label.clone(), applies));
        let mut said = Vec::new();
        for (label, applies) in possible.chain(impossible) {
            said.push(format!("{label}: {}", reason(applies, view, memo)?));
        }
        let because = match said.as_slice() {
            [] => "there are no roles".to_owned(),
            said => format!("no role applies ({})", said.join("; ")),
        };
        Ok(Explanation { allowed: false, role: None, clause: "roles".to_owned(), because, hidden: Vec::new() })
    }
}

impl fmt::Debug for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { around: _, roles, filter, projections, memory: _ } = self;
        f.debug_struct("Bound")
            .field("roles", roles)
            .field("filter", filter)
            .field("projections", projections)
            .finish_non_exhaustive()
    }
}
