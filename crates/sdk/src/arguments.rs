//! The arguments of a call.

use bson::Bson;
use bson::raw::{RawBson, RawBsonRef};
use serde::de::DeserializeOwned;

use crate::element::{Element, missing};
use crate::error::{Error, Result};

/// Every argument of a call, as it came: no BSON type is lost or turned into another.
///
/// A function with one parameter of this type takes any number of arguments.
pub struct Arguments {
    bytes: Vec<u8>,
}

impl Arguments {
    /// From the bytes of a BSON array.
    ///
    /// # Errors
    /// `InvalidDocument` where the bytes are none.
    pub fn new(bytes: Vec<u8>) -> Result<Self> {
        Element::all(&bytes)?;
        Ok(Self { bytes })
    }

    /// The arguments as views of the bytes.
    pub fn iter(&self) -> impl Iterator<Item = RawBsonRef<'_>> {
        self.elements().into_iter().map(|element| element.raw)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The arguments with their bytes kept as they are.
    pub fn to_raw(&self) -> Vec<RawBson> {
        self.iter().map(RawBson::from).collect()
    }

    /// The arguments as values.
    ///
    /// # Errors
    /// `InvalidDocument` where one holds bytes that are not BSON.
    pub fn to_vec(&self) -> Result<Vec<Bson>> {
        self.iter().map(|value| Ok(Bson::try_from(value)?)).collect()
    }

    /// The argument at a position, counted from 0, as a `T`.
    ///
    /// # Errors
    /// Where there is none or it does not fit.
    pub fn get<T: DeserializeOwned + 'static>(&self, index: usize) -> Result<T> {
        one(&self.elements(), index, None)
    }

    /// For the attribute: the arguments of a function with these parameters.
    ///
    /// # Errors
    /// Where there are more arguments than parameters.
    #[doc(hidden)]
    pub fn named<'a>(&'a self, names: &'a [&'a str]) -> Result<Named<'a>> {
        let elements = self.elements();
        if elements.len() > names.len() {
            let takes = match names {
                [] => "no arguments".to_owned(),
                [name] => format!("1 argument ({name})"),
                _ => format!("{} arguments ({})", names.len(), names.join(", ")),
            };
            return Err(Error::new(format_args!("the function takes {takes}, got {}", elements.len())));
        }
        Ok(Named { elements, names, next: 0 })
    }

    fn elements(&self) -> Vec<Element<'_>> {
        // They were read once, in `new`.
        Element::all(&self.bytes).unwrap_or_default()
    }
}

/// The arguments of a function, one parameter after the other.
#[doc(hidden)]
pub struct Named<'a> {
    elements: Vec<Element<'a>>,
    names: &'a [&'a str],
    next: usize,
}

impl Named<'_> {
    /// The next parameter's value.
    ///
    /// # Errors
    /// Where there is none or it does not fit.
    #[allow(clippy::should_implement_trait, reason = "every value has a type of its own")]
    pub fn next<T: DeserializeOwned + 'static>(&mut self) -> Result<T> {
        let index = self.next;
        self.next += 1;
        one(&self.elements, index, self.names.get(index).copied())
    }
}

fn one<T: DeserializeOwned + 'static>(elements: &[Element<'_>], index: usize, name: Option<&str>) -> Result<T> {
    let value = match elements.get(index) {
        Some(element) => element.decode(),
        None => missing().ok_or_else(|| "missing".to_owned()),
    };
    value.map_err(|why| {
        let name = name.map(|name| format!(" ({name})")).unwrap_or_default();
        Error::new(format_args!("argument {}{name}: {why}", index + 1))
    })
}
