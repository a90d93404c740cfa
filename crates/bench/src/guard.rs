//! The guard beside copying the same filter into the same command without looking at it.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::Result;
use bson::oid::ObjectId;
use bson::raw::RawDocumentBuf;
use bson::{Bson, Document, doc};
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
        others: Vec::new(),
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
    let pieces = Pieces::new(id)?;
    let floor = || {
        for _ in 0..CHECKS {
            black_box(copy(black_box(&operation), &pieces)?);
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

/// The command that the guard would build, from pieces that are copied one after the other without a look inside.
fn copy(operation: &Operation, pieces: &Pieces) -> Result<RawDocumentBuf> {
    let Operation::FindOne { filter, options } = operation else {
        anyhow::bail!("the benchmark guards a find-one");
    };
    // The options are one document, `{projection: {…}}`: its elements without the frame.
    let projection = &options[4..options.len() - 1];
    let mut bytes = Vec::with_capacity(512);
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&pieces.head);
    let filter_at = open(&mut bytes, 3, b"filter");
    let and_at = open(&mut bytes, 4, b"$and");
    bytes.extend_from_slice(&pieces.rows);
    bytes.extend_from_slice(b"\x031\0");
    bytes.extend_from_slice(filter);
    close(&mut bytes, and_at)?;
    close(&mut bytes, filter_at)?;
    bytes.extend_from_slice(projection);
    bytes.extend_from_slice(&pieces.tail);
    close(&mut bytes, 0)?;
    Ok(RawDocumentBuf::from_bytes(bytes)?)
}

/// What is the same in every command.
struct Pieces {
    head: Vec<u8>,
    rows: Vec<u8>,
    tail: Vec<u8>,
}

impl Pieces {
    fn new(id: ObjectId) -> Result<Self> {
        let inside = |document: Document| -> Result<Vec<u8>> {
            let bytes = document.to_vec()?;
            Ok(bytes[4..bytes.len() - 1].to_vec())
        };
        Ok(Self {
            head: inside(doc! { "find": "custom_data" })?,
            rows: inside(doc! { "0": { "user_id": { "$in": [id.to_hex(), id] } } })?,
            tail: inside(doc! {
                "limit": 1_i64, "singleBatch": true, "maxTimeMS": 30_000_i64, "comment": "0123456789abcdef01234567",
            })?,
        })
    }
}

fn open(bytes: &mut Vec<u8>, kind: u8, name: &[u8]) -> usize {
    bytes.push(kind);
    bytes.extend_from_slice(name);
    bytes.push(0);
    let at = bytes.len();
    bytes.extend_from_slice(&[0; 4]);
    at
}

fn close(bytes: &mut Vec<u8>, at: usize) -> Result<()> {
    bytes.push(0);
    let length = i32::try_from(bytes.len() - at)?;
    bytes[at..at + 4].copy_from_slice(&length.to_le_bytes());
    Ok(())
}
