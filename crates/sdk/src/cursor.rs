//! The documents of a query, fetched batch by batch.

use std::marker::PhantomData;

use bson::raw::{RawBsonRef, RawDocument};
use serde::de::DeserializeOwned;

use crate::bindings::documents;
use crate::error::{Error, Result};
use crate::exact;

/// An iterator over the documents of a query. Dropping it ends the query.
///
/// After an error of the host it is at its end; a document that does not fit `T` is an error of its own, and the
/// next one follows.
pub struct Cursor<T> {
    handle: documents::Cursor,
    batch: Batch,
    finished: bool,
    documents: PhantomData<fn() -> T>,
}

impl<T> Cursor<T> {
    pub(crate) fn new(handle: documents::Cursor) -> Self {
        Self { handle, batch: Batch::default(), finished: false, documents: PhantomData }
    }

    /// The next document's bytes.
    fn fetch(&mut self) -> Result<Option<&[u8]>> {
        if self.finished {
            return Ok(None);
        }
        if self.batch.is_empty() {
            self.finished = true;
            self.batch = Batch::new(self.handle.next_batch().map_err(Error::host)?);
            self.finished = self.batch.is_empty();
        }
        self.batch.next()
    }
}

impl<T: DeserializeOwned + 'static> Iterator for Cursor<T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.fetch() {
            Ok(None) => None,
            Ok(Some(bytes)) => Some(document(bytes)),
            Err(error) => Some(Err(error)),
        }
    }
}

/// A document of the database as a `T`.
pub(crate) fn document<T: DeserializeOwned + 'static>(bytes: &[u8]) -> Result<T> {
    let read = if exact::reads::<T>() {
        exact::value(RawBsonRef::Document(RawDocument::from_bytes(bytes)?))
    } else {
        bson::deserialize_from_slice(bytes).map_err(Error::bson)
    };
    read.map_err(|why| Error::new(format_args!("a document does not have the expected shape: {why}")))
}

/// Documents back to back.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    position: usize,
}

impl Batch {
    fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, position: 0 }
    }

    fn is_empty(&self) -> bool {
        self.position == self.bytes.len()
    }

    fn next(&mut self) -> Result<Option<&[u8]>> {
        let rest = &self.bytes[self.position..];
        if rest.is_empty() {
            return Ok(None);
        }
        let length = rest.first_chunk().and_then(|head| usize::try_from(i32::from_le_bytes(*head)).ok());
        match length.filter(|length| *length > 4).and_then(|length| rest.get(..length)) {
            Some(document) => {
                self.position += document.len();
                Ok(Some(document))
            }
            None => {
                self.position = self.bytes.len();
                Err(Error::new("a batch announces more bytes than it has").with_code("InvalidDocument"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    #[test]
    fn a_batch_gives_its_documents_in_order() {
        let (first, second) = (doc! { "a": 1 }.to_vec().unwrap(), doc! { "b": "two" }.to_vec().unwrap());
        let mut batch = Batch::new([first.clone(), second.clone()].concat());
        assert_eq!(batch.next().unwrap(), Some(&*first));
        assert_eq!(batch.next().unwrap(), Some(&*second));
        assert_eq!(batch.next().unwrap(), None);
        assert!(batch.is_empty());
    }

    #[test]
    fn a_batch_cut_short_is_an_error_once() {
        for bytes in [vec![9, 0, 0], vec![9, 0, 0, 0, 0], vec![0; 8], vec![255; 8]] {
            let mut batch = Batch::new(bytes);
            assert!(batch.next().is_err());
            assert_eq!(batch.next().unwrap(), None);
        }
    }
}
