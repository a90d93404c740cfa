//! One value inside BSON bytes, read straight into the type that is wanted.

use std::fmt;
use std::marker::PhantomData;

use bson::raw::{RawBsonRef, RawDocument};
use bson::spec::ElementType;
use serde::de::value::Error as MissingError;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

use crate::error::{Error, Result};
use crate::exact;

/// One element of a document or an array.
#[derive(Clone)]
pub(crate) struct Element<'a> {
    kind: ElementType,
    key: &'a str,
    /// Type, key and value.
    whole: &'a [u8],
    value: &'a [u8],
    pub(crate) raw: RawBsonRef<'a>,
}

impl<'a> Element<'a> {
    /// The elements of a document.
    pub(crate) fn all(bytes: &'a [u8]) -> Result<Vec<Self>> {
        let document = RawDocument::from_bytes(bytes).map_err(malformed)?;
        let mut elements = Vec::new();
        let mut start = 4; // the document's length
        for element in document.iter_elements() {
            let element = element.map_err(malformed)?;
            let key = element.key().as_str();
            let value = start + 1 + key.len() + 1;
            let end = value + element.size();
            elements.push(Self {
                kind: element.element_type(),
                key,
                whole: &bytes[start..end],
                value: &bytes[value..end],
                raw: element.value().map_err(malformed)?,
            });
            start = end;
        }
        Ok(elements)
    }

    /// The value of one field; `None` where the document has no such field.
    pub(crate) fn field(bytes: &'a [u8], key: &str) -> Result<Option<Self>> {
        Ok(Self::all(bytes)?.into_iter().find(|element| element.key == key))
    }

    /// The value as a `T`. `undefined`, which clients send for an argument left out, is a missing value to a type
    /// that allows one.
    pub(crate) fn decode<T: DeserializeOwned + 'static>(&self) -> Result<T, String> {
        if exact::reads::<T>() {
            return exact::value(self.raw);
        }
        if self.kind == ElementType::Undefined
            && let Some(value) = missing()
        {
            return Ok(value);
        }
        let decoded = if self.kind == ElementType::EmbeddedDocument {
            bson::deserialize_from_slice(self.value)
        } else {
            // The crate reads whole documents only, so the element becomes one.
            let length = 4 + self.whole.len() + 1;
            let mut document = Vec::with_capacity(length);
            document.extend_from_slice(&i32::try_from(length).unwrap_or(i32::MAX).to_le_bytes());
            document.extend_from_slice(self.whole);
            document.push(0);
            bson::deserialize_from_slice(&document).map(|Only(value)| value)
        };
        decoded.map_err(Error::bson)
    }
}

/// What a `T` is where nothing was given: `None` for an `Option`, nothing for most others.
pub(crate) fn missing<T: DeserializeOwned>() -> Option<T> {
    T::deserialize(Missing).ok()
}

fn malformed(error: bson::error::Error) -> Error {
    Error::new(format_args!("not a BSON document: {}", Error::bson(error))).with_code("InvalidDocument")
}

/// The value of a document's only field.
struct Only<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Only<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OnlyVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for OnlyVisitor<T> {
            type Value = Only<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a document with one field")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                map.next_key::<IgnoredAny>()?;
                map.next_value().map(Only)
            }
        }

        deserializer.deserialize_map(OnlyVisitor(PhantomData))
    }
}

/// Gives `None` to what asks for an option and nothing to anybody else, as serde does for a field left out.
struct Missing;

impl<'de> Deserializer<'de> for Missing {
    type Error = MissingError;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, MissingError> {
        Err(serde::de::Error::custom("missing"))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, MissingError> {
        visitor.visit_none()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
