//! Documents that go into the collection whole: inserted ones and replacements.

use bson::Bson;
use bson::oid::ObjectId;
use bson::raw::{RawBson, RawBsonRef, RawDocument};

use super::data::{self, Use};
use super::refusal::{At, Check, Refusal};
use super::rows::Rows;
use super::writer::Writer;

/// A checked document.
#[derive(Clone, Copy)]
pub(super) struct Stored<'a> {
    pub(super) document: &'a RawDocument,
    id: Option<RawBsonRef<'a>>,
    /// Whether it holds the row filter's field itself.
    owned: bool,
}

impl<'a> Stored<'a> {
    /// Checks names, and that the document is inside the scope or can be put there by adding the field.
    pub(super) fn check(document: &'a RawDocument, rows: Option<&Rows<'_>>) -> Check<Self> {
        let mut stored = Self { document, id: None, owned: false };
        for element in document {
            let (key, value) = element?;
            let key = key.as_str();
            if key.starts_with('$') {
                return Err(Refusal::invalid(format!(
                    "the field name `{key}` begins with `$`, which is for operators: rename the field"
                )));
            }
            if let Some(rows) = rows.filter(|rows| rows.field() == key) {
                if stored.owned {
                    return Err(Refusal::invalid(format!("the field `{key}` occurs twice")));
                }
                if !rows.holds(value) {
                    return Err(Refusal::outside(format!(
                        "`{key}` says whose document it is and must be the caller's own id; leave it out to have it set"
                    )));
                }
                stored.owned = true;
            }
            if key == "_id" {
                stored.id = Some(value);
            }
            data::value(value, Use::Stored).at(key)?;
        }
        Ok(stored)
    }

    /// Writes the document for an insert, with an `_id` in front and with the row filter's field, and gives the `_id`.
    pub(super) fn write_insert(&self, writer: &mut Writer, key: &str, rows: Option<&Rows<'_>>) -> Check<RawBson> {
        let missing = rows.filter(|_| !self.owned);
        let document = writer.open_document(key);
        let id = match (self.id, missing) {
            (Some(id), _) => id.into(),
            (None, Some(rows)) if rows.field() == "_id" => {
                rows.value(writer, None)?;
                rows.first()?
            }
            (None, _) => {
                let id = ObjectId::new();
                writer.object_id("_id", id);
                RawBson::ObjectId(id)
            }
        };
        writer.elements(self.document);
        if let Some(rows) = missing.filter(|rows| rows.field() != "_id") {
            rows.value(writer, None)?;
        }
        writer.close(document);
        Ok(id)
    }

    /// Writes the document as a replacement. `upsert` holds the value that the query pins, if it is one.
    pub(super) fn write_replacement(
        &self,
        writer: &mut Writer,
        key: &str,
        rows: Option<&Rows<'_>>,
        upsert: Option<Option<RawBsonRef<'_>>>,
    ) -> Check {
        let document = writer.open_document(key);
        writer.elements(self.document);
        // A replaced document keeps its `_id`; only a new one needs it.
        if let Some(rows) = rows.filter(|rows| !self.owned && (rows.field() != "_id" || upsert.is_some())) {
            rows.value(writer, upsert.flatten())?;
        }
        writer.close(document);
        Ok(())
    }
}

impl Rows<'_> {
    fn first(&self) -> Check<RawBson> {
        let first: Option<&Bson> = self.values().first();
        let first = first.ok_or_else(|| Refusal::outside("nothing is inside this scope"))?;
        Ok(RawBson::try_from(first.clone())?)
    }
}
