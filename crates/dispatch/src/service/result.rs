//! What an operation answers, as clients read it (reference 6): some of them look at the types of numbers.

use bson::raw::RawBsonRef;
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

/// The answer as canonical Extended JSON.
pub(super) async fn shape(shape: Shape, reply: Reply) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    match (shape, reply) {
        (Shape::Documents, Reply::Cursor(mut cursor)) => {
            let mut size = 0;
            text.push(b'[');
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
                for document in value::batch(&batch)? {
                    if text.len() > 1 {
                        text.push(b',');
                    }
                    value::write_extended_json(&mut text, RawBsonRef::Document(document))?;
                }
            }
            text.push(b']');
        }
        (Shape::Document | Shape::Updated, Reply::Document(document)) => {
            let document = document.as_deref().map(value::document).transpose()?;
            value::write_extended_json(&mut text, document.map_or(RawBsonRef::Null, RawBsonRef::Document))?;
        }
        (Shape::Count, Reply::Count(number)) => {
            let number = RawBsonRef::Int64(i64::try_from(number).unwrap_or(i64::MAX));
            value::write_extended_json(&mut text, number)?;
        }
        _ => {
            return Err(Failure::new(
                ErrorCode::InternalServerError,
                "an operation answered something else than it should",
            ));
        }
    }
    Ok(text)
}
