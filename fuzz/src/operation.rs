//! Operations from bytes.

use usher_contract::Operation;

use crate::notation::Reader;

/// Every operation by the name that an input gives it on its first line.
pub const NAMES: [&str; 15] = [
    "find-one",
    "find",
    "aggregate",
    "count",
    "distinct",
    "insert-one",
    "insert-many",
    "update-one",
    "update-many",
    "replace-one",
    "delete-one",
    "delete-many",
    "find-one-and-update",
    "find-one-and-replace",
    "find-one-and-delete",
];

/// Reads an operation: its name on a line, then its parts in the order of their fields. A name that there is not is
/// taken for one that there is.
pub fn read(bytes: &[u8]) -> Operation {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (name, rest) = bytes.split_at(end);
    let known = NAMES.iter().position(|known| known.as_bytes() == name);
    let index = known.unwrap_or_else(|| name.iter().map(|byte| usize::from(*byte)).sum::<usize>() % NAMES.len());
    let mut reader = Reader::new(rest);
    let mut part = || reader.part();
    match NAMES[index] {
        "find-one" => Operation::FindOne { filter: part(), options: part() },
        "find" => Operation::Find { filter: part(), options: part() },
        "aggregate" => Operation::Aggregate { pipeline: part(), options: part() },
        "count" => Operation::Count { filter: part(), options: part() },
        "distinct" => Operation::Distinct { field: reader.text(), filter: reader.part(), options: reader.part() },
        "insert-one" => Operation::InsertOne { document: part() },
        "insert-many" => {
            let options = part();
            let mut documents = Vec::new();
            while !reader.is_empty() {
                documents.extend(reader.part());
            }
            Operation::InsertMany { documents, options }
        }
        "update-one" => Operation::UpdateOne { filter: part(), update: part(), options: part() },
        "update-many" => Operation::UpdateMany { filter: part(), update: part(), options: part() },
        "replace-one" => Operation::ReplaceOne { filter: part(), replacement: part(), options: part() },
        "delete-one" => Operation::DeleteOne { filter: part(), options: part() },
        "delete-many" => Operation::DeleteMany { filter: part(), options: part() },
        "find-one-and-update" => Operation::FindOneAndUpdate { filter: part(), update: part(), options: part() },
        "find-one-and-replace" => Operation::FindOneAndReplace { filter: part(), replacement: part(), options: part() },
        _ => Operation::FindOneAndDelete { filter: part(), options: part() },
    }
}
