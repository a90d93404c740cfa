//! What an operation answers, as clients read it (reference 6): some of them look at the types of numbers.

use bson::{Bson, Document};
use usher_contract::{ErrorCode, Failure, Reply, limits, value};

/// The shape of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// An array.
    Documents,
    /// A document or null; also the summary of an insert or delete.
    Document,
    /// A 64-bit integer.
    Count,
    /// `{matchedCount, modifiedCount, upsertedId?}`.
    Updated,
}

pub(super) async fn shape(shape: Shape, reply: Reply) -> Result<Bson, Failure> {
    match (shape, reply) {
        (Shape::Documents, Reply::Cursor(mut cursor)) => {
            let (mut documents, mut size) = (Vec::new(), 0);
            loop {
                let batch = cursor.next_batch().await?;
                if batch.is_empty() {
                    return Ok(Bson::Array(documents));
                }
                size += batch.len();
                if size > limits::SERVICE_RESULT_BYTES {
                    let message = format!(
                        "(ReadSizeLimitExceeded) the result is larger than {} bytes: narrow the query, or project fewer fields",
                        limits::SERVICE_RESULT_BYTES
                    );
                    return Err(Failure::new(ErrorCode::MongoDBError, message));
                }
                for document in value::batch(&batch)? {
                    documents.push(Bson::Document(read(document.as_bytes())?));
                }
            }
        }
        (Shape::Document | Shape::Updated, Reply::Document(document)) => {
            document.map_or(Ok(Bson::Null), |bytes| Ok(Bson::Document(read(&bytes)?)))
        }
        (Shape::Count, Reply::Count(number)) => Ok(Bson::Int64(i64::try_from(number).unwrap_or(i64::MAX))),
        _ => Err(Failure::new(ErrorCode::InternalServerError, "an operation answered something else than it should")),
    }
}

fn read(bytes: &[u8]) -> Result<Document, Failure> {
    Document::from_reader(bytes)
        .map_err(|error| Failure::new(ErrorCode::MongoDBError, format!("the database answered no document: {error}")))
}
