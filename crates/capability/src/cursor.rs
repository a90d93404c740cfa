//! The host side of `cursor`.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bson::raw::RawDocumentBuf;
use futures::StreamExt as _;
use mongodb::error::Error;
use mongodb::raw_batch_cursor::{RawBatch, RawBatchCursor, SessionRawBatchCursor};
use usher_contract::{Cursor, Failure, limits};
use usher_database::Transaction;

use crate::collection::{Context, Trouble, too_many};

/// Batches as the server sends them.
pub(crate) enum Batches {
    Alone(Box<RawBatchCursor>),
    /// Inside a transaction, whose session is borrowed for each batch only.
    Joined(Transaction, Box<SessionRawBatchCursor>),
}

impl Batches {
    async fn next(&mut self, context: &Context) -> Result<Option<RawBatch>, Error> {
        match self {
            Self::Alone(cursor) => context.bounded(async { cursor.next().await.transpose() }).await,
            Self::Joined(transaction, cursor) => {
                let next = async {
                    let mut session = transaction.session().await;
                    cursor.stream(&mut session).next().await.transpose()
                };
                context.bounded(next).await
            }
        }
    }

    /// The only document of the only batch.
    pub(crate) async fn one(&mut self, context: &Context) -> Result<Option<RawDocumentBuf>, Error> {
        let Some(batch) = self.next(context).await? else {
            return Ok(None);
        };
        match batch.doc_slices()?.into_iter().next().transpose()? {
            Some(first) => Ok(first.as_document().map(ToOwned::to_owned)),
            None => Ok(None),
        }
    }
}

/// What is left of a result.
pub(crate) struct BatchCursor {
    context: Context,
    /// The driver's cursor can move between threads but not be shared; behind a lock that is never taken it can.
    batches: Mutex<Batches>,
    given: u64,
}

impl BatchCursor {
    pub(crate) fn new(context: Context, batches: Batches) -> Self {
        Self { context, batches: Mutex::new(batches), given: 0 }
    }

    async fn documents(&mut self) -> Result<Vec<u8>, Trouble> {
        let batches = self.batches.get_mut().unwrap_or_else(PoisonError::into_inner);
        while let Some(batch) = batches.next(&self.context).await? {
            let documents = batch.doc_slices()?;
            let mut bytes = Vec::with_capacity(documents.as_bytes().len());
            for document in documents {
                if let Some(document) = document?.as_document() {
                    bytes.extend_from_slice(document.as_bytes());
                    self.given += 1;
                }
            }
            if self.given > limits::QUERY_DOCUMENTS {
                return Err(too_many("documents").into());
            }
            // An empty batch would read as the end.
            if !bytes.is_empty() {
                return Ok(bytes);
            }
        }
        Ok(Vec::new())
    }
}

#[async_trait]
impl Cursor for BatchCursor {
    async fn next_batch(&mut self) -> Result<Vec<u8>, Failure> {
        Ok(self.documents().await?)
    }
}
