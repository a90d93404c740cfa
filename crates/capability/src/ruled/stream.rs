//! Documents as they come from the database, shown one by one.

use async_trait::async_trait;
use bson::Document;
use usher_contract::host::Bytes;
use usher_contract::{Collection, Cursor, ErrorCode, Failure, Operation, Reply, limits, value};
use usher_rules::Projection;

use super::operation::parsed;
use super::sight::Sight;
use crate::collection::ScopedCollection;

/// Which of the shown documents are given, where the database cannot tell.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Window {
    /// How many are left out first.
    pub(super) skip: u64,
    /// How many are given then; all of them without a number.
    pub(super) limit: Option<u64>,
}

/// What is left of a result whose documents the host looks at.
pub(super) struct Shown {
    inner: Box<dyn Cursor>,
    sight: Sight,
    projection: Option<Projection>,
    window: Window,
    seen: u64,
}

impl Shown {
    /// Asks for the documents of a query. The options are the database's part: with an exact sight also skip and limit.
    pub(super) async fn find(
        scoped: &ScopedCollection,
        sight: &Sight,
        query: &[u8],
        options: &Document,
        window: Window,
    ) -> Result<Self, Failure> {
        let inner = cursor(scoped, sight.query(query)?, options).await?;
        Ok(Self { inner, sight: sight.clone(), projection: None, window, seen: 0 })
    }

    /// Applies the caller's projection to what is shown.
    pub(super) fn projected(mut self, projection: Option<Projection>) -> Self {
        self.projection = projection;
        self
    }

    /// The next documents, as they are stored beside as they are shown; none when there are no more.
    pub(super) async fn next(&mut self) -> Result<Vec<(Document, Document)>, Failure> {
        let mut given = Vec::new();
        while given.is_empty() && self.window.limit != Some(0) {
            let batch = self.inner.next_batch().await?;
            if batch.is_empty() {
                break;
            }
            for raw in value::batch(&batch)? {
                if self.window.limit == Some(0) {
                    break;
                }
                let stored = parsed(raw.as_bytes())?;
                self.seen += 1;
                let Some(shown) = self.sight.show(&stored).await? else {
                    continue;
                };
                if self.window.skip > 0 {
                    self.window.skip -= 1;
                    continue;
                }
                self.window.limit = self.window.limit.map(|left| left - 1);
                let shown = self.projection.iter().fold(shown, |shown, projection| projection.apply(shown));
                given.push((stored, shown));
            }
            // The database was asked for so many, and there may be more.
            if !self.sight.exact && self.seen >= limits::QUERY_DOCUMENTS && self.window.limit != Some(0) {
                return Err(too_many());
            }
        }
        Ok(given)
    }
}

#[async_trait]
impl Cursor for Shown {
    async fn next_batch(&mut self) -> Result<Bytes, Failure> {
        let mut bytes = Vec::new();
        for (_, shown) in self.next().await? {
            bytes.extend(value::bytes(&shown)?);
        }
        Ok(bytes)
    }
}

/// Nothing.
pub(super) struct Empty;

#[async_trait]
impl Cursor for Empty {
    async fn next_batch(&mut self) -> Result<Bytes, Failure> {
        Ok(Bytes::new())
    }
}

/// The matches of a query of our own.
pub(super) async fn cursor(
    scoped: &ScopedCollection,
    filter: Bytes,
    options: &Document,
) -> Result<Box<dyn Cursor>, Failure> {
    match scoped.execute(Operation::Find { filter, options: value::bytes(options)? }).await? {
        Reply::Cursor(cursor) => Ok(cursor),
        Reply::Document(_) | Reply::Count(_) => Ok(Box::new(Empty)),
    }
}

fn too_many() -> Failure {
    Failure::new(
        ErrorCode::OperationNotAllowed,
        format!(
            "the rules of this collection are decided document by document, and there are more than {} to decide about: \
             narrow the query, or write the rule without `%function` and without comparing two fields",
            limits::QUERY_DOCUMENTS
        ),
    )
}
