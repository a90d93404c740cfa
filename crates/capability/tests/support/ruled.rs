//! What the tests of collections under rules share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bson::{Bson, Document, doc};
use serde_json::{Value, json};
use usher_capability::{Context, RuledCollection, Ruling};
use usher_contract::{ErrorCode, Failure};
use usher_database::Transaction;
use usher_rules::{Facts, Rules, Schema, Surroundings};

use super::{ME, TestDatabase, whole};

/// The caller, and the functions of the app: `same` compares two arguments, `fail` fails.
pub struct Around {
    facts: Arc<Facts>,
    /// How often a function was called.
    calls: Arc<AtomicUsize>,
}

#[async_trait]
impl Surroundings for Around {
    async fn facts(&self) -> Result<Arc<Facts>, Failure> {
        Ok(self.facts.clone())
    }

    async fn call(&self, function: &str, arguments: Vec<Bson>) -> Result<Bson, Failure> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        match (function, arguments.as_slice()) {
            ("same", [one, other]) => Ok(Bson::Boolean(one == other)),
            _ => Err(Failure::new(ErrorCode::FunctionExecutionError, "no")),
        }
    }
}

/// The rules of a role list.
pub fn rules(roles: Value) -> Arc<Rules> {
    compiled(&json!({"roles": roles, "filters": []}))
}

pub fn compiled(rules: &Value) -> Arc<Rules> {
    Arc::new(Rules::compile(rules).unwrap_or_else(|problems| panic!("{problems:#?} in {rules}")))
}

/// Whose documents hold their id, they may do everything with: the template of App Services.
pub fn owners() -> Arc<Rules> {
    let own = json!({"owner": "%%user.id"});
    let filters = json!({"read": own, "write": own});
    rules(json!([{"name": "owner", "apply_when": {}, "document_filters": filters, "read": true, "write": true}]))
}

/// The same as a role that only owners have. It says nothing about a document as it would be.
pub fn owner_role() -> Arc<Rules> {
    rules(json!([{"name": "owner", "apply_when": {"owner": "%%user.id"}, "read": true, "write": true}]))
}

/// Everybody may do everything.
pub fn open() -> Arc<Rules> {
    rules(json!([{"name": "all", "apply_when": {}, "read": true, "write": true}]))
}

/// As [`owners`], but decided by a function.
pub fn owners_by_function() -> Arc<Rules> {
    let own = json!({"%%true": {"%function": {"name": "same", "arguments": ["%%root.owner", "%%user.id"]}}});
    let filters = json!({"read": own, "write": own});
    rules(json!([{"name": "owner", "apply_when": {}, "document_filters": filters, "read": true, "write": true}]))
}

pub fn ruling(rules: Arc<Rules>, schema: Option<Value>) -> Ruling {
    counted(rules, schema).0
}

/// A ruling, and how often it asks functions.
pub fn counted(rules: Arc<Rules>, schema: Option<Value>) -> (Ruling, Arc<AtomicUsize>) {
    let calls = Arc::<AtomicUsize>::default();
    let user = doc! {"id": ME, "type": "normal", "data": {}, "custom_data": {"team": "red"}, "identities": []};
    let facts = Facts { user, ..Facts::default() };
    let schema = schema.map(|json| Arc::new(Schema::compile(&json).unwrap().unwrap()));
    let around = Arc::new(Around { facts: Arc::new(facts), calls: calls.clone() });
    (Ruling { rules, schema, around }, calls)
}

impl TestDatabase {
    pub fn ruled(&self, rules: Arc<Rules>) -> RuledCollection {
        RuledCollection::new(self.context(), whole(), ruling(rules, None))
    }

    pub fn ruled_with_schema(&self, rules: Arc<Rules>, schema: Value) -> RuledCollection {
        RuledCollection::new(self.context(), whole(), ruling(rules, Some(schema)))
    }

    pub fn ruled_in(&self, rules: Arc<Rules>, transaction: Transaction) -> RuledCollection {
        RuledCollection::new(Context { transaction: Some(transaction), ..self.context() }, whole(), ruling(rules, None))
    }

    /// Puts these documents, and no others, into the collection.
    pub async fn holds(&self, documents: impl IntoIterator<Item = Document>) {
        self.raw().delete_many(doc! {}).await.unwrap();
        let documents: Vec<_> = documents.into_iter().collect();
        if !documents.is_empty() {
            self.raw().insert_many(documents).await.unwrap();
        }
    }
}
