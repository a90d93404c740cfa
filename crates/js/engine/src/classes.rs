//! The BSON classes: JavaScript objects whose prototypes the prelude registers.

use std::cell::OnceCell;

use rquickjs::{Ctx, Function, Object, Persistent, Result, Symbol, Value};

/// The classes of the prelude, in the order in which they are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    ObjectId,
    Long,
    Int32,
    Double,
    Decimal128,
    Binary,
    Timestamp,
    MinKey,
    MaxKey,
    BSONRegExp,
    BSONSymbol,
    Code,
    DBPointer,
}

impl Class {
    const ALL: [(&'static str, Self); 13] = [
        ("ObjectId", Self::ObjectId),
        ("Long", Self::Long),
        ("Int32", Self::Int32),
        ("Double", Self::Double),
        ("Decimal128", Self::Decimal128),
        ("Binary", Self::Binary),
        ("Timestamp", Self::Timestamp),
        ("MinKey", Self::MinKey),
        ("MaxKey", Self::MaxKey),
        ("BSONRegExp", Self::BSONRegExp),
        ("BSONSymbol", Self::BSONSymbol),
        ("Code", Self::Code),
        ("DBPointer", Self::DBPointer),
    ];

    /// By the name that `_bsontype` has, also in the `bson` package of npm.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "ObjectID" => Some(Self::ObjectId),
            "Symbol" => Some(Self::BSONSymbol),
            name => Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, class)| *class),
        }
    }
}

/// What encoding and decoding need at hand, kept from deploy to call.
pub(crate) struct Kept {
    classes: Vec<Persistent<Object<'static>>>,
    object: Persistent<Object<'static>>,
    array: Persistent<Object<'static>>,
    date: Persistent<Object<'static>>,
    regexp: Persistent<Object<'static>>,
    date_constructor: Persistent<Function<'static>>,
    get_time: Persistent<Function<'static>>,
    types: Persistent<Symbol<'static>>,
}

/// The same for one stay in the engine. Each is looked at when it is first needed: whatever is touched costs a page of
/// this call's memory.
pub(crate) struct Classes<'a, 'js> {
    pub(crate) ctx: Ctx<'js>,
    kept: &'a Kept,
    object: OnceCell<Object<'js>>,
    array: OnceCell<Object<'js>>,
    date: OnceCell<Object<'js>>,
    types: OnceCell<Symbol<'js>>,
}

/// What an object is, by its prototype.
pub(crate) enum Kind {
    Plain,
    Array,
    Date,
    RegExp,
    Bson(Class),
    Other,
}

fn prototype<'js>(ctx: &Ctx<'js>, constructor: &str) -> Result<Object<'js>> {
    ctx.globals().get::<_, Object<'js>>(constructor)?.get("prototype")
}

impl Kept {
    /// From the object that the prelude registers.
    pub(crate) fn new<'js>(ctx: &Ctx<'js>, registered: &Object<'js>) -> Result<Self> {
        let save = |object: Object<'js>| Persistent::save(ctx, object);
        let mut classes = Vec::with_capacity(Class::ALL.len());
        for (name, _) in Class::ALL {
            classes.push(save(registered.get::<_, Object<'js>>(name)?.get("prototype")?));
        }
        let date = prototype(ctx, "Date")?;
        let get_time: Function<'js> = date.get("getTime")?;
        Ok(Self {
            classes,
            object: save(prototype(ctx, "Object")?),
            array: save(prototype(ctx, "Array")?),
            regexp: save(prototype(ctx, "RegExp")?),
            date_constructor: Persistent::save(ctx, ctx.globals().get::<_, Function<'js>>("Date")?),
            get_time: Persistent::save(ctx, get_time),
            date: save(date),
            types: Persistent::save(ctx, Symbol::with_description(ctx.clone(), "usher.types")?),
        })
    }

    pub(crate) fn restore<'js>(&self, ctx: &Ctx<'js>) -> Classes<'_, 'js> {
        Classes {
            ctx: ctx.clone(),
            kept: self,
            object: OnceCell::new(),
            array: OnceCell::new(),
            date: OnceCell::new(),
            types: OnceCell::new(),
        }
    }
}

/// What was kept, looked at once.
fn once<T: Clone>(cell: &OnceCell<T>, restore: impl FnOnce() -> Result<T>) -> Result<T> {
    if let Some(known) = cell.get() {
        return Ok(known.clone());
    }
    let restored = restore()?;
    Ok(cell.get_or_init(|| restored).clone())
}

impl<'js> Classes<'_, 'js> {
    /// A new instance without its fields.
    pub(crate) fn make(&self, class: Class) -> Result<Object<'js>> {
        let prototype = self.kept.classes.get(class as usize).cloned().ok_or(rquickjs::Error::Unknown)?;
        Object::new_proto(self.ctx.clone(), Some(&prototype.restore(&self.ctx)?))
    }

    /// What marks, on an object that was decoded, the numbers that JavaScript cannot tell apart.
    pub(crate) fn types(&self) -> Result<Symbol<'js>> {
        once(&self.types, || self.kept.types.clone().restore(&self.ctx))
    }

    pub(crate) fn date(&self, milliseconds: i64) -> Result<Value<'js>> {
        #[allow(clippy::cast_precision_loss, reason = "a date of JavaScript is a double of milliseconds")]
        let time = milliseconds as f64;
        let constructor = self.kept.date_constructor.clone().restore(&self.ctx)?;
        constructor.as_constructor().ok_or(rquickjs::Error::Unknown)?.construct((time,))
    }

    /// The time of a date; NaN for an invalid one.
    pub(crate) fn time(&self, date: &Object<'js>) -> Result<f64> {
        self.kept.get_time.clone().restore(&self.ctx)?.call((rquickjs::function::This(date.clone()),))
    }

    /// What an object is. Most are plain, so that is looked at first.
    pub(crate) fn kind(&self, object: &Object<'js>) -> Result<Kind> {
        let Some(prototype) = object.get_prototype() else { return Ok(Kind::Plain) };
        if prototype == once(&self.object, || self.kept.object.clone().restore(&self.ctx))? {
            return Ok(Kind::Plain);
        }
        if prototype == once(&self.array, || self.kept.array.clone().restore(&self.ctx))? {
            return Ok(Kind::Array);
        }
        if prototype == once(&self.date, || self.kept.date.clone().restore(&self.ctx))? {
            return Ok(Kind::Date);
        }
        for ((_, class), kept) in Class::ALL.iter().zip(&self.kept.classes) {
            if prototype == kept.clone().restore(&self.ctx)? {
                return Ok(Kind::Bson(*class));
            }
        }
        let regexp = self.kept.regexp.clone().restore(&self.ctx)?;
        Ok(if prototype == regexp { Kind::RegExp } else { Kind::Other })
    }
}
