//! From JavaScript to BSON.

use rquickjs::atom::PredefinedAtom;
use rquickjs::{Atom, Coerced, Ctx, Exception, Function, Object, Result, TypedArray, Value};
use usher_contract::limits;

use crate::bytes;
use crate::classes::{Class, Classes, Kind};
use crate::numbers::{Numbers, Whole};
use crate::state::MARKED;

/// Encodes what belongs to one stay in the engine.
pub(crate) struct Encoder<'a, 'js> {
    pub(crate) classes: &'a Classes<'a, 'js>,
    pub(crate) numbers: &'a Numbers,
    out: Vec<u8>,
    depth: usize,
}

/// BSON's own numbers of its types.
mod tag {
    pub(super) const DOUBLE: u8 = 0x01;
    pub(super) const STRING: u8 = 0x02;
    pub(super) const DOCUMENT: u8 = 0x03;
    pub(super) const ARRAY: u8 = 0x04;
    pub(super) const BINARY: u8 = 0x05;
    pub(super) const UNDEFINED: u8 = 0x06;
    pub(super) const OBJECT_ID: u8 = 0x07;
    pub(super) const BOOL: u8 = 0x08;
    pub(super) const DATE: u8 = 0x09;
    pub(super) const NULL: u8 = 0x0a;
    pub(super) const REGEX: u8 = 0x0b;
    pub(super) const DB_POINTER: u8 = 0x0c;
    pub(super) const CODE: u8 = 0x0d;
    pub(super) const SYMBOL: u8 = 0x0e;
    pub(super) const CODE_WITH_SCOPE: u8 = 0x0f;
    pub(super) const INT32: u8 = 0x10;
    pub(super) const TIMESTAMP: u8 = 0x11;
    pub(super) const INT64: u8 = 0x12;
    pub(super) const DECIMAL128: u8 = 0x13;
    pub(super) const MIN_KEY: u8 = 0xff;
    pub(super) const MAX_KEY: u8 = 0x7f;
}

/// A subtype whose payload has a length of its own in front.
const OLD_BINARY: u8 = 2;

impl<'a, 'js> Encoder<'a, 'js> {
    pub(crate) fn new(classes: &'a Classes<'a, 'js>, numbers: &'a Numbers) -> Self {
        Self { classes, numbers, out: Vec::with_capacity(256), depth: 0 }
    }

    fn ctx(&self) -> &Ctx<'js> {
        &self.classes.ctx
    }

    /// The bytes of an object.
    pub(crate) fn document(mut self, value: &Value<'js>) -> Result<Vec<u8>> {
        let Some(object) = value.as_object().filter(|_| !value.is_function()) else {
            let message = format!("expected a document, not {}", value.type_name());
            return Err(Exception::throw_type(self.ctx(), &message));
        };
        self.fields(object)?;
        Ok(self.out)
    }

    /// The bytes of an array, as the contract passes arguments and pipelines.
    pub(crate) fn array(mut self, value: &Value<'js>) -> Result<Vec<u8>> {
        let Some(array) = value.as_array() else {
            let message = format!("expected an array, not {}", value.type_name());
            return Err(Exception::throw_type(self.ctx(), &message));
        };
        self.items(array.as_object(), array.len())?;
        Ok(self.out)
    }

    /// `{result: value}`; without the field where there is no value.
    pub(crate) fn result(self, value: &Value<'js>) -> Result<Vec<u8>> {
        self.fields_of(&[("result", value)])
    }

    /// `{result: value, response: value}`, as a function answers a request; without the field where there is no value.
    pub(crate) fn responded(self, result: &Value<'js>, response: &Value<'js>) -> Result<Vec<u8>> {
        self.fields_of(&[("result", result), ("response", response)])
    }

    fn fields_of(mut self, fields: &[(&str, &Value<'js>)]) -> Result<Vec<u8>> {
        let start = self.begin();
        for (name, value) in fields {
            if !value.is_undefined() && !value.is_function() {
                self.element(name, value, None)?;
            }
        }
        self.end(start);
        Ok(self.out)
    }

    fn begin(&mut self) -> usize {
        let start = self.out.len();
        self.out.extend_from_slice(&[0; 4]);
        start
    }

    fn end(&mut self, start: usize) {
        self.out.push(0);
        let length = u32::try_from(self.out.len() - start).unwrap_or(u32::MAX);
        self.out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    }

    fn deeper(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > limits::DOCUMENT_DEPTH {
            let message = format!("nested deeper than {} levels, or in a circle", limits::DOCUMENT_DEPTH);
            return Err(Exception::throw_type(self.ctx(), &message));
        }
        if self.out.len() > limits::DOCUMENT_BYTES {
            let message = format!("larger than the {} bytes of a document", limits::DOCUMENT_BYTES);
            return Err(Exception::throw_range(self.ctx(), &message));
        }
        Ok(())
    }

    fn marks(&self, object: &Object<'js>) -> Result<Option<Object<'js>>> {
        if !MARKED.get() {
            return Ok(None);
        }
        object.get(self.classes.types()?)
    }

    fn fields(&mut self, object: &Object<'js>) -> Result<()> {
        self.deeper()?;
        let start = self.begin();
        let marks = self.marks(object)?;
        for field in object.props::<Atom<'js>, Value<'js>>() {
            let (name, value) = field?;
            // Functions are no data; a method of a class instance would be one.
            if value.is_function() {
                continue;
            }
            // By way of a string: an atom's own text would end at a NUL.
            let name = bytes::text(&name.to_js_string()?)?;
            let mark = marks.as_ref().and_then(|marks| marks.get::<_, Option<i32>>(&*name).ok().flatten());
            self.element(&name, &value, mark.and_then(Whole::from_mark))?;
        }
        self.end(start);
        self.depth -= 1;
        Ok(())
    }

    fn items(&mut self, array: &Object<'js>, length: usize) -> Result<()> {
        self.deeper()?;
        let start = self.begin();
        let marks = self.marks(array)?;
        for index in 0..length {
            #[allow(clippy::cast_possible_truncation, reason = "an array of the engine has at most 2^32 items")]
            let mut value: Value<'js> = array.get(index as u32)?;
            if value.is_function() {
                value = Value::new_null(self.ctx().clone());
            }
            let key = index.to_string();
            let mark = marks.as_ref().and_then(|marks| marks.get::<_, Option<i32>>(&*key).ok().flatten());
            self.element(&key, &value, mark.and_then(Whole::from_mark))?;
        }
        self.end(start);
        self.depth -= 1;
        Ok(())
    }

    fn key(&mut self, tag: u8, name: &str) -> Result<()> {
        if name.contains('\0') {
            return Err(Exception::throw_type(self.ctx(), "the name of a field holds a NUL"));
        }
        self.out.push(tag);
        self.out.extend_from_slice(name.as_bytes());
        self.out.push(0);
        Ok(())
    }

    fn text(&mut self, text: &str) {
        let length = u32::try_from(text.len() + 1).unwrap_or(u32::MAX);
        self.out.extend_from_slice(&length.to_le_bytes());
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(0);
    }

    fn cstring(&mut self, text: &str) -> Result<()> {
        if text.contains('\0') {
            return Err(Exception::throw_type(self.ctx(), "a regular expression holds a NUL"));
        }
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(0);
        Ok(())
    }

    fn number(&mut self, name: &str, number: f64, kind: Whole) -> Result<()> {
        #[allow(clippy::cast_possible_truncation, reason = "the kind says that it fits")]
        match kind {
            Whole::Int32 => {
                self.key(tag::INT32, name)?;
                self.out.extend_from_slice(&(number as i32).to_le_bytes());
            }
            Whole::Long => {
                self.key(tag::INT64, name)?;
                self.out.extend_from_slice(&(number as i64).to_le_bytes());
            }
            Whole::Double => {
                self.key(tag::DOUBLE, name)?;
                self.out.extend_from_slice(&number.to_le_bytes());
            }
        }
        Ok(())
    }

    fn element(&mut self, name: &str, value: &Value<'js>, mark: Option<Whole>) -> Result<()> {
        if let Some(integer) = value.as_int() {
            return self.number(name, f64::from(integer), mark.unwrap_or(Whole::Int32));
        }
        if let Some(number) = value.as_float() {
            let kind = match mark {
                // A field keeps its kind where the number fits it.
                Some(Whole::Long) if number.fract() == 0.0 && number.abs() <= crate::numbers::SAFE => Whole::Long,
                Some(Whole::Double) => Whole::Double,
                _ => self.numbers.kind(number),
            };
            return self.number(name, number, kind);
        }
        if let Some(text) = value.as_string() {
            let text = bytes::text(text)?;
            self.key(tag::STRING, name)?;
            self.text(&text);
            return Ok(());
        }
        if let Some(yes) = value.as_bool() {
            self.key(tag::BOOL, name)?;
            self.out.push(u8::from(yes));
            return Ok(());
        }
        if value.is_null() {
            return self.key(tag::NULL, name);
        }
        if let Some(big) = value.as_big_int() {
            let digits: Coerced<String> = big.get()?;
            let Ok(number) = digits.parse::<i64>() else {
                return Err(Exception::throw_range(
                    self.ctx(),
                    &format!("{name}: a BigInt beyond the 64 bits of a Long"),
                ));
            };
            self.key(tag::INT64, name)?;
            self.out.extend_from_slice(&number.to_le_bytes());
            return Ok(());
        }
        match value.as_object() {
            Some(object) => self.object(name, object),
            None => self.key(tag::UNDEFINED, name),
        }
    }

    fn object(&mut self, name: &str, object: &Object<'js>) -> Result<()> {
        match self.classes.kind(object)? {
            Kind::Plain => {
                self.key(tag::DOCUMENT, name)?;
                self.fields(object)
            }
            Kind::Array => self.list(name, object),
            Kind::Date => self.date(name, object),
            Kind::RegExp => self.regexp(name, object),
            Kind::Bson(class) => self.bson(name, object, class),
            Kind::Other => self.other(name, object),
        }
    }

    fn list(&mut self, name: &str, object: &Object<'js>) -> Result<()> {
        self.key(tag::ARRAY, name)?;
        let length: f64 = object.get(PredefinedAtom::Length)?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the length of an array is whole")]
        self.items(object, length as usize)
    }

    fn date(&mut self, name: &str, object: &Object<'js>) -> Result<()> {
        let time = self.classes.time(object)?;
        if !time.is_finite() {
            return self.key(tag::NULL, name);
        }
        self.key(tag::DATE, name)?;
        #[allow(clippy::cast_possible_truncation, reason = "a date has at most 8.64e15 milliseconds")]
        self.out.extend_from_slice(&(time as i64).to_le_bytes());
        Ok(())
    }

    fn regexp(&mut self, name: &str, object: &Object<'js>) -> Result<()> {
        let (source, flags): (String, String) = (object.get("source")?, object.get("flags")?);
        // Of JavaScript's flags MongoDB knows these.
        let options: String = flags.chars().filter(|flag| "imsu".contains(*flag)).collect();
        self.key(tag::REGEX, name)?;
        self.cstring(&source)?;
        self.cstring(&options)
    }

    /// An object of a class of its own: of another `bson` package, bytes, or data with methods.
    fn other(&mut self, name: &str, object: &Object<'js>) -> Result<()> {
        if object.is_array() {
            return self.list(name, object);
        }
        if let Ok(bytes) = TypedArray::<u8>::from_object(object.clone()) {
            return self.binary(name, 0, &bytes::copy(&bytes));
        }
        if let Some(buffer) = rquickjs::ArrayBuffer::from_object(object.clone()) {
            return self.binary(name, 0, &bytes::copy_buffer(&buffer));
        }
        let kind: Value<'js> = object.get("_bsontype")?;
        if let Some(class) =
            kind.as_string().and_then(|kind| kind.to_string().ok()).and_then(|kind| Class::named(&kind))
        {
            return self.bson(name, object, class);
        }
        let get_time: Value<'js> = object.get("getTime")?;
        if get_time.is_function() && self.classes.time(object).is_ok() {
            return self.date(name, object);
        }
        self.ctx().catch();
        let to_bson: Value<'js> = object.get("toBSON")?;
        if let Some(to_bson) = to_bson.as_function() {
            let value: Value<'js> = to_bson.call((rquickjs::function::This(object.clone()),))?;
            if value.as_object() != Some(object) {
                self.deeper()?;
                self.element(name, &value, None)?;
                self.depth -= 1;
                return Ok(());
            }
        }
        self.key(tag::DOCUMENT, name)?;
        self.fields(object)
    }

    fn binary(&mut self, name: &str, subtype: u8, bytes: &[u8]) -> Result<()> {
        self.key(tag::BINARY, name)?;
        let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes();
        if subtype == OLD_BINARY {
            self.out.extend_from_slice(&length(bytes.len() + 4));
            self.out.push(subtype);
        } else {
            self.out.extend_from_slice(&length(bytes.len()));
            self.out.push(subtype);
            self.out.extend_from_slice(bytes);
            return Ok(());
        }
        self.out.extend_from_slice(&length(bytes.len()));
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn hex(&mut self, object: &Object<'js>) -> Result<()> {
        let own: Value<'js> = object.get("hex")?;
        let digits = match own.as_string() {
            Some(digits) => digits.to_string()?,
            // That of another `bson` package.
            None => method(object, "toHexString")?,
        };
        let mut id = [0; 12];
        if hex::decode_to_slice(&digits, &mut id).is_err() {
            return Err(Exception::throw_type(self.ctx(), &format!("not an ObjectId: {digits}")));
        }
        self.out.extend_from_slice(&id);
        Ok(())
    }

    fn bson(&mut self, name: &str, object: &Object<'js>, class: Class) -> Result<()> {
        match class {
            Class::ObjectId => {
                self.key(tag::OBJECT_ID, name)?;
                self.hex(object)
            }
            Class::Long => {
                self.key(tag::INT64, name)?;
                self.halves(object)
            }
            Class::Timestamp => {
                self.key(tag::TIMESTAMP, name)?;
                self.halves(object)
            }
            Class::Int32 => {
                let number: f64 = method(object, "valueOf")?;
                self.number(name, number, Whole::Int32)
            }
            Class::Double => {
                let number: f64 = method(object, "valueOf")?;
                self.number(name, number, Whole::Double)
            }
            Class::Decimal128 => {
                let bytes: TypedArray<'js, u8> = object.get("bytes")?;
                let bytes: [u8; 16] = bytes::copy(&bytes)
                    .try_into()
                    .map_err(|_| Exception::throw_type(self.ctx(), "a Decimal128 has 16 bytes"))?;
                self.key(tag::DECIMAL128, name)?;
                self.out.extend_from_slice(&bytes);
                Ok(())
            }
            Class::Binary => {
                let subtype: Option<u8> = object.get("sub_type")?;
                let buffer: TypedArray<'js, u8> = object.get("buffer")?;
                // Another `bson` package keeps a larger buffer than it has content.
                let position: Option<usize> = object.get("position")?;
                let bytes = bytes::copy(&buffer);
                let end = position.unwrap_or(bytes.len()).min(bytes.len());
                self.binary(name, subtype.unwrap_or(0), &bytes[..end])
            }
            Class::BSONRegExp => {
                let (pattern, options): (String, String) = (object.get("pattern")?, object.get("options")?);
                self.key(tag::REGEX, name)?;
                self.cstring(&pattern)?;
                self.cstring(&options)
            }
            Class::BSONSymbol => {
                let text: String = object.get("value")?;
                self.key(tag::SYMBOL, name)?;
                self.text(&text);
                Ok(())
            }
            Class::Code => self.code(name, object),
            Class::DBPointer => {
                let (namespace, id): (String, Object<'js>) = (object.get("namespace")?, object.get("oid")?);
                self.key(tag::DB_POINTER, name)?;
                self.text(&namespace);
                self.hex(&id)
            }
            Class::MinKey => self.key(tag::MIN_KEY, name),
            Class::MaxKey => self.key(tag::MAX_KEY, name),
        }
    }

    fn halves(&mut self, object: &Object<'js>) -> Result<()> {
        for half in ["low", "high"] {
            let number: f64 = object.get(half)?;
            #[allow(clippy::cast_possible_truncation, reason = "a half has 32 bits, with a sign or without")]
            self.out.extend_from_slice(&(number as i64 as i32).to_le_bytes());
        }
        Ok(())
    }

    fn code(&mut self, name: &str, object: &Object<'js>) -> Result<()> {
        let code: String = object.get("code")?;
        let scope: Option<Object<'js>> = object.get("scope")?;
        let Some(scope) = scope else {
            self.key(tag::CODE, name)?;
            self.text(&code);
            return Ok(());
        };
        self.key(tag::CODE_WITH_SCOPE, name)?;
        let start = self.begin();
        self.text(&code);
        self.fields(&scope)?;
        let length = u32::try_from(self.out.len() - start).unwrap_or(u32::MAX);
        self.out[start..start + 4].copy_from_slice(&length.to_le_bytes());
        Ok(())
    }
}

fn method<'js, R: rquickjs::FromJs<'js>>(object: &Object<'js>, name: &str) -> Result<R> {
    let method: Function<'js> = object.get(name)?;
    method.call((rquickjs::function::This(object.clone()),))
}
