//! What the host answers to a write, read past serde for the reason that [`exact`] gives.

use bson::Bson;
use bson::raw::{RawBsonRef, RawDocument};

use crate::error::{Error, Result};
use crate::exact;

/// What an update or a replacement did.
#[derive(Debug, Clone, PartialEq)]
pub struct Updated {
    /// Documents that the filter matched.
    pub matched_count: u64,
    /// Documents that changed.
    pub modified_count: u64,
    /// The `_id` of the document that an upsert inserted.
    pub upserted_id: Option<Bson>,
}

/// `{matchedCount, modifiedCount, upsertedId?}`.
pub(crate) fn updated(answer: &[u8]) -> Result<Updated> {
    let upserted_id = match field(answer, "upsertedId") {
        Ok(id) => Some(exact::value(id).map_err(Error::new)?),
        Err(_) => None,
    };
    Ok(Updated {
        matched_count: count(answer, "matchedCount")?,
        modified_count: count(answer, "modifiedCount")?,
        upserted_id,
    })
}

/// `{deletedCount}`.
pub(crate) fn deleted(answer: &[u8]) -> Result<u64> {
    count(answer, "deletedCount")
}

/// `{insertedId}`.
pub(crate) fn inserted(answer: &[u8]) -> Result<Bson> {
    exact::value(field(answer, "insertedId")?).map_err(Error::new)
}

/// `{insertedIds: [...]}`.
pub(crate) fn inserted_many(answer: &[u8]) -> Result<Vec<Bson>> {
    match field(answer, "insertedIds")? {
        RawBsonRef::Array(ids) => ids.into_iter().map(|id| exact::value(id?).map_err(Error::new)).collect(),
        _ => Err(unknown("insertedIds")),
    }
}

fn count(answer: &[u8], name: &str) -> Result<u64> {
    let count = match field(answer, name)? {
        RawBsonRef::Int32(count) => u64::try_from(count).ok(),
        RawBsonRef::Int64(count) => u64::try_from(count).ok(),
        _ => None,
    };
    count.ok_or_else(|| unknown(name))
}

fn field<'a>(answer: &'a [u8], name: &str) -> Result<RawBsonRef<'a>> {
    RawDocument::from_bytes(answer)?.get(name)?.ok_or_else(|| unknown(name))
}

fn unknown(name: &str) -> Error {
    Error::new(format_args!("the host's answer has no {name} that could be read"))
}

#[cfg(test)]
mod tests {
    use bson::doc;
    use bson::oid::ObjectId;

    use super::*;

    #[test]
    fn answers_are_read() {
        let id = ObjectId::new();
        let bytes = |document: bson::Document| document.to_vec().unwrap();
        let none = updated(&bytes(doc! { "matchedCount": 2, "modifiedCount": 1_i64 })).unwrap();
        assert_eq!((none.matched_count, none.modified_count, none.upserted_id), (2, 1, None));
        let upserted = updated(&bytes(doc! { "matchedCount": 0, "modifiedCount": 0, "upsertedId": id })).unwrap();
        assert_eq!(upserted.upserted_id, Some(id.into()));
        assert_eq!(deleted(&bytes(doc! { "deletedCount": 3 })).unwrap(), 3);
        assert_eq!(inserted(&bytes(doc! { "insertedId": "a" })).unwrap(), Bson::from("a"));
        assert_eq!(inserted_many(&bytes(doc! { "insertedIds": [1, id] })).unwrap(), [1.into(), id.into()]);
    }

    #[test]
    fn an_answer_of_another_shape_is_an_error() {
        let bytes = doc! { "deletedCount": -1, "insertedIds": 1 }.to_vec().unwrap();
        assert!(deleted(&bytes).is_err() && inserted_many(&bytes).is_err());
        assert!(updated(&bytes).is_err_and(|e| e.message().contains("matchedCount")));
        assert!(inserted(&[1, 2]).is_err());
    }
}
