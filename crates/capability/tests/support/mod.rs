//! What the tests of this crate share: operations in few words, scopes, and a real database.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "each test binary uses a part of it")]

pub mod ruled;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use bson::oid::ObjectId;
use bson::{Bson, Document, doc};
use usher_capability::{Context, RowFilter, Scope, ScopedCollection};
use usher_contract::{Collection, Failure, Operation, Operations, Reply, value};
use usher_database::{ConnectOptions, Database, Embedded, Transaction};

pub const FIELD: &str = "owner";

/// The caller's id.
pub const ME: &str = "64b000000000000000000001";
/// Somebody else's.
pub const OTHER: &str = "64b000000000000000000002";

pub fn bytes(document: Document) -> Vec<u8> {
    value::bytes(&document).unwrap()
}

pub fn array(items: impl IntoIterator<Item = Document>) -> Vec<u8> {
    value::array_bytes(items.into_iter().map(Bson::Document)).unwrap()
}

/// The part of a collection whose `field` holds an id, as a string or as an ObjectId.
pub fn rows_of(field: &str, id: &str) -> Scope {
    let values = vec![Bson::String(id.to_owned()), Bson::ObjectId(ObjectId::parse_str(id).unwrap())];
    Scope { rows: Some(RowFilter { field: field.to_owned(), values }), ..whole() }
}

/// The caller's own documents.
pub fn mine() -> Scope {
    rows_of(FIELD, ME)
}

/// The whole collection.
pub fn whole() -> Scope {
    Scope {
        database: "app".to_owned(),
        collection: "users".to_owned(),
        rows: None,
        operations: Operations::ALL,
        others: vec![],
    }
}

pub fn find_one(filter: Document) -> Operation {
    Operation::FindOne { filter: bytes(filter), options: bytes(doc! {}) }
}

pub fn find(filter: Document, options: Document) -> Operation {
    Operation::Find { filter: bytes(filter), options: bytes(options) }
}

pub fn aggregate(pipeline: impl IntoIterator<Item = Document>) -> Operation {
    Operation::Aggregate { pipeline: array(pipeline), options: bytes(doc! {}) }
}

pub fn count(filter: Document) -> Operation {
    Operation::Count { filter: bytes(filter), options: bytes(doc! {}) }
}

pub fn distinct(field: &str, filter: Document) -> Operation {
    Operation::Distinct { field: field.to_owned(), filter: bytes(filter), options: bytes(doc! {}) }
}

pub fn insert(document: Document) -> Operation {
    Operation::InsertOne { document: bytes(document) }
}

pub fn insert_many(documents: impl IntoIterator<Item = Document>, options: Document) -> Operation {
    Operation::InsertMany { documents: documents.into_iter().flat_map(bytes).collect(), options: bytes(options) }
}

pub fn update(filter: Document, update: Document, options: Document) -> Operation {
    Operation::UpdateOne { filter: bytes(filter), update: bytes(update), options: bytes(options) }
}

pub fn update_many(filter: Document, update: Document, options: Document) -> Operation {
    Operation::UpdateMany { filter: bytes(filter), update: bytes(update), options: bytes(options) }
}

pub fn update_by(stages: impl IntoIterator<Item = Document>, options: Document) -> Operation {
    Operation::UpdateOne { filter: bytes(doc! {}), update: array(stages), options: bytes(options) }
}

pub fn replace(filter: Document, replacement: Document, options: Document) -> Operation {
    Operation::ReplaceOne { filter: bytes(filter), replacement: bytes(replacement), options: bytes(options) }
}

pub fn delete(filter: Document) -> Operation {
    Operation::DeleteOne { filter: bytes(filter), options: bytes(doc! {}) }
}

pub fn delete_many(filter: Document) -> Operation {
    Operation::DeleteMany { filter: bytes(filter), options: bytes(doc! {}) }
}

pub fn find_and_update(filter: Document, update: Document, options: Document) -> Operation {
    Operation::FindOneAndUpdate { filter: bytes(filter), update: bytes(update), options: bytes(options) }
}

pub fn find_and_replace(filter: Document, replacement: Document, options: Document) -> Operation {
    Operation::FindOneAndReplace { filter: bytes(filter), replacement: bytes(replacement), options: bytes(options) }
}

pub fn find_and_delete(filter: Document, options: Document) -> Operation {
    Operation::FindOneAndDelete { filter: bytes(filter), options: bytes(options) }
}

/// An operation that can be read when a test shows it.
#[derive(Clone)]
pub struct Act(pub Operation);

impl std::fmt::Debug for Act {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let all = |bytes: &[u8]| {
            value::batch(bytes)
                .unwrap()
                .into_iter()
                .map(|raw| Document::try_from(raw).unwrap().to_string())
                .collect::<Vec<_>>()
                .join(" ")
        };
        let mut show = |name: &str, parts: &[&[u8]]| {
            write!(f, "{name} {}", parts.iter().map(|part| all(part)).collect::<Vec<_>>().join(" | "))
        };
        match &self.0 {
            Operation::FindOne { filter, options } => show("find-one", &[filter, options]),
            Operation::Find { filter, options } => show("find", &[filter, options]),
            Operation::Aggregate { pipeline, options } => show("aggregate", &[pipeline, options]),
            Operation::Count { filter, options } => show("count", &[filter, options]),
            Operation::Distinct { field, filter, options } => show(&format!("distinct {field}"), &[filter, options]),
            Operation::InsertOne { document } => show("insert-one", &[document]),
            Operation::InsertMany { documents, options } => show("insert-many", &[documents, options]),
            Operation::UpdateOne { filter, update, options } => show("update-one", &[filter, update, options]),
            Operation::UpdateMany { filter, update, options } => show("update-many", &[filter, update, options]),
            Operation::ReplaceOne { filter, replacement, options } => {
                show("replace-one", &[filter, replacement, options])
            }
            Operation::DeleteOne { filter, options } => show("delete-one", &[filter, options]),
            Operation::DeleteMany { filter, options } => show("delete-many", &[filter, options]),
            Operation::FindOneAndUpdate { filter, update, options } => {
                show("find-one-and-update", &[filter, update, options])
            }
            Operation::FindOneAndReplace { filter, replacement, options } => {
                show("find-one-and-replace", &[filter, replacement, options])
            }
            Operation::FindOneAndDelete { filter, options } => show("find-one-and-delete", &[filter, options]),
        }
    }
}

/// A database of its own, which ends with the test.
pub struct TestDatabase {
    pub database: Database,
    _embedded: Embedded,
    _data: tempfile::TempDir,
}

impl TestDatabase {
    pub async fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let program = program();
        let embedded = Embedded::start(data.path(), program.as_deref())
            .await
            .unwrap_or_else(|error| panic!("`cargo xtask setup` installs the database that this test needs: {error}"));
        let database = Database::connect(embedded.uri(), ConnectOptions::default()).await.unwrap();
        Self { database, _embedded: embedded, _data: data }
    }

    pub fn context(&self) -> Context {
        Context {
            database: self.database.clone(),
            invocation: "65a0000000000000000000ff".to_owned(),
            deadline: Instant::now() + Duration::from_secs(600),
            transaction: None,
        }
    }

    pub fn collection(&self, scope: Scope) -> ScopedCollection {
        ScopedCollection::new(self.context(), scope)
    }

    pub fn joined(&self, scope: Scope, transaction: Transaction) -> ScopedCollection {
        ScopedCollection::new(Context { transaction: Some(transaction), ..self.context() }, scope)
    }

    /// The same collection without a guard.
    pub fn raw(&self) -> mongodb::Collection<Document> {
        self.database.client().database("app").collection("users")
    }

    /// Every document, in the order of insertion.
    pub async fn all(&self) -> Vec<Document> {
        self.all_of("users").await
    }

    pub async fn all_of(&self, collection: &str) -> Vec<Document> {
        use futures::TryStreamExt as _;
        let collection = self.database.client().database("app").collection(collection);
        collection.find(doc! {}).await.unwrap().try_collect().await.unwrap()
    }
}

/// The program to test with, where one is set up for the workspace.
fn program() -> Option<PathBuf> {
    let in_workspace = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/bin/secantusd-rs");
    std::env::var_os("USHER_DATABASE_PROGRAM")
        .map(PathBuf::from)
        .or_else(|| in_workspace.exists().then_some(in_workspace))
}

/// The document that an operation answers.
pub async fn document(collection: &impl Collection, operation: Operation) -> Result<Option<Document>, Failure> {
    match collection.execute(operation).await? {
        Reply::Document(document) => Ok(document.map(|bytes| Document::from_reader(bytes.as_slice()).unwrap())),
        _ => panic!("not a document"),
    }
}

/// Every document that an operation answers, whatever its kind; the number of a count as `{n}`.
pub async fn answer(collection: &impl Collection, operation: Operation) -> Result<Vec<Document>, Failure> {
    Ok(match collection.execute(operation).await? {
        Reply::Document(document) => {
            document.into_iter().map(|bytes| Document::from_reader(bytes.as_slice()).unwrap()).collect()
        }
        Reply::Count(number) => vec![doc! {"n": i64::try_from(number).unwrap()}],
        Reply::Cursor(mut cursor) => {
            let mut documents = Vec::new();
            loop {
                let batch = cursor.next_batch().await?;
                if batch.is_empty() {
                    break documents;
                }
                documents.extend(value::batch(&batch).unwrap().into_iter().map(|raw| Document::try_from(raw).unwrap()));
            }
        }
    })
}
