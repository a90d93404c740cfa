//! Roles and filters of a collection, or of every collection that has none of its own.

mod filter;
mod reader;
mod role;

use std::sync::Arc;

use serde_json::Value;
use usher_contract::Failure;

use crate::expression::binder::{Binder, Calls};
use crate::expression::decide::{Memory, settle};
use crate::problem::Problems;
use crate::{Bound, Problem, Surroundings};
pub(crate) use filter::{BoundFilter, Filter};
pub(crate) use role::{Field, Fields, Permission, Role, map_fields};

/// The roles and filters of one collection.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    roles: Vec<Role>,
    filters: Vec<Filter>,
    /// Whether they speak of what only the user's account tells.
    ask_for_account: bool,
}

impl Rules {
    /// Compiles `{roles, filters}` of a `rules.json` or `default_rule.json`; other members are not looked at.
    ///
    /// # Errors
    /// Every problem in it.
    pub fn compile(json: &Value) -> Result<Self, Vec<Problem>> {
        let mut problems = Problems::default();
        let (roles, filters) = reader::rules(json, &mut problems);
        let ask_for_account = roles.iter().any(Role::asks_for_account) || filters.iter().any(Filter::asks_for_account);
        problems.finish(Self { roles, filters, ask_for_account })
    }

    /// Whether there are roles at all: a collection without any falls back to the default rules (reference 6.1).
    pub fn has_roles(&self) -> bool {
        !self.roles.is_empty()
    }

    /// Rules that say filters and no roles, with the roles of the default rules, whose filters they keep as well: a
    /// filter that was written for a collection has to narrow it, whoever says its roles. Others stay as they are.
    #[must_use]
    pub fn with_defaults(self, defaults: &Self) -> Self {
        if self.has_roles() || self.filters.is_empty() {
            return self;
        }
        Self {
            roles: defaults.roles.clone(),
            filters: self.filters.into_iter().chain(defaults.filters.iter().cloned()).collect(),
            ask_for_account: self.ask_for_account || defaults.ask_for_account,
        }
    }

    /// Decides, for one caller, whatever does not depend on a document.
    ///
    /// # Errors
    /// Where the surroundings cannot give their facts.
    pub async fn bind(self: &Arc<Self>, around: Arc<dyn Surroundings>) -> Result<Bound, Failure> {
        let facts = if self.ask_for_account { around.facts().await? } else { around.presented().await? };
        let parts = settle(&around, &Memory::default(), |memo| {
            let binder = Binder { facts: &facts, memo, calls: Calls::Now };
            let filters = self.filters.iter().map(|filter| filter.bind(&binder)).collect::<Result<Vec<_>, _>>()?;
            Ok((crate::bound::roles(&self.roles, &binder)?, filters.into_iter().flatten().collect()))
        })
        .await?;
        let (roles, filters) = parts;
        Ok(Bound::new(around, roles, filters))
    }
}
