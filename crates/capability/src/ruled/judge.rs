//! The rules as they are for one caller, asked within the invocation's time.

use std::time::Instant;

use bson::{Document, doc};
use usher_contract::{ErrorCode, Failure};
use usher_rules::{Bound, Change, Operation, Projection, Visible};

use super::Ruling;

/// Decides about documents.
#[derive(Clone)]
pub(super) struct Judge {
    pub(super) bound: Bound,
    ruling: Ruling,
    deadline: Instant,
    /// What filters show, in their order.
    projections: Vec<Projection>,
    /// The same, as stages of a pipeline.
    stages: Vec<Document>,
    hides_nothing: bool,
}

/// What may not be done, in the words that clients of App Services know (reference 6).
#[derive(Clone, Copy)]
pub(super) enum Denied {
    Insert,
    Update,
    Delete,
}

impl Denied {
    fn words(self) -> &'static str {
        match self {
            Self::Insert => "insert not permitted",
            Self::Update => "update not permitted",
            Self::Delete => "delete not permitted",
        }
    }
}

impl From<Denied> for Failure {
    fn from(denied: Denied) -> Self {
        Self::new(ErrorCode::NoMatchingRuleFound, denied.words())
    }
}

impl Judge {
    pub(super) async fn bind(ruling: &Ruling, deadline: Instant) -> Result<Self, Failure> {
        let bound = in_time(deadline, ruling.rules.bind(ruling.around.clone())).await?;
        let mut projections = Vec::new();
        let mut stages = Vec::new();
        for document in bound.projections() {
            if let Some(projection) = Projection::read(Some(document))? {
                projections.push(projection);
                stages.push(doc! {"$project": document.clone()});
            }
        }
        // What any role may hide is hidden first.
        if let Some(mask) = bound.mask() {
            let mask = if mask.is_empty() {
                doc! {"_id": 1}
            } else {
                mask
            };
            stages.insert(0, doc! {"$project": mask});
        }
        let everything = Visible::Matching { query: Document::new(), exact: true };
        let hides_nothing = stages.is_empty() && bound.filter().is_empty() && bound.visible(&[]) == everything;
        Ok(Self { bound, ruling: ruling.clone(), deadline, projections, stages, hides_nothing })
    }

    /// The same for one operation, in which no function is asked twice the same.
    pub(super) fn for_one_operation(&self) -> Self {
        Self { bound: self.bound.for_one_operation(), ..self.clone() }
    }

    /// Whether every field of every visible document is shown.
    pub(super) fn shows_whole(&self) -> bool {
        self.bound.reads_whole() && self.projections.is_empty()
    }

    /// Whether there is nothing that the caller may not see.
    pub(super) fn hides_nothing(&self) -> bool {
        self.hides_nothing
    }

    /// Whether the projection of a filter hides one of the fields.
    pub(super) fn projects_out(&self, named: &[String]) -> bool {
        named.iter().any(|path| self.projections.iter().any(|projection| projection.hides(path)))
    }

    /// The stages that hide in a pipeline what is hidden of any document.
    pub(super) fn stages(&self) -> &[Document] {
        &self.stages
    }

    /// Whether documents have to be of a form.
    pub(super) fn has_schema(&self) -> bool {
        self.ruling.schema.is_some()
    }

    /// Whether the operation needs no look at the documents that it writes.
    pub(super) fn free(&self, operation: Operation) -> bool {
        self.bound.free(operation) && (operation == Operation::Delete || !self.has_schema())
    }

    /// The document as the caller may see it.
    pub(super) async fn read(&self, document: &Document, named: &[String]) -> Result<Option<Document>, Failure> {
        let named: Vec<&str> = named.iter().map(String::as_str).collect();
        let shown = in_time(self.deadline, self.bound.read(document, &named)).await?;
        Ok(shown.map(|shown| self.projections.iter().fold(shown, |shown, projection| projection.apply(shown))))
    }

    /// Whether a new document may be there.
    pub(super) async fn insert(&self, document: &Document) -> Result<(), Failure> {
        self.permit(Change::Insert(document), Denied::Insert).await?;
        self.fits(document).map_err(|sentences| violation(Denied::Insert, &sentences))
    }

    /// Whether an update may touch these fields of a document at all.
    pub(super) async fn touch(&self, document: &Document, touched: &[String]) -> Result<(), Failure> {
        if self.shows_whole() || touched.is_empty() {
            return Ok(());
        }
        let readable = in_time(self.deadline, self.bound.readable(document, touched)).await?;
        if readable.into_iter().all(|readable| readable) && !self.projects_out(touched) {
            return Ok(());
        }
        Err(Denied::Update.into())
    }

    /// Whether a document may change so.
    pub(super) async fn update(&self, before: &Document, after: &Document) -> Result<(), Failure> {
        self.permit(Change::Update(before, after), Denied::Update).await?;
        let Err(mut sentences) = self.fits(after) else {
            return Ok(());
        };
        if !self.shows_whole() {
            // Only what is wrong with the fields that the caller sees.
            let seen = self.read(after, &[]).await?.unwrap_or_default();
            let wrong = self.fits(&seen).err().unwrap_or_default();
            sentences.retain(|sentence| wrong.contains(sentence));
        }
        Err(violation(Denied::Update, &sentences))
    }

    /// Whether a document may go.
    pub(super) async fn delete(&self, document: &Document) -> Result<(), Failure> {
        self.permit(Change::Delete(document), Denied::Delete).await
    }

    async fn permit(&self, change: Change<'_>, denied: Denied) -> Result<(), Failure> {
        let decided = in_time(self.deadline, self.bound.write(change)).await?;
        if decided.allowed {
            return Ok(());
        }
        // The sentence beside them quotes values, which are nothing for a log.
        tracing::debug!(role = decided.role, clause = decided.clause, "a write is not permitted");
        Err(denied.into())
    }

    fn fits(&self, document: &Document) -> Result<(), Vec<String>> {
        self.ruling.schema.as_ref().map_or(Ok(()), |schema| schema.check(document))
    }
}

/// It begins with the words that App Services had for it (reference 6), for which clients look.
fn violation(denied: Denied, sentences: &[String]) -> Failure {
    let mut message = format!("{}: schema validation failed", denied.words());
    if !sentences.is_empty() {
        message = format!("{message}: {}", sentences.join("; "));
    }
    Failure::new(ErrorCode::SchemaValidationFailedWrite, message)
}

/// A decision may run functions, and so take time.
async fn in_time<T>(deadline: Instant, deciding: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::time::timeout_at(deadline.into(), deciding).await.unwrap_or_else(|_| {
        let message = "the invocation's time is up while a rule is being decided";
        Err(Failure::new(ErrorCode::ExecutionTimeLimitExceeded, message))
    })
}
