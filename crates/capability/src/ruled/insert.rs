//! Inserts.

use std::sync::Arc;

use bson::Document;
use bson::oid::ObjectId;
use usher_contract::{Collection, Failure, Operation, Reply, value};
use usher_rules::Operation as Kind;

use super::RuledCollection;
use super::judge::Judge;
use super::named::no_twins;
use super::operation::{Options, parsed};

impl RuledCollection {
    /// Inserts documents: none of them unless all are permitted. One whose key is taken ends an ordered insert, as
    /// without rules.
    pub(super) async fn insert(&self, judge: &Arc<Judge>, operation: Operation) -> Result<Reply, Failure> {
        self.scoped.check(&operation)?;
        if judge.free(Kind::Insert) {
            return self.scoped.execute(operation).await;
        }
        let allowed = match operation {
            Operation::InsertOne { document } => {
                Operation::InsertOne { document: value::bytes(&permitted(judge, &document).await?)? }
            }
            Operation::InsertMany { documents, options } => {
                Options::read(&options)?;
                let mut all = Vec::with_capacity(documents.len());
                for document in value::batch(&documents)? {
                    all.extend(value::bytes(&permitted(judge, document.as_bytes()).await?)?);
                }
                Operation::InsertMany { documents: all, options }
            }
            other => other,
        };
        self.scoped.execute(allowed).await
    }
}

/// The document with an `_id`, where it may be inserted: exactly what the rules were asked about.
async fn permitted(judge: &Judge, document: &[u8]) -> Result<Document, Failure> {
    no_twins(value::document(document)?)?;
    let mut document = parsed(document)?;
    if !document.contains_key("_id") {
        let rest = std::mem::take(&mut document);
        document.insert("_id", ObjectId::new());
        document.extend(rest);
    }
    judge.insert(&document).await?;
    Ok(document)
}
