//! The scopes that each operation is tried under.

use bson::Bson;
use bson::oid::ObjectId;
use usher_capability::{RowFilter, Scope};
use usher_contract::Operations;

/// The caller's id.
pub const ME: &str = "64b000000000000000000001";
/// Somebody else's.
pub const OTHER: &str = "64b000000000000000000002";

/// The whole collection, with every operation.
pub fn whole() -> Scope {
    Scope {
        database: "app".into(),
        collection: "users".into(),
        rows: None,
        operations: Operations::ALL,
        others: vec![],
    }
}

/// The caller's own documents: by a field of their own and by `_id`, each with the id in both forms, and by one value.
pub fn parts() -> Vec<Scope> {
    let text = Bson::String(ME.into());
    let both = || match ObjectId::parse_str(ME) {
        Ok(id) => vec![text.clone(), Bson::ObjectId(id)],
        Err(_) => vec![text.clone()],
    };
    [("owner", both()), ("_id", both()), ("owner", vec![text.clone()])]
        .into_iter()
        .map(|(field, values)| Scope { rows: Some(RowFilter { field: field.into(), values }), ..whole() })
        .collect()
}
