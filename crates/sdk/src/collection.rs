//! Collections that the function was handed.

use std::borrow::Borrow;
use std::marker::PhantomData;
use std::rc::Rc;

use bson::{Bson, Document};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::{documents, invocation};
use crate::cursor::{Cursor, document};
use crate::element::Element;
use crate::error::{Error, Result};
use crate::value::{EMPTY, Encoded};
use crate::written::{self, Updated};

/// A collection of `T`, or the part of it that the function may reach.
///
/// Filters, updates and pipelines are anything that serde writes as a document or an array; `doc! { … }` and
/// `[doc! { … }]` as a rule. Every method fails with the host's error: `OperationNotAllowed` where the guard does
/// not know a stage, operator or option, `OutsideScope` where a write would leave the grant, `MongoDBError` where
/// the database refused.
pub struct Collection<T> {
    handle: Rc<documents::Collection>,
    options: Option<Document>,
    documents: PhantomData<fn() -> T>,
}

/// The caller's custom-data document, as a collection; all of them where the function runs as the system.
///
/// # Errors
/// `GrantNotFound` where the app has custom user data switched off.
pub fn custom_data<T>() -> Result<Collection<T>> {
    invocation::custom_data().map(Collection::new).map_err(Error::host)
}

/// A collection that the app's configuration grants to this function under the given name.
///
/// # Errors
/// `GrantNotFound` for any other name.
pub fn grant<T>(name: &str) -> Result<Collection<T>> {
    invocation::grant(name).map(Collection::new).map_err(Error::host)
}

impl<T> Collection<T> {
    fn new(handle: documents::Collection) -> Self {
        Self::same(Rc::new(handle), None)
    }

    fn same(handle: Rc<documents::Collection>, options: Option<Document>) -> Self {
        Self { handle, options, documents: PhantomData }
    }

    /// The same collection with options for the operation called on it, named as in the MongoDB drivers:
    /// `collection.with(doc! { "sort": { "at": -1 }, "limit": 10 }).find(doc! {})`.
    #[must_use]
    pub fn with(&self, options: Document) -> Self {
        Self::same(Rc::clone(&self.handle), Some(options))
    }

    /// The same collection with documents of another type, such as that of a projection.
    #[must_use]
    pub fn typed<U>(&self) -> Collection<U> {
        Collection::same(Rc::clone(&self.handle), self.options.clone())
    }

    /// All matches.
    pub fn find(&self, filter: impl Serialize) -> Result<Cursor<T>> {
        let filter = Encoded::new("filter", &filter)?;
        self.handle.find(filter.bytes(), &self.options()?).map(Cursor::new).map_err(Error::host)
    }

    /// The results of a pipeline.
    pub fn aggregate<R>(&self, pipeline: impl Serialize) -> Result<Cursor<R>> {
        let pipeline = Encoded::new("pipeline", &pipeline)?;
        self.handle.aggregate(pipeline.bytes(), &self.options()?).map(Cursor::new).map_err(Error::host)
    }

    /// How many documents match.
    pub fn count(&self, filter: impl Serialize) -> Result<u64> {
        let filter = Encoded::new("filter", &filter)?;
        self.handle.count(filter.bytes(), &self.options()?).map_err(Error::host)
    }

    /// The distinct values of one field.
    pub fn distinct<V: DeserializeOwned + 'static>(&self, field: &str, filter: impl Serialize) -> Result<Vec<V>> {
        let filter = Encoded::new("filter", &filter)?;
        let values = self.handle.distinct(field, filter.bytes(), &self.options()?).map_err(Error::host)?;
        let decode = |element: &Element<'_>| {
            element.decode().map_err(|why| Error::new(format_args!("a value of the field {field}: {why}")))
        };
        Element::all(&values)?.iter().map(decode).collect()
    }

    /// Changes the first match. The update is an operator document or a pipeline.
    pub fn update_one(&self, filter: impl Serialize, update: impl Serialize) -> Result<Updated> {
        let (filter, update) = (Encoded::new("filter", &filter)?, Encoded::new("update", &update)?);
        updated(self.handle.update_one(filter.bytes(), update.bytes(), &self.options()?))
    }

    /// Changes every match.
    pub fn update_many(&self, filter: impl Serialize, update: impl Serialize) -> Result<Updated> {
        let (filter, update) = (Encoded::new("filter", &filter)?, Encoded::new("update", &update)?);
        updated(self.handle.update_many(filter.bytes(), update.bytes(), &self.options()?))
    }

    /// Deletes the first match and answers how many went.
    pub fn delete_one(&self, filter: impl Serialize) -> Result<u64> {
        let filter = Encoded::new("filter", &filter)?;
        deleted(self.handle.delete_one(filter.bytes(), &self.options()?))
    }

    /// Deletes every match and answers how many went.
    pub fn delete_many(&self, filter: impl Serialize) -> Result<u64> {
        let filter = Encoded::new("filter", &filter)?;
        deleted(self.handle.delete_many(filter.bytes(), &self.options()?))
    }

    fn options(&self) -> Result<Vec<u8>> {
        match &self.options {
            None => Ok(EMPTY.to_vec()),
            Some(options) => Ok(options.to_vec()?),
        }
    }
}

impl<T: DeserializeOwned + 'static> Collection<T> {
    /// The first match.
    pub fn find_one(&self, filter: impl Serialize) -> Result<Option<T>> {
        let filter = Encoded::new("filter", &filter)?;
        found(self.handle.find_one(filter.bytes(), &self.options()?))
    }

    /// Changes the first match and answers what it was, or with `returnNewDocument` what it is now.
    pub fn find_one_and_update(&self, filter: impl Serialize, update: impl Serialize) -> Result<Option<T>> {
        let (filter, update) = (Encoded::new("filter", &filter)?, Encoded::new("update", &update)?);
        found(self.handle.find_one_and_update(filter.bytes(), update.bytes(), &self.options()?))
    }

    /// Deletes the first match and answers it.
    pub fn find_one_and_delete(&self, filter: impl Serialize) -> Result<Option<T>> {
        let filter = Encoded::new("filter", &filter)?;
        found(self.handle.find_one_and_delete(filter.bytes(), &self.options()?))
    }
}

impl<T: Serialize> Collection<T> {
    /// Inserts a document and answers its `_id`, which the host makes where there is none.
    pub fn insert_one(&self, document: impl Borrow<T>) -> Result<Bson> {
        let document = Encoded::new("document", document.borrow())?;
        written::inserted(&self.handle.insert_one(document.bytes()).map_err(Error::host)?)
    }

    /// Inserts documents and answers their ids in the same order.
    pub fn insert_many(&self, documents: impl IntoIterator<Item = impl Borrow<T>>) -> Result<Vec<Bson>> {
        let mut batch = Vec::new();
        for document in documents {
            batch.extend_from_slice(Encoded::new("document", document.borrow())?.bytes());
        }
        written::inserted_many(&self.handle.insert_many(&batch, &self.options()?).map_err(Error::host)?)
    }

    /// Puts another document in the place of the first match.
    pub fn replace_one(&self, filter: impl Serialize, replacement: impl Borrow<T>) -> Result<Updated> {
        let filter = Encoded::new("filter", &filter)?;
        let replacement = Encoded::new("replacement", replacement.borrow())?;
        updated(self.handle.replace_one(filter.bytes(), replacement.bytes(), &self.options()?))
    }
}

impl<T: Serialize + DeserializeOwned + 'static> Collection<T> {
    /// As [`replace_one`](Self::replace_one), and answers as [`find_one_and_update`](Self::find_one_and_update).
    pub fn find_one_and_replace(&self, filter: impl Serialize, replacement: impl Borrow<T>) -> Result<Option<T>> {
        let filter = Encoded::new("filter", &filter)?;
        let replacement = Encoded::new("replacement", replacement.borrow())?;
        found(self.handle.find_one_and_replace(filter.bytes(), replacement.bytes(), &self.options()?))
    }
}

type Answer<T> = Result<T, crate::bindings::Error>;

fn found<T: DeserializeOwned + 'static>(answer: Answer<Option<Vec<u8>>>) -> Result<Option<T>> {
    answer.map_err(Error::host)?.map(|bytes| document(&bytes)).transpose()
}

fn updated(answer: Answer<Vec<u8>>) -> Result<Updated> {
    written::updated(&answer.map_err(Error::host)?)
}

fn deleted(answer: Answer<Vec<u8>>) -> Result<u64> {
    written::deleted(&answer.map_err(Error::host)?)
}
