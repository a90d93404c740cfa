//! Writes BSON straight into one buffer: nested documents are not built apart and copied.

use bson::raw::{CStr, RawArray, RawBson, RawBsonRef, RawDocument, RawDocumentBuf};
use bson::spec::ElementType;
use bson::{Bson, oid::ObjectId};

use super::refusal::Check;

/// The length prefix of a document, written when it is closed.
const LENGTH: usize = 4;

/// A document under construction.
pub(super) struct Writer {
    bytes: Vec<u8>,
}

/// A document or array that was opened and is not closed yet.
#[must_use]
pub(super) struct Open(usize);

impl Writer {
    /// A document that will take about `capacity` bytes.
    pub(super) fn new(capacity: usize) -> Self {
        let mut bytes = Vec::with_capacity(capacity);
        bytes.extend([0; LENGTH]);
        Self { bytes }
    }

    fn key(&mut self, kind: ElementType, key: &str) {
        self.bytes.push(kind as u8);
        self.bytes.extend_from_slice(key.as_bytes());
        self.bytes.push(0);
    }

    fn begin(&mut self, kind: ElementType, key: &str) -> Open {
        self.key(kind, key);
        let start = self.bytes.len();
        self.bytes.extend([0; LENGTH]);
        Open(start)
    }

    /// Begins a nested document. Keys never hold a NUL: they are literals, or come from BSON, or were checked.
    pub(super) fn open_document(&mut self, key: &str) -> Open {
        self.begin(ElementType::EmbeddedDocument, key)
    }

    /// Begins a nested array.
    pub(super) fn open_array(&mut self, key: &str) -> Open {
        self.begin(ElementType::Array, key)
    }

    /// Ends what was opened last.
    pub(super) fn close(&mut self, Open(start): Open) {
        self.bytes.push(0);
        // No command is near 2 GiB: each part is at most a document, see `limits::DOCUMENT_BYTES`.
        let length = i32::try_from(self.bytes.len() - start).unwrap_or(i32::MAX);
        self.bytes[start..start + LENGTH].copy_from_slice(&length.to_le_bytes());
    }

    pub(super) fn string(&mut self, key: &str, value: &str) {
        self.key(ElementType::String, key);
        let length = i32::try_from(value.len() + 1).unwrap_or(i32::MAX);
        self.bytes.extend(length.to_le_bytes());
        self.bytes.extend_from_slice(value.as_bytes());
        self.bytes.push(0);
    }

    pub(super) fn object_id(&mut self, key: &str, value: ObjectId) {
        self.key(ElementType::ObjectId, key);
        self.bytes.extend(value.bytes());
    }

    pub(super) fn int(&mut self, key: &str, value: i32) {
        self.key(ElementType::Int32, key);
        self.bytes.extend(value.to_le_bytes());
    }

    pub(super) fn long(&mut self, key: &str, value: i64) {
        self.key(ElementType::Int64, key);
        self.bytes.extend(value.to_le_bytes());
    }

    pub(super) fn boolean(&mut self, key: &str, value: bool) {
        self.key(ElementType::Boolean, key);
        self.bytes.push(value.into());
    }

    pub(super) fn document(&mut self, key: &str, value: &RawDocument) {
        self.key(ElementType::EmbeddedDocument, key);
        self.bytes.extend_from_slice(value.as_bytes());
    }

    pub(super) fn array(&mut self, key: &str, value: &RawArray) {
        self.array_bytes(key, value.as_bytes());
    }

    /// An array in its binary form, which is that of a document with the keys 0, 1, 2, …
    pub(super) fn array_bytes(&mut self, key: &str, value: &[u8]) {
        self.key(ElementType::Array, key);
        self.bytes.extend_from_slice(value);
    }

    /// Every element of a document, without the document around them.
    pub(super) fn elements(&mut self, document: &RawDocument) {
        let bytes = document.as_bytes();
        self.bytes.extend_from_slice(&bytes[LENGTH..bytes.len() - 1]);
    }

    /// Any value.
    pub(super) fn value(&mut self, key: &CStr, value: RawBsonRef<'_>) {
        let mut one = RawDocumentBuf::new();
        one.append(key, value);
        self.elements(&one);
    }

    /// Any value of the scope's row filter: strings and ObjectIds as a rule.
    pub(super) fn bson(&mut self, key: &str, value: &Bson) -> Check {
        match value {
            Bson::String(text) => self.string(key, text),
            Bson::ObjectId(id) => self.object_id(key, *id),
            other => {
                let raw = RawBson::try_from(other.clone())?;
                self.value(<&CStr>::try_from(key)?, raw.as_raw_bson_ref());
            }
        }
        Ok(())
    }

    /// The finished document.
    pub(super) fn finish(mut self) -> Check<RawDocumentBuf> {
        self.close(Open(0));
        Ok(RawDocumentBuf::from_bytes(self.bytes)?)
    }
}

#[cfg(test)]
mod tests {
    use super::Writer;
    use bson::{Bson, Document, doc, oid::ObjectId};

    #[test]
    fn writes_what_the_bson_crate_writes() {
        let id = ObjectId::new();
        let mut writer = Writer::new(16);
        writer.string("s", "text");
        let outer = writer.open_array("a");
        let inner = writer.open_document("0");
        writer.long("l", -1);
        writer.boolean("b", true);
        writer.close(inner);
        writer.close(outer);
        writer.int("i", 7);
        writer.bson("o", &Bson::ObjectId(id)).unwrap();
        writer.bson("d", &Bson::Double(1.5)).unwrap();
        let raw = writer.finish().unwrap();
        let expected = doc! {"s": "text", "a": [{"l": -1_i64, "b": true}], "i": 7, "o": id, "d": 1.5};
        assert_eq!(Document::try_from(raw).unwrap(), expected);
    }
}
