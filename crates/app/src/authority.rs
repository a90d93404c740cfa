//! Which functions were handed the same things.

use crate::model::{App, DataGrant, Function, HttpGrant, RunAs};

impl App {
    /// Whether two functions were handed the same things, and act for the same user. Whether they run as the system is
    /// not part of it.
    pub fn same_authority(&self, one: &Function, other: &Function) -> bool {
        // What a rule or script says of a call has to be asked at each call.
        let asked = |function: &Function| {
            function.can_evaluate.is_some() || matches!(function.run_as_user, Some(RunAs::Script(_)))
        };
        if one.name != other.name && (asked(one) || asked(other) || one.run_as_user != other.run_as_user) {
            return false;
        }
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
