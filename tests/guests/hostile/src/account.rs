//! Writes that a failure must undo.

use usher_sdk::bindings::{account, invocation};
use usher_sdk::bson::{Bson, Document, doc};

use crate::database::{NOTHING, bytes};
use crate::{Answer, number};

/// Custom data for the user who is the first argument of a creation, else for the caller.
pub(crate) fn write() -> Answer {
    let caller = invocation::caller()?;
    let id = id(&caller).unwrap_or_else(|| "hostile".to_owned());
    invocation::custom_data()?.insert_one(&bytes(&doc! { "user_id": id, "written": true }))
}

/// Writes to the grant `audit`, and reads it back.
pub(crate) fn write_via_grant() -> Result<(), usher_sdk::bindings::Error> {
    let audit = invocation::grant("audit")?;
    audit.insert_one(&bytes(&doc! { "by": "hostile" }))?;
    audit.find_one(NOTHING, NOTHING)?;
    Ok(())
}

pub(crate) fn delete() -> Answer {
    account::delete()?;
    number(1)
}

fn id(caller: &[u8]) -> Option<String> {
    let caller: Document = Document::from_reader(caller).ok()?;
    match caller.get("id") {
        Some(Bson::String(id)) => Some(id.clone()),
        _ => None,
    }
}
