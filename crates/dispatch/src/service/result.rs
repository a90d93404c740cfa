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

/// The answer as canonical Extended JSON. Each document of a result becomes text once it is there: as values, all of them
/// would take fifty times as much.
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
                    write(&mut text, read(document.as_bytes())?)?;
                }
            }
            text.push(b']');
        }
        (Shape::Document | Shape::Updated, Reply::Document(document)) => {
            write(&mut text, document.map_or(Ok(Bson::Null), |bytes| read(&bytes))?)?;
        }
        (Shape::Count, Reply::Count(number)) => {
            write(&mut text, Bson::Int64(i64::try_from(number).unwrap_or(i64::MAX)))?;
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

fn read(bytes: &[u8]) -> Result<Bson, Failure> {
    let document = Document::from_reader(bytes);
    document
        .map(Bson::Document)
        .map_err(|error| Failure::new(ErrorCode::MongoDBError, format!("the database answered no document: {error}")))
}

fn write(text: &mut Vec<u8>, value: Bson) -> Result<(), Failure> {
    serde_json::to_writer(text, &value::to_extended_json(value))
        .map_err(|error| Failure::new(ErrorCode::InternalServerError, format!("an answer is not JSON: {error}")))
}
