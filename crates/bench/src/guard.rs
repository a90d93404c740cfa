//! The guard beside copying the same filter into the same command without looking at it.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::Result;
use bson::oid::ObjectId;
use bson::raw::{RawDocument, RawDocumentBuf};
use bson::{Bson, doc, rawdoc};
use usher_capability::guard::{self, Call};
use usher_capability::{RowFilter, Scope};
use usher_contract::{Operation, Operations};

use crate::measure::{Row, microseconds};

const CHECKS: u32 = 200_000;
const ROUNDS: usize = 7;

pub(crate) fn run() -> Result<Row> {
    let id = ObjectId::new();
    let scope = Scope {
        database: "app".into(),
        collection: "custom_data".into(),
        rows: Some(RowFilter { field: "user_id".into(), values: vec![Bson::String(id.to_hex()), Bson::ObjectId(id)] }),
        operations: Operations::ALL,
    };
    let filter = doc! { "visits": { "$gte": 3 }, "tags": { "$in": ["a", "b"] } }.to_vec()?;
    let options = doc! { "projection": { "nickname": 1 } }.to_vec()?;
    let operation = Operation::FindOne { filter, options };
    let call = Call { invocation: "0123456789abcdef01234567", remaining: Duration::from_secs(30) };
    let ours = || {
        for _ in 0..CHECKS {
            black_box(guard::check(&scope, black_box(&operation), call)).map(drop)?;
        }
        anyhow::Ok(())
    };
    let hex = id.to_hex();
    let floor = || {
        for _ in 0..CHECKS {
            black_box(copy(black_box(&operation), id, &hex)?);
        }
        anyhow::Ok(())
    };
    let (mut of_ours, mut of_floor) = (Vec::new(), Vec::new());
    ours()?;
    floor()?;
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        ours()?;
        of_ours.push(microseconds(begin.elapsed(), CHECKS));
        let begin = Instant::now();
        floor()?;
        of_floor.push(microseconds(begin.elapsed(), CHECKS));
    }
    Ok(Row::new("guard", "µs", of_ours, of_floor))
}

/// The command that the guard would build, built by hand.
fn copy(operation: &Operation, id: ObjectId, hex: &str) -> Result<RawDocumentBuf> {
    let Operation::FindOne { filter, options } = operation else {
        anyhow::bail!("the benchmark guards a find-one");
    };
    let filter = RawDocument::from_bytes(filter)?;
    let options = RawDocument::from_bytes(options)?;
    let mut command = rawdoc! {
        "find": "custom_data",
        "filter": { "$and": [{ "user_id": { "$in": [hex, id] } }, filter.to_owned()] },
        "limit": 1_i64,
        "singleBatch": true,
        "maxTimeMS": 30_000_i64,
        "comment": "0123456789abcdef01234567",
    };
    command.append(bson::cstr!("projection"), options.get_document("projection")?.to_owned());
    Ok(command)
}
