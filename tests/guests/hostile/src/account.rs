//! Writes that a failure must undo.

use usher_sdk::bindings::invocation::InvocationReason;
use usher_sdk::bindings::{account, invocation};
use usher_sdk::bson::{Document, doc};

use crate::database::{NOTHING, bytes};
use crate::{Answer, number};

/// Inserts custom data: for the user that is about to be created, who is the first argument, else for the caller.
pub(crate) fn write(arguments: &[u8]) -> Answer {
    let user = match invocation::reason() {
        InvocationReason::UserCreation => field(arguments, "0"),
        _ => Document::from_reader(&*invocation::caller()?).ok(),
    };
    let id = user.and_then(|user| Some(user.get_str("id").ok()?.to_owned())).unwrap_or_else(|| "hostile".to_owned());
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

fn field(document: &[u8], name: &str) -> Option<Document> {
    Document::from_reader(document).ok()?.get_document(name).ok().cloned()
}

/// The facts of the invocation.
pub(crate) fn who_am_i() -> Answer {
    let caller = Document::from_reader(&*invocation::caller()?).unwrap_or_default();
    let app = Document::from_reader(&*invocation::app()).unwrap_or_default();
    let facts =
        doc! { "caller": caller, "app": app, "id": invocation::id(), "system": invocation::running_as_system() };
    Ok(bytes(&doc! { "result": facts }))
}
