//! What an operation answers, as clients read it (reference 6): some of them look at the types of numbers.

use bson::raw::RawBsonRef;
use bytes::Bytes;
use usher_contract::{ErrorCode, Failure, Reply, limits, value};

use crate::answers::Answer;

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

/// The answer as canonical Extended JSON.
pub(super) async fn shape(shape: Shape, reply: Reply, mut answer: Answer) -> Result<Bytes, Failure> {
    match (shape, reply) {
        (Shape::Documents, Reply::Cursor(mut cursor)) => {
            let mut size = 0;
            answer.text.push(b'[');
            loop {
                let batch = cursor.next_batch().await?;
                if batch.is_empty() {
                    break;
                }
                size += batch.len();
                if size > limits::SERVICE_RESULT_BYTES {
                    let message = format!(
                        "(ReadSizeLimitExceeded) the result is larger than {} bytes: narrow the query, or project fewer fields",
                        limits::SERVICE_RESULT_BYTES
                    );
                    return Err(Failure::new(ErrorCode::MongoDBError, message));
                }
                answer.expect(batch.len()).await?;
                for document in value::batch(&batch)? {
                    if answer.text.len() > 1 {
                        answer.text.push(b',');
                    }
                    value::write_extended_json(&mut answer.text, RawBsonRef::Document(document))?;
                }
            }
            answer.text.push(b']');
        }
        (Shape::Document | Shape::Updated, Reply::Document(document)) => {
            let document = document.as_deref().map(value::document).transpose()?;
            answer.expect_done(document.map_or(0, |document| document.as_bytes().len())).await;
            value::write_extended_json(&mut answer.text, document.map_or(RawBsonRef::Null, RawBsonRef::Document))?;
        }
        (Shape::Count, Reply::Count(number)) => {
            let number = RawBsonRef::Int64(i64::try_from(number).unwrap_or(i64::MAX));
            value::write_extended_json(&mut answer.text, number)?;
        }
        _ => {
            return Err(Failure::new(
                ErrorCode::InternalServerError,
                "an operation answered something else than it should",
            ));
        }
    }
    answer.finish()
}
