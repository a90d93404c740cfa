//! The BSON classes: JavaScript objects whose prototypes the prelude registers.

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

/// The same for one stay in the engine.
pub(crate) struct Classes<'js> {
    pub(crate) ctx: Ctx<'js>,
    prototypes: Vec<Object<'js>>,
    object: Object<'js>,
    array: Object<'js>,
    date: Object<'js>,
    regexp: Object<'js>,
    date_constructor: Function<'js>,
    get_time: Function<'js>,
    /// Marks, on an object that was decoded, the numbers that JavaScript cannot tell apart.
    pub(crate) types: Symbol<'js>,
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

    pub(crate) fn restore<'js>(&self, ctx: &Ctx<'js>) -> Result<Classes<'js>> {
        Ok(Classes {
            prototypes: self.classes.iter().map(|class| class.clone().restore(ctx)).collect::<Result<_>>()?,
            object: self.object.clone().restore(ctx)?,
            array: self.array.clone().restore(ctx)?,
            date: self.date.clone().restore(ctx)?,
            regexp: self.regexp.clone().restore(ctx)?,
            date_constructor: self.date_constructor.clone().restore(ctx)?,
            get_time: self.get_time.clone().restore(ctx)?,
            types: self.types.clone().restore(ctx)?,
            ctx: ctx.clone(),
        })
    }
}

impl<'js> Classes<'js> {
    /// A new instance without its fields.
    pub(crate) fn make(&self, class: Class) -> Result<Object<'js>> {
        Object::new_proto(self.ctx.clone(), self.prototypes.get(class as usize))
    }

    pub(crate) fn date(&self, milliseconds: i64) -> Result<Value<'js>> {
        #[allow(clippy::cast_precision_loss, reason = "a date of JavaScript is a double of milliseconds")]
        let time = milliseconds as f64;
        let constructor = self.date_constructor.as_constructor().cloned();
        constructor.ok_or(rquickjs::Error::Unknown)?.construct((time,))
    }

    /// The time of a date; NaN for an invalid one.
    pub(crate) fn time(&self, date: &Object<'js>) -> Result<f64> {
        self.get_time.call((rquickjs::function::This(date.clone()),))
    }

    /// What an object is. Most are plain, so that is looked at first.
    pub(crate) fn kind(&self, object: &Object<'js>) -> Kind {
        let Some(prototype) = object.get_prototype() else { return Kind::Plain };
        if prototype == self.object {
            return Kind::Plain;
        }
        if prototype == self.array {
            return Kind::Array;
        }
        if prototype == self.date {
            return Kind::Date;
        }
        if let Some(index) = self.prototypes.iter().position(|known| *known == prototype) {
            return Kind::Bson(Class::ALL[index].1);
        }
        if prototype == self.regexp { Kind::RegExp } else { Kind::Other }
    }
}
