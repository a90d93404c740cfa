//! From BSON to JavaScript.

use bson::raw::{RawArray, RawBsonRef, RawDocument};
use rquickjs::{Array, Ctx, Exception, Object, Result, TypedArray, Value};

use crate::classes::{Class, Classes};
use crate::float::float;
use crate::numbers::{Numbers, SAFE, Whole};
use crate::state::MARKED;

/// Decodes what belongs to one stay in the engine.
pub(crate) struct Decoder<'a, 'js> {
    pub(crate) classes: &'a Classes<'a, 'js>,
    pub(crate) numbers: &'a mut Numbers,
}

fn broken(ctx: &Ctx<'_>, error: impl std::fmt::Display) -> rquickjs::Error {
    Exception::throw_message(ctx, &format!("not BSON: {error}"))
}

impl<'js> Decoder<'_, 'js> {
    fn ctx(&self) -> Ctx<'js> {
        self.classes.ctx.clone()
    }

    /// The document in these bytes.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<Object<'js>> {
        let document = RawDocument::from_bytes(bytes).map_err(|e| broken(&self.classes.ctx, e))?;
        self.document(document)
    }

    /// Documents that stand back to back.
    pub(crate) fn batch(&mut self, mut bytes: &[u8]) -> Result<Array<'js>> {
        let array = Array::new(self.ctx())?;
        let mut index = 0;
        while let Some(length) = bytes.first_chunk::<4>() {
            let length = usize::try_from(i32::from_le_bytes(*length)).unwrap_or_default();
            let Some((one, rest)) = bytes.split_at_checked(length.max(5)) else {
                return Err(broken(&self.classes.ctx, "a batch that breaks off"));
            };
            array.set(index, self.bytes(one)?)?;
            (index, bytes) = (index + 1, rest);
        }
        Ok(array)
    }

    /// Arguments: a BSON array, whose whole numbers decide what sums of them become.
    pub(crate) fn arguments(&mut self, bytes: &[u8]) -> Result<Vec<Value<'js>>> {
        let document = RawDocument::from_bytes(bytes).map_err(|e| broken(&self.classes.ctx, e))?;
        let mut arguments = Vec::new();
        for element in document {
            let (_, value) = element.map_err(|e| broken(&self.classes.ctx, e))?;
            match value {
                RawBsonRef::Int32(_) => self.numbers.argument(Whole::Int32),
                RawBsonRef::Int64(_) => self.numbers.argument(Whole::Long),
                RawBsonRef::Double(_) => self.numbers.argument(Whole::Double),
                _ => {}
            }
            arguments.push(self.value(value)?.0);
        }
        Ok(arguments)
    }

    fn document(&mut self, document: &RawDocument) -> Result<Object<'js>> {
        let object = Object::new(self.ctx())?;
        let mut marks: Option<Object<'js>> = None;
        for element in document {
            let (key, value) = element.map_err(|e| broken(&self.classes.ctx, e))?;
            let key = key.as_str();
            let (value, kind) = self.value(value)?;
            if key == "__proto__" {
                // As data, and not as what a plain assignment would do to the object.
                define(&object, key, value)?;
            } else {
                object.set(key, value)?;
            }
            if let Some(kind) = kind {
                mark(&self.classes.ctx, &mut marks, key, kind)?;
            }
        }
        if let Some(marks) = marks {
            MARKED.set(true);
            object.set(self.classes.types()?, marks)?;
        }
        Ok(object)
    }

    fn array(&mut self, items: &RawArray) -> Result<Array<'js>> {
        let array = Array::new(self.ctx())?;
        let mut marks: Option<Object<'js>> = None;
        for (index, item) in items.into_iter().enumerate() {
            let (value, kind) = self.value(item.map_err(|e| broken(&self.classes.ctx, e))?)?;
            array.set(index, value)?;
            if let Some(kind) = kind {
                mark(&self.classes.ctx, &mut marks, &index.to_string(), kind)?;
            }
        }
        if let Some(marks) = marks {
            MARKED.set(true);
            array.as_object().set(self.classes.types()?, marks)?;
        }
        Ok(array)
    }

    /// A value, and what a whole number was where JavaScript cannot tell.
    pub(crate) fn value(&mut self, value: RawBsonRef<'_>) -> Result<(Value<'js>, Option<Whole>)> {
        let ctx = self.ctx();
        let value = match value {
            RawBsonRef::String(text) => rquickjs::String::from_str(ctx, text)?.into_value(),
            RawBsonRef::Int32(number) => Value::new_int(ctx, number),
            RawBsonRef::Double(number) => {
                let whole = number.fract() == 0.0 && number.abs() <= SAFE;
                if whole {
                    self.numbers.came(number, Whole::Double);
                }
                return Ok((float(ctx, number), whole.then_some(Whole::Double)));
            }
            RawBsonRef::Int64(long) => {
                #[allow(clippy::cast_precision_loss, reason = "checked right below")]
                let number = long as f64;
                if number.abs() <= SAFE {
                    self.numbers.came(number, Whole::Long);
                    return Ok((float(ctx, number), Some(Whole::Long)));
                }
                let object = self.classes.make(Class::Long)?;
                halves(&object, long)?;
                object.into_value()
            }
            RawBsonRef::Boolean(yes) => Value::new_bool(ctx, yes),
            RawBsonRef::Null => Value::new_null(ctx),
            RawBsonRef::Undefined => Value::new_undefined(ctx),
            RawBsonRef::ObjectId(id) => self.one(Class::ObjectId, "hex", id.to_hex())?,
            RawBsonRef::DateTime(date) => self.classes.date(date.timestamp_millis())?,
            RawBsonRef::Document(document) => self.document(document)?.into_value(),
            RawBsonRef::Array(items) => self.array(items)?.into_value(),
            RawBsonRef::Decimal128(decimal) => {
                self.one(Class::Decimal128, "bytes", TypedArray::<u8>::new_copy(ctx, decimal.bytes())?)?
            }
            RawBsonRef::Binary(binary) => {
                let object = self.classes.make(Class::Binary)?;
                object.set("buffer", TypedArray::<u8>::new_copy(ctx, binary.bytes)?)?;
                object.set("sub_type", i32::from(u8::from(binary.subtype)))?;
                object.into_value()
            }
            RawBsonRef::Timestamp(timestamp) => {
                let object = self.classes.make(Class::Timestamp)?;
                object.set("low", timestamp.increment)?;
                object.set("high", timestamp.time)?;
                object.into_value()
            }
            RawBsonRef::RegularExpression(regex) => {
                let object = self.classes.make(Class::BSONRegExp)?;
                object.set("pattern", regex.pattern.as_str())?;
                object.set("options", regex.options.as_str())?;
                object.into_value()
            }
            RawBsonRef::Symbol(symbol) => self.one(Class::BSONSymbol, "value", symbol)?,
            RawBsonRef::JavaScriptCode(code) => self.one(Class::Code, "code", code)?,
            RawBsonRef::JavaScriptCodeWithScope(code) => {
                let object = self.classes.make(Class::Code)?;
                object.set("code", code.code)?;
                object.set("scope", self.document(code.scope)?)?;
                object.into_value()
            }
            RawBsonRef::DbPointer(pointer) => {
                let pointer = bson::Bson::try_from(RawBsonRef::DbPointer(pointer)).map_err(|e| broken(&ctx, e))?;
                self.pointer(&pointer)?
            }
            RawBsonRef::MinKey => self.classes.make(Class::MinKey)?.into_value(),
            RawBsonRef::MaxKey => self.classes.make(Class::MaxKey)?.into_value(),
        };
        Ok((value, None))
    }

    /// The crate shows the parts of a DBPointer only in Extended JSON.
    fn pointer(&mut self, pointer: &bson::Bson) -> Result<Value<'js>> {
        let json = pointer.clone().into_canonical_extjson();
        let parts = &json["$dbPointer"];
        let object = self.classes.make(Class::DBPointer)?;
        object.set("namespace", parts["$ref"].as_str().unwrap_or_default())?;
        let id = self.one(Class::ObjectId, "hex", parts["$id"]["$oid"].as_str().unwrap_or_default())?;
        object.set("oid", id)?;
        Ok(object.into_value())
    }

    fn one(&self, class: Class, field: &str, value: impl rquickjs::IntoJs<'js>) -> Result<Value<'js>> {
        let object = self.classes.make(class)?;
        object.set(field, value)?;
        Ok(object.into_value())
    }
}

/// The two halves of a Long.
fn halves(long: &Object<'_>, number: i64) -> Result<()> {
    #[allow(clippy::cast_possible_truncation, reason = "each half is what is wanted")]
    let (low, high) = (number as i32, (number >> 32) as i32);
    long.set("low", low)?;
    long.set("high", high)
}

fn define<'js>(object: &Object<'js>, key: &str, value: Value<'js>) -> Result<()> {
    let ctx = object.ctx();
    let descriptor = Object::new(ctx.clone())?;
    for flag in ["writable", "enumerable", "configurable"] {
        descriptor.set(flag, true)?;
    }
    descriptor.set("value", value)?;
    let define: rquickjs::Function<'js> = ctx.globals().get::<_, Object<'js>>("Object")?.get("defineProperty")?;
    define.call((object.clone(), key, descriptor))
}

fn mark<'js>(ctx: &Ctx<'js>, marks: &mut Option<Object<'js>>, key: &str, kind: Whole) -> Result<()> {
    let marks = match marks {
        Some(marks) => marks,
        // Without a prototype, so that no field's name finds anything else.
        none => none.insert(Object::new_proto(ctx.clone(), None)?),
    };
    marks.set(key, kind as i32)
}
