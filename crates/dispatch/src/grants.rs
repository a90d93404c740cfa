//! From an app's configuration and a caller to the scope of a grant.

use bson::Bson;
use bson::oid::ObjectId;
use usher_app::{App, Reach};
use usher_capability::{RowFilter, Scope};
use usher_contract::{ErrorCode, Failure, Operations};

use crate::call::Caller;

/// The custom-data collection: all of it for the system, the caller's own document for a user.
pub(crate) fn custom_data(app: &App, caller: &Caller, system: bool) -> Result<Scope, Failure> {
    let config = &app.custom_user_data;
    if !config.enabled {
        return Err(Failure::new(
            ErrorCode::GrantNotFound,
            "custom user data is switched off for this app (auth/custom_user_data.json)",
        ));
    }
    Ok(Scope {
        database: config.database.clone(),
        collection: config.collection.clone(),
        rows: if system { None } else { Some(own(caller, &config.user_id_field)?) },
        operations: Operations::ALL,
    })
}

/// A collection that the configuration grants to a function. "Own" means the authenticated caller's, also in a
/// function that runs as the system: the configuration narrowed it on purpose.
pub(crate) fn named(app: &App, function: &str, name: &str, caller: &Caller) -> Result<Scope, Failure> {
    let grant = app
        .functions
        .get(function)
        .and_then(|function| function.grants.iter().find(|grant| grant.name == name))
        .ok_or_else(|| {
            Failure::new(
                ErrorCode::GrantNotFound,
                format!("the function \"{function}\" has no grant \"{name}\" (functions/config.json)"),
            )
        })?;
    let rows = match &grant.reach {
        Reach::Collection => None,
        Reach::Own { field } => Some(own(caller, field)?),
    };
    Ok(Scope {
        database: grant.database.clone(),
        collection: grant.collection.clone(),
        rows,
        operations: grant.operations,
    })
}

/// The rows that hold the caller's id, as a string or as an ObjectId (reference 1.2).
fn own(caller: &Caller, field: &str) -> Result<RowFilter, Failure> {
    let Caller::User { id, .. } = caller else {
        return Err(Failure::new(
            ErrorCode::GrantNotFound,
            "this grant reaches the caller's own documents, and no user is calling",
        ));
    };
    let mut values = vec![Bson::String(id.clone())];
    values.extend(ObjectId::parse_str(id).map(Bson::ObjectId));
    Ok(RowFilter { field: field.to_owned(), values })
}
