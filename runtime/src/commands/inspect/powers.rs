//! What a function can touch, as a set that can be compared.

use std::collections::BTreeSet;

use usher_app::{App, Function, Reach, UsherConfig};
use usher_contract::Operations;

/// With whose grants a function runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Those of the user who called.
    Caller,
    /// Those of the system.
    System,
}

/// Documents that a function reaches, and what it may do to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Access {
    pub(super) database: String,
    /// `None` for every collection of the database.
    pub(super) collection: Option<String>,
    pub(super) rows: Rows,
    pub(super) operations: Operations,
}

/// Which documents of a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rows {
    /// All of them.
    All,
    /// The caller's custom data.
    CustomData,
    /// Those whose given field holds the caller's id.
    Own(String),
    /// Those that the rules of the collection give to the caller.
    Ruled,
}

/// In the place of a database: every collection that has no roles of its own, where there are default rules.
pub(super) const DEFAULT_RULES: &str = "*";

/// Everything that a function can touch by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Powers {
    pub(super) access: Vec<Access>,
    /// Origins that it may send requests to.
    pub(super) http: BTreeSet<String>,
    /// It may delete the caller's account.
    pub(super) delete_account: bool,
}

impl Powers {
    /// What a function's code can reach when it runs in a mode. Where an app shares instances, the host takes the word
    /// of the code for which function is acting, so each has the powers of all.
    pub(super) fn of(app: &App, function: &Function, mode: Mode) -> Self {
        let mut powers = Self::granted(app, function, mode);
        if app.usher.share_instance {
            for other in app.functions.values() {
                powers.join(Self::granted(app, other, mode_of(other, mode)));
            }
        }
        powers
    }

    /// What the configuration hands to a function.
    fn granted(app: &App, function: &Function, mode: Mode) -> Self {
        let mut powers = Self::default();
        let custom = &app.custom_user_data;
        if custom.enabled {
            let ruled = app.rules.rules(&custom.data_source, &custom.database, &custom.collection).is_some();
            powers.add(Access {
                database: custom.database.clone(),
                collection: Some(custom.collection.clone()),
                rows: match mode {
                    Mode::System => Rows::All,
                    Mode::Caller if ruled => Rows::Ruled,
                    Mode::Caller => Rows::CustomData,
                },
                operations: Operations::ALL,
            });
        }
        for grant in &function.grants {
            powers.add(Access {
                database: grant.database.clone(),
                collection: Some(grant.collection.clone()),
                // The same in both modes: the configuration says whose documents they are.
                rows: match &grant.reach {
                    Reach::Collection => Rows::All,
                    Reach::Own { field } => Rows::Own(field.clone()),
                },
                operations: grant.operations,
            });
        }
        // Collections by name: what was granted to the system, and what the rules give to users.
        match mode {
            Mode::System => {
                for grant in app.usher.grants.iter().filter(|grant| is_for(&grant.functions, function)) {
                    powers.add(Access {
                        database: grant.database.clone(),
                        collection: grant.collection.clone(),
                        rows: Rows::All,
                        operations: grant.operations,
                    });
                }
            }
            Mode::Caller => ruled(app).into_iter().for_each(|access| powers.add(access)),
        }
        powers.http = origins(&app.usher, function);
        powers.delete_account = function.account.delete;
        powers
    }

    fn add(&mut self, access: Access) {
        let same = |other: &&mut Access| {
            other.database == access.database && other.collection == access.collection && other.rows == access.rows
        };
        match self.access.iter_mut().find(same) {
            Some(other) => other.operations = either(other.operations, access.operations),
            None => self.access.push(access),
        }
    }

    fn join(&mut self, other: Self) {
        other.access.into_iter().for_each(|access| self.add(access));
        self.http.extend(other.http);
        self.delete_account |= other.delete_account;
    }

    /// Whether everything that `other` can touch is in reach already.
    pub(super) fn cover(&self, other: &Self) -> bool {
        other.access.iter().all(|access| self.covers(access))
            && other.http.is_subset(&self.http)
            && (self.delete_account || !other.delete_account)
    }

    fn covers(&self, wanted: &Access) -> bool {
        let enclosing = self.access.iter().filter(|access| {
            access.database == wanted.database
                && (access.collection.is_none() || access.collection == wanted.collection)
                && (access.rows == Rows::All || access.rows == wanted.rows)
        });
        let none = Operations { read: false, insert: false, update: false, delete: false };
        let reached = enclosing.fold(none, |sum, access| either(sum, access.operations));
        either(reached, wanted.operations) == reached
    }
}

/// The collections whose rules have roles, and the others where there are default rules.
fn ruled(app: &App) -> Vec<Access> {
    let access = |database: &str, collection: Option<&str>| Access {
        database: database.to_owned(),
        collection: collection.map(str::to_owned),
        rows: Rows::Ruled,
        operations: Operations::ALL,
    };
    let collections = app.rules.collections.values().flatten();
    let with_roles = collections.filter(|(_, it)| it.rules.as_ref().is_some_and(|rules| rules.has_roles()));
    let mut ruled: Vec<Access> =
        with_roles.map(|((database, collection), _)| access(database, Some(collection))).collect();
    if !app.rules.defaults.is_empty() {
        ruled.push(access(DEFAULT_RULES, None));
    }
    ruled
}

/// The mode in which a function runs when code that runs in `mode` calls it.
pub(super) fn mode_of(function: &Function, mode: Mode) -> Mode {
    if function.run_as_system { Mode::System } else { mode }
}

/// Functions that it can call and that can touch more than it can by itself, by name.
pub(super) fn stronger<'a>(app: &'a App, function: &Function, mode: Mode) -> Vec<&'a str> {
    let own = Powers::of(app, function, mode);
    let others = app.functions.values().filter(|other| other.name != function.name);
    others
        .filter(|other| !own.cover(&Powers::of(app, other, mode_of(other, mode))))
        .map(|it| it.name.as_str())
        .collect()
}

fn origins(usher: &UsherConfig, function: &Function) -> BTreeSet<String> {
    let granted = usher.http.iter().filter(|grant| is_for(&grant.functions, function));
    granted.map(crate::commands::import::origin).collect()
}

/// An empty list is for all.
fn is_for(functions: &[String], function: &Function) -> bool {
    functions.is_empty() || functions.contains(&function.name)
}

fn either(a: Operations, b: Operations) -> Operations {
    Operations {
        read: a.read || b.read,
        insert: a.insert || b.insert,
        update: a.update || b.update,
        delete: a.delete || b.delete,
    }
}
