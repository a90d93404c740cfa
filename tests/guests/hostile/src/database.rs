//! The database, through the custom-data grant.

use usher_sdk::bindings::documents::{Collection, Cursor};
use usher_sdk::bindings::invocation;
use usher_sdk::bson::Document;

use crate::output::{large, nested};
use crate::{Answer, error, number};

/// An empty document.
pub(crate) const NOTHING: &[u8] = &[5, 0, 0, 0, 0];

pub(crate) fn bytes(document: &Document) -> Vec<u8> {
    document.to_vec().unwrap_or_default()
}

/// Twice what an invocation is allowed.
pub(crate) fn thousand_database_calls() -> Answer {
    let collection = invocation::custom_data()?;
    let mut calls = 0;
    for _ in 0..2_000 {
        collection.find_one(NOTHING, NOTHING)?;
        calls += 1;
    }
    number(calls)
}

/// One document above MongoDB's limit.
pub(crate) fn huge_argument() -> Answer {
    let document = large(20 << 20);
    invocation::custom_data()?.insert_one(&document)?;
    number(1)
}

/// Filters of 8 MiB, each allowed by itself.
pub(crate) fn repeated_large_argument() -> Answer {
    let filter = large(8 << 20);
    let collection = invocation::custom_data()?;
    for _ in 0..100 {
        collection.find_one(&filter, NOTHING)?;
    }
    number(100)
}

pub(crate) fn handle_flood() -> Answer {
    let mut kept: Vec<Collection> = Vec::new();
    for _ in 0..1_000_000 {
        kept.push(invocation::custom_data()?);
    }
    number(kept.len() as i64)
}

pub(crate) fn cursor_flood() -> Answer {
    let collection = invocation::custom_data()?;
    let mut kept: Vec<Cursor> = Vec::new();
    for _ in 0..1_000_000 {
        kept.push(collection.find(NOTHING, NOTHING)?);
    }
    number(kept.len() as i64)
}

/// Bytes that are no filter; the host must say so each time.
pub(crate) fn garbage_filter() -> Answer {
    let collection = invocation::custom_data()?;
    let garbage: [&[u8]; 5] = [&[], &[1], &[255; 64], &[5, 0, 0, 0, 1], &[0, 0, 0, 128, 0]];
    for (index, filter) in garbage.iter().enumerate() {
        match collection.find_one(filter, NOTHING) {
            Err(refused) if refused.code == "InvalidDocument" => {}
            other => {
                return Err(error("Accepted", &format!("garbage {index} was answered by {other:?}")));
            }
        }
    }
    number(garbage.len() as i64)
}

pub(crate) fn deep_filter() -> Answer {
    invocation::custom_data()?.find_one(&nested(5_000), NOTHING)?;
    number(1)
}

/// How many documents of the custom-data collection it reaches.
pub(crate) fn count_documents() -> Answer {
    let count = invocation::custom_data()?.count(NOTHING, NOTHING)?;
    number(i64::try_from(count).unwrap_or(i64::MAX))
}
