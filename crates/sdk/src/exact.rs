//! Documents and values read as they are.
//!
//! Read by serde, a [`Document`] that looks like Extended JSON (`{"$oid": "…"}`) becomes what it looks like. What a
//! client sends must not change its type on the way, so the types that hold anything are read past serde; that also
//! leaves the readers of Extended JSON, half a megabyte, out of most components.

use std::any::{Any, TypeId};

use bson::raw::RawBsonRef;
use bson::{Bson, Document};

use crate::error::Error;
use crate::user::User;

/// Whether `T` is one of the types that hold anything. The compiler knows, and leaves out the way not taken.
#[inline(always)]
pub(crate) fn reads<T: 'static>() -> bool {
    let wanted = TypeId::of::<T>();
    wanted == TypeId::of::<Document>()
        || wanted == TypeId::of::<Option<Document>>()
        || wanted == TypeId::of::<Bson>()
        || wanted == TypeId::of::<Option<Bson>>()
        || wanted == TypeId::of::<User>()
}

/// The value as a `T`, where that is one of those types.
pub(crate) fn value<T: 'static>(raw: RawBsonRef<'_>) -> Result<T, String> {
    same(|| document(raw))
        .or_else(|| same(|| optional(raw, document)))
        .or_else(|| same(|| any(raw)))
        .or_else(|| same(|| optional(raw, any)))
        .or_else(|| same(|| User::read(raw)))
        .unwrap_or_else(|| Err("cannot be read as it is".to_owned()))
}

/// A document.
pub(crate) fn document(raw: RawBsonRef<'_>) -> Result<Document, String> {
    match raw {
        RawBsonRef::Document(document) => Document::try_from(document).map_err(Error::bson),
        _ => Err(format!("invalid type: {:?}, expected a document", raw.element_type())),
    }
}

fn any(raw: RawBsonRef<'_>) -> Result<Bson, String> {
    Bson::try_from(raw).map_err(Error::bson)
}

fn optional<A>(
    raw: RawBsonRef<'_>,
    read: impl FnOnce(RawBsonRef<'_>) -> Result<A, String>,
) -> Result<Option<A>, String> {
    match raw {
        RawBsonRef::Null | RawBsonRef::Undefined => Ok(None),
        _ => read(raw).map(Some),
    }
}

/// What `make` makes, where that is a `T`; it is not called for another type.
fn same<A: 'static, T: 'static>(make: impl FnOnce() -> Result<A, String>) -> Option<Result<T, String>> {
    if TypeId::of::<A>() != TypeId::of::<T>() {
        return None;
    }
    let mut made = Some(make());
    (&mut made as &mut dyn Any).downcast_mut::<Option<Result<T, String>>>()?.take()
}
