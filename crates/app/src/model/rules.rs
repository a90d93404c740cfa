//! Rules and schemas of an app's collections (reference 6.1).

use std::collections::BTreeMap;
use std::sync::Arc;

use usher_rules::{Rules, Schema};

/// The rules and schemas of every data source.
#[derive(Debug, Clone, Default)]
pub struct RuleBook {
    /// By data source, then by database and collection.
    pub collections: BTreeMap<String, BTreeMap<(String, String), CollectionRules>>,
    /// By data source: for collections without roles of their own.
    pub defaults: BTreeMap<String, Arc<Rules>>,
}

/// What the files of one collection say.
#[derive(Debug, Clone, Default)]
pub struct CollectionRules {
    /// `rules.json`.
    pub rules: Option<Arc<Rules>>,
    /// `schema.json`, where it says anything.
    pub schema: Option<Arc<Schema>>,
}

impl RuleBook {
    /// The rules of a collection: its own where it has roles, else those of its data source (reference 6.1). Without
    /// any, nobody but the system reaches it.
    pub fn rules(&self, data_source: &str, database: &str, collection: &str) -> Option<&Arc<Rules>> {
        let own = self.of(data_source, database, collection).and_then(|it| it.rules.as_ref());
        own.filter(|rules| rules.has_roles()).or_else(|| self.defaults.get(data_source))
    }

    /// The schema of a collection.
    pub fn schema(&self, data_source: &str, database: &str, collection: &str) -> Option<&Arc<Schema>> {
        self.of(data_source, database, collection).and_then(|it| it.schema.as_ref())
    }

    fn of(&self, data_source: &str, database: &str, collection: &str) -> Option<&CollectionRules> {
        self.collections.get(data_source)?.get(&(database.to_owned(), collection.to_owned()))
    }
}
