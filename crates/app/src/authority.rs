//! Which functions were handed the same things.

use crate::model::{App, DataGrant, Function, HttpGrant};

impl App {
    /// Whether two functions were handed the same things. Whether they run as the system is not part of it.
    pub fn same_authority(&self, one: &Function, other: &Function) -> bool {
        let collections = self.usher.grants.iter().all(|grant| grant.is_for(&one.name) == grant.is_for(&other.name));
        let origins = self.usher.http.iter().all(|grant| grant.is_for(&one.name) == grant.is_for(&other.name));
        let own = one.grants == other.grants && one.account == other.account && one.budget == other.budget;
        own && collections && origins
    }
}

impl DataGrant {
    /// Whether a function has this grant.
    pub fn is_for(&self, function: &str) -> bool {
        lists(&self.functions, function)
    }
}

impl HttpGrant {
    /// Whether a function has this grant.
    pub fn is_for(&self, function: &str) -> bool {
        lists(&self.functions, function)
    }
}

/// Whether a list of functions, of which an empty one means all, names a function.
fn lists(functions: &[String], function: &str) -> bool {
    functions.is_empty() || functions.iter().any(|it| it == function)
}
