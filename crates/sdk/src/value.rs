//! Values on their way to the host and back.

use std::any::TypeId;

use bson::spec::ElementType;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::element::{Element, missing};
use crate::endpoint::Response;
use crate::error::{Error, Result};

/// A document without fields.
pub(crate) const EMPTY: &[u8] = &[5, 0, 0, 0, 0];

/// `{result: value}`: what a function answers. A function that returns `()` answers `{}`, which is `undefined` to
/// its caller; one that returns a [`Response`] answers `{response: value}`.
///
/// # Errors
/// Where BSON has no form for the value, such as an integer above the largest `i64`.
#[doc(hidden)]
pub fn answer<T: Serialize + ?Sized + 'static>(value: &T) -> Result<Vec<u8>> {
    if TypeId::of::<T>() == TypeId::of::<()>() {
        return Ok(EMPTY.to_vec());
    }
    #[derive(Serialize)]
    struct Answer<'a, T: ?Sized> {
        #[serde(skip_serializing_if = "Option::is_none")]
        result: Option<&'a T>,
        #[serde(skip_serializing_if = "Option::is_none")]
        response: Option<&'a T>,
    }
    let responds = TypeId::of::<T>() == TypeId::of::<Response>();
    bson::serialize_to_vec(&Answer {
        result: Some(value).filter(|_| !responds),
        response: Some(value).filter(|_| responds),
    })
    .map_err(|e| Error::new(format_args!("the result cannot be written as BSON: {}", Error::bson(e))))
}

/// The value that another function's answer carries.
pub(crate) fn result<T: DeserializeOwned + 'static>(answer: &[u8]) -> Result<T> {
    let value = match Element::field(answer, "result")? {
        Some(element) => element.decode(),
        None => nothing(),
    };
    value.map_err(|why| Error::new(format_args!("the function's result: {why}")))
}

/// What a `T` is where the other function returned nothing: `None`, `()`.
fn nothing<T: DeserializeOwned>() -> Result<T, String> {
    match missing() {
        Some(value) => Ok(value),
        None => T::deserialize(serde::de::value::UnitDeserializer::<serde::de::value::Error>::new())
            .map_err(|_| "missing, the function returned nothing".to_owned()),
    }
}

/// A document or an array in its binary form, with the bytes of the field that it was written in around it: the
/// crate writes whole documents only, and this way nothing is moved.
pub(crate) struct Encoded(Vec<u8>);

/// Length, type, the key `v` and its end.
const HEAD: usize = 4 + 1 + 2;

impl Encoded {
    /// A document; where the contract allows a pipeline also an array.
    pub(crate) fn new(what: &str, value: &impl Serialize) -> Result<Self> {
        #[derive(Serialize)]
        struct Field<'a, T> {
            v: &'a T,
        }
        let bytes = bson::serialize_to_vec(&Field { v: value })
            .map_err(|e| Error::new(format_args!("the {what} cannot be written as BSON: {}", Error::bson(e))))?;
        let encoded = Self(bytes);
        match encoded.kind() {
            Some(ElementType::EmbeddedDocument | ElementType::Array) => Ok(encoded),
            kind => Err(Error::new(format_args!("the {what} must be a document or an array, not {kind:?}"))),
        }
    }

    /// An array of arguments: a tuple or a list; `()` is none.
    pub(crate) fn arguments(value: &impl Serialize) -> Result<Self> {
        match Self::new("list of arguments", value) {
            Ok(encoded) if encoded.kind() == Some(ElementType::Array) => Ok(encoded),
            _ if size_of_val(value) == 0 => Self::new("list of arguments", &[(); 0]),
            _ => Err(Error::new("the arguments must be a tuple or a list; write `(value,)` for one argument")),
        }
    }

    fn kind(&self) -> Option<ElementType> {
        self.0.get(4).copied().and_then(ElementType::from)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0[HEAD..self.0.len() - 1]
    }
}

#[cfg(test)]
mod tests {
    use bson::{Bson, RawDocument, doc};

    use super::*;

    #[test]
    fn a_document_and_an_array_are_written_alone() {
        let filter = Encoded::new("filter", &doc! { "a": 1 }).unwrap();
        assert_eq!(filter.bytes(), doc! { "a": 1 }.to_vec().unwrap());

        let pipeline = Encoded::new("pipeline", &[doc! { "$count": "n" }]).unwrap();
        let array = RawDocument::from_bytes(pipeline.bytes()).unwrap();
        assert_eq!(array.get_document("0").unwrap().get_str("$count").unwrap(), "n");

        assert!(Encoded::new("filter", &5).is_err_and(|e| e.message().contains("filter must be a document")));
    }

    #[test]
    fn arguments_are_tuples_or_lists() {
        assert_eq!(Encoded::arguments(&()).unwrap().bytes(), [5, 0, 0, 0, 0]);
        let two = Encoded::arguments(&("a", 2)).unwrap();
        assert_eq!(two.bytes(), doc! { "0": "a", "1": 2 }.to_vec().unwrap());
        assert!(Encoded::arguments(&"a").is_err_and(|e| e.message().contains("(value,)")));
        assert!(Encoded::arguments(&doc! {}).is_err());
    }

    #[test]
    fn results_come_back_as_the_type_asked_for() {
        let written = answer(&Some(7)).unwrap();
        assert_eq!(written, doc! { "result": 7 }.to_vec().unwrap());
        assert_eq!(result::<i64>(&written).unwrap(), 7);
        assert_eq!(answer(&()).unwrap(), doc! {}.to_vec().unwrap());
        assert_eq!(answer(&None::<i32>).unwrap(), doc! { "result": Bson::Null }.to_vec().unwrap());

        let nothing = doc! {}.to_vec().unwrap();
        assert_eq!(result::<Option<i32>>(&nothing).unwrap(), None);
        result::<()>(&nothing).unwrap();
        assert!(result::<i32>(&nothing).is_err_and(|e| e.message().contains("returned nothing")));
        assert!(answer(&u64::MAX).is_err_and(|e| e.message().contains("cannot be written")));
    }
}
