//! Callers, their surroundings and the tables of cases.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bson::{Bson, Document, bson, doc};
use serde_json::{Deserializer, Value, json};
use usher_contract::value::from_extended_json;
use usher_contract::{ErrorCode, Failure};
use usher_rules::{Bound, Facts, Rules, Surroundings};

/// The world of one caller.
pub struct World {
    facts: Arc<Facts>,
    /// Every function that was called, with its arguments.
    pub calls: Mutex<Vec<(String, Vec<Bson>)>>,
    pub asked_for_account: AtomicBool,
}

impl World {
    /// `ann` has custom data; `hex` has an id that could be an ObjectId's; everybody else has their name alone.
    pub fn of(caller: &str) -> Arc<Self> {
        let user = match caller {
            "ann" => doc! {
                "id": "ann",
                "type": "normal",
                "data": { "email": "ann@example.org" },
                "custom_data": {
                    "team": "red", "teams": ["red", "blue", Bson::Null], "level": 3, "admin": true, "nothing": Bson::Null,
                    "oid": "0123456789abcdef01234567", "trick": { "$ne": 1 },
                    "friends": [{ "id": "bob" }, { "id": "cid" }],
                    "pattern": Bson::RegularExpression(bson::Regex { pattern: bson::raw::cstr!(".*").into(), options: bson::raw::cstr!("").into() }),
                },
                "identities": [{ "provider_type": "local-userpass" }],
            },
            "hex" => doc! { "id": "0123456789abcdef01234567", "type": "normal", "data": {}, "identities": [] },
            other => doc! { "id": other, "type": "server", "data": {}, "identities": [] },
        };
        Self::with(Facts {
            user,
            values: Arc::new(doc! { "limit": 10, "admins": ["ann", "dee"] }),
            environment: Arc::new(doc! { "tag": "production", "values": { "region": "eu" } }),
            request: doc! { "remoteIPAddress": "127.0.0.1", "httpMethod": "POST" },
        })
    }

    pub fn with(facts: Facts) -> Arc<Self> {
        Arc::new(Self { facts: Arc::new(facts), calls: Mutex::default(), asked_for_account: AtomicBool::default() })
    }
}

#[async_trait]
impl Surroundings for World {
    async fn facts(&self) -> Result<Arc<Facts>, Failure> {
        self.asked_for_account.store(true, Ordering::Relaxed);
        Ok(self.facts.clone())
    }

    async fn presented(&self) -> Result<Arc<Facts>, Failure> {
        let mut facts = Facts::clone(&self.facts);
        facts.user = facts.user.into_iter().filter(|(name, _)| name == "id" || name == "custom_data").collect();
        Ok(Arc::new(facts))
    }

    async fn call(&self, function: &str, arguments: Vec<Bson>) -> Result<Bson, Failure> {
        self.calls.lock().expect("no test panics here").push((function.to_owned(), arguments.clone()));
        Ok(match (function, arguments.as_slice()) {
            ("isAnn", [id]) => Bson::Boolean(*id == bson!("ann")),
            ("same", [one, other]) => Bson::Boolean(one == other),
            ("teams", _) => bson!(["red", "green"]),
            ("word", _) => bson!("true"),
            ("nothing", _) => Bson::Undefined,
            ("busy", _) => return Err(Failure::new(ErrorCode::Overloaded, "busy")),
            _ => return Err(Failure::new(ErrorCode::FunctionExecutionError, "it throws")),
        })
    }
}

pub async fn bind(rules: &Value, world: &Arc<World>) -> Bound {
    let rules = Rules::compile(rules).unwrap_or_else(|problems| panic!("{rules}: {problems:?}"));
    Arc::new(rules).bind(world.clone()).await.expect("they bind")
}

pub fn document(json: &Value) -> Document {
    match from_extended_json(json.clone()).expect("Extended JSON") {
        Bson::Document(document) => document,
        other => panic!("{other} is no document"),
    }
}

/// One line of a table: who does what to which documents, and what comes of it.
pub struct Case {
    pub line: usize,
    pub rules: Value,
    pub caller: String,
    pub operation: String,
    pub documents: Vec<Document>,
    pub expected: Vec<String>,
}

/// Reads a table: `role {…}` and `filter {…}` after an empty line begin rules anew; a case is
/// `caller operation document… -> outcome`.
pub fn table(text: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    let (mut roles, mut filters) = (Vec::new(), Vec::new());
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() {
            (roles, filters) = (Vec::new(), Vec::new());
        } else if let Some(role) = line.strip_prefix("role ") {
            roles.push(parse(role, index).remove(0));
        } else if let Some(filter) = line.strip_prefix("filter ") {
            filters.push(parse(filter, index).remove(0));
        } else if !line.starts_with('#') {
            let (asked, expected) = line.split_once("->").unwrap_or_else(|| panic!("line {}: no ->", index + 1));
            let mut words = asked.splitn(3, ' ');
            let mut word = || words.next().expect("three words").to_owned();
            let (caller, operation, documents) = (word(), word(), word());
            cases.push(Case {
                line: index + 1,
                rules: json!({ "roles": roles, "filters": filters }),
                caller,
                operation,
                documents: parse(&documents, index).iter().map(document).collect(),
                expected: expected.split_whitespace().map(str::to_owned).collect(),
            });
        }
    }
    cases
}

pub fn parse(text: &str, index: usize) -> Vec<Value> {
    let values: Result<Vec<Value>, _> = Deserializer::from_str(text).into_iter().collect();
    values.unwrap_or_else(|e| panic!("line {}: {e}", index + 1))
}
