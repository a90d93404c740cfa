//! From an app's configuration and a caller to the scope of a grant.

use std::sync::Arc;

use bson::Bson;
use bson::oid::ObjectId;
use usher_app::{App, DataGrant, Reach};
use usher_capability::{Other, RowFilter, Scope, is_ordinary};
use usher_contract::{CollectionName, ErrorCode, Failure, Operations};
use usher_outbound::Origin;
use usher_rules::{Rules, Schema};

use crate::call::Caller;

/// What a handle reaches: a scope, and for a user the rules that govern it.
pub(crate) struct Reached {
    pub(crate) scope: Scope,
    pub(crate) rules: Option<Arc<Rules>>,
    pub(crate) schema: Option<Arc<Schema>>,
}

impl Reached {
    /// No rules apply: the scope says all.
    fn plain(scope: Scope) -> Self {
        Self { scope, rules: None, schema: None }
    }
}

/// The custom-data collection: all of it for the system, the caller's own document for a user, under the rules of the
/// collection where it has any.
pub(crate) fn custom_data(app: &App, caller: &Caller, system: bool) -> Result<Reached, Failure> {
    let config = &app.custom_user_data;
    if !config.enabled {
        return Err(Failure::new(
            ErrorCode::GrantNotFound,
            "custom user data is switched off for this app (auth/custom_user_data.json)",
        ));
    }
    let scope = Scope {
        database: config.database.clone(),
        collection: config.collection.clone(),
        rows: if system { None } else { Some(own(caller, &config.user_id_field)?) },
        operations: Operations::ALL,
        others: Vec::new(),
    };
    if system {
        return Ok(Reached::plain(scope));
    }
    Ok(ruled(app, &config.data_source, &scope).unwrap_or_else(|| Reached::plain(scope)))
}

/// A scope under the rules of its collection, where it has any.
fn ruled(app: &App, data_source: &str, scope: &Scope) -> Option<Reached> {
    let (database, collection) = (&scope.database, &scope.collection);
    let rules = app.rules.rules(data_source, database, collection)?.clone();
    let schema = app.rules.schema(data_source, database, collection).cloned();
    Some(Reached { scope: scope.clone(), rules: Some(rules), schema })
}

/// A collection that a user names: what its rules say, and without rules nothing.
pub(crate) fn under_rules(app: &App, name: &CollectionName) -> Result<Reached, Failure> {
    let CollectionName { data_source, database, collection, .. } = name;
    let scope = Scope {
        database: database.clone(),
        collection: collection.clone(),
        rows: None,
        operations: Operations::ALL,
        others: Vec::new(),
    };
    let ordinary = is_ordinary(database, collection);
    ruled(app, data_source, &scope).filter(|_| ordinary).ok_or_else(|| {
        Failure::new(
            ErrorCode::NoMatchingRuleFound,
            format!(
                "no rule exists for namespace '{database}.{collection}': users reach it only where its rules say so"
            ),
        )
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
        others: Vec::new(),
    })
}

/// A collection that a script names. For the system it is what `usher.json` grants to the acting function, and the
/// custom-data collection where that says nothing of it; for a user what the collection's rules say, and where the
/// custom-data collection has none, the user's own document.
pub(crate) fn by_name(app: &App, name: &CollectionName, caller: &Caller, system: bool) -> Result<Reached, Failure> {
    let config = &app.custom_user_data;
    let is_custom_data = config.enabled && config.database == name.database && config.collection == name.collection;
    if !system {
        return match under_rules(app, name) {
            Err(_) if is_custom_data => custom_data(app, caller, false),
            Err(_) => Err(Failure::new(
                ErrorCode::GrantNotFound,
                format!(
                    "the function \"{}\" runs on behalf of a user, and {}.{} has no rules: give it some, or set \
                     \"run_as_system\" in functions/config.json if the function checks for itself what the user may do",
                    name.acting, name.database, name.collection
                ),
            )),
            reached => reached,
        };
    }
    let mut operations: Option<Operations> = None;
    // A grant of every collection means those that could be granted one by one.
    if !is_ordinary(&name.database, &name.collection) {
        return Err(Failure::new(
            ErrorCode::GrantNotFound,
            format!("{}.{} is no collection of an app's own: no grant reaches it", name.database, name.collection),
        ));
    }
    for grant in granted(app, name).filter(|grant| grant.collection.as_ref().is_none_or(|it| *it == name.collection)) {
        if grant.database == name.database {
            operations = Some(joined(operations, grant.operations));
        }
    }
    let default = is_custom_data.then_some(Operations::ALL);
    let operations = operations.or(default).ok_or_else(|| {
        Failure::new(
            ErrorCode::GrantNotFound,
            format!(
                "the function \"{}\" was not granted {}.{} of the data source \"{}\"; add it to \"grants\" in usher.json, \
                 or let `usher import` write it",
                name.acting, name.database, name.collection, name.data_source
            ),
        )
    })?;
    let others = granted(app, name).map(|grant| Other {
        database: grant.database.clone(),
        collection: grant.collection.clone(),
        operations: grant.operations,
    });
    Ok(Reached::plain(Scope {
        database: name.database.clone(),
        collection: name.collection.clone(),
        rows: None,
        operations,
        others: others.collect(),
    }))
}

/// What `usher.json` grants to the acting function in a data source.
fn granted<'a>(app: &'a App, name: &'a CollectionName) -> impl Iterator<Item = &'a DataGrant> {
    app.usher.grants.iter().filter(|grant| grant.data_source == name.data_source && grant.is_for(&name.acting))
}

fn joined(first: Option<Operations>, second: Operations) -> Operations {
    let first = first.unwrap_or(Operations { read: false, insert: false, update: false, delete: false });
    Operations {
        read: first.read || second.read,
        insert: first.insert || second.insert,
        update: first.update || second.update,
        delete: first.delete || second.delete,
    }
}

/// Where a function may send HTTP requests.
pub(crate) fn origins(app: &App, function: &str) -> Vec<Origin> {
    let granted = app.usher.http.iter().filter(|grant| grant.is_for(function));
    let origin = |grant: &usher_app::HttpGrant| Origin {
        scheme: grant.scheme.clone(),
        host: grant.host.clone(),
        port: grant.port,
    };
    granted.map(origin).collect()
}

/// Whether `called` may act in an instance that was made for `entry`: it has the same grants, or the app chose to share
/// instances.
pub(crate) fn may_act(app: &App, entry: &str, acting: &str, system: bool) -> Result<(), Failure> {
    let refused = || {
        Failure::new(
            ErrorCode::GrantNotFound,
            format!("the function \"{acting}\" has other grants than \"{entry}\", in whose instance it runs"),
        )
    };
    if entry == acting {
        return Ok(());
    }
    let (Some(from), Some(to)) = (app.functions.get(entry), app.functions.get(acting)) else {
        return Err(refused());
    };
    let equal = system >= to.run_as_system && app.same_authority(from, to);
    if equal || app.usher.share_instance { Ok(()) } else { Err(refused()) }
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
