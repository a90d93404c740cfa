//! Rules as they are for one caller, and their decisions.

use bson::Document;
use usher_contract::Failure;

/// Rules as they are for one caller.
pub struct Bound {}

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
    /// For a read that is allowed: the fields that stay hidden, as dotted paths.
    pub hidden: Vec<String>,
}

impl Bound {
    /// The queries of the applicable filters, joined; empty without any. The caller joins it to every query.
    pub fn filter(&self) -> Document {
        Document::new()
    }

    /// The projections of the applicable filters, in order, each to be applied to what is answered.
    pub fn projections(&self) -> &[Document] {
        &[]
    }

    /// Which documents may take part in a read, or be found by a write, whose query, sort or key names these fields
    /// (dotted paths). A document takes part only where every named field may be read: otherwise a query could find
    /// out what it may not see.
    pub fn visible(&self, named: &[&str]) -> Visible {
        let _ = named;
        Visible::Nothing
    }

    /// Whether every field of every visible document may be read. Then documents need no masking.
    pub fn reads_whole(&self) -> bool {
        false
    }

    /// The fields that may be read of whichever document is visible, for a pipeline: an inclusion or exclusion
    /// projection that hides at least what any possible role hides. `None` where nothing need be hidden.
    pub fn mask(&self) -> Option<Document> {
        None
    }

    /// The document as the caller may see it; `None` where it is hidden, or where one of the named fields is.
    ///
    /// # Errors
    /// Where a decision needs a function and the host fails.
    pub async fn read(&self, document: &Document, named: &[&str]) -> Result<Option<Document>, Failure> {
        let _ = (document, named);
        Ok(None)
    }

    /// Whether a change may be made, and why (reference 6.1).
    ///
    /// # Errors
    /// Where a decision needs a function and the host fails.
    pub async fn write(&self, change: Change<'_>) -> Result<Explanation, Failure> {
        let _ = change;
        Err(Failure::new(usher_contract::ErrorCode::InternalServerError, "not written"))
    }

    /// Whether the operation is allowed for every document there is or could be, so that none has to be looked at.
    pub fn free(&self, operation: Operation) -> bool {
        let _ = operation;
        false
    }

    /// Why an operation on a document is allowed or not.
    ///
    /// # Errors
    /// Where a decision needs a function and the host fails.
    pub async fn explain(&self, operation: Operation, document: &Document) -> Result<Explanation, Failure> {
        let _ = (operation, document);
        Err(Failure::new(usher_contract::ErrorCode::InternalServerError, "not written"))
    }
}
