//! The command of each operation.

use bson::raw::{RawArrayBuf, RawBsonRef, RawDocument};
use usher_contract::{Operation, limits, value};

use super::filter::Filter;
use super::options::Options;
use super::pipeline::Pipeline;
use super::refusal::{At, Check, Refusal};
use super::rows::{Rows, write_pinned, write_query};
use super::stored::Stored;
use super::update::Update;
use super::writer::Writer;
use super::{Answer, Call, Checked};
use crate::scope::Scope;

/// Room for a command's own fields, beside the guest's parts.
const OVERHEAD: usize = 256;

const FIND_ONE: &[&str] = &["projection", "sort", "skip", "hint", "collation"];
const FIND: &[&str] = &["projection", "sort", "skip", "hint", "collation", "limit", "batchSize"];
const AGGREGATE: &[&str] = &["hint", "collation", "batchSize", "allowDiskUse"];
const COUNT: &[&str] = &["limit", "skip", "hint", "collation"];
const DISTINCT: &[&str] = &["collation"];
const INSERT_MANY: &[&str] = &["ordered"];
const UPDATE: &[&str] = &["upsert", "arrayFilters", "hint", "collation"];
const REPLACE: &[&str] = &["upsert", "hint", "collation"];
const DELETE: &[&str] = &["hint", "collation"];
const FIND_AND_UPDATE: &[&str] =
    &["upsert", "arrayFilters", "hint", "collation", "projection", "sort", "returnNewDocument"];
const FIND_AND_REPLACE: &[&str] = &["upsert", "hint", "collation", "projection", "sort", "returnNewDocument"];
const FIND_AND_DELETE: &[&str] = &["projection", "sort", "hint", "collation"];

/// Checks an operation and builds its command.
pub(super) fn build(scope: &Scope, operation: &Operation, call: Call<'_>) -> Check<Checked> {
    let desk = Desk { scope, rows: Rows::of(scope)?, call };
    match operation {
        Operation::FindOne { filter, options } => desk.find(filter, options, true),
        Operation::Find { filter, options } => desk.find(filter, options, false),
        Operation::Aggregate { pipeline, options } => desk.aggregate(pipeline, options),
        Operation::Count { filter, options } => desk.count(filter, options),
        Operation::Distinct { field, filter, options } => desk.distinct(field, filter, options),
        Operation::InsertOne { document } => desk.insert_one(document),
        Operation::InsertMany { documents, options } => desk.insert_many(documents, options),
        Operation::UpdateOne { filter, update, options } => desk.update(filter, Kind::One(update), options),
        Operation::UpdateMany { filter, update, options } => desk.update(filter, Kind::Many(update), options),
        Operation::ReplaceOne { filter, replacement, options } => {
            desk.update(filter, Kind::Replace(replacement), options)
        }
        Operation::DeleteOne { filter, options } => desk.delete(filter, options, 1),
        Operation::DeleteMany { filter, options } => desk.delete(filter, options, 0),
        Operation::FindOneAndUpdate { filter, update, options } => {
            desk.find_and_modify(filter, Some(Kind::One(update)), options)
        }
        Operation::FindOneAndReplace { filter, replacement, options } => {
            desk.find_and_modify(filter, Some(Kind::Replace(replacement)), options)
        }
        Operation::FindOneAndDelete { filter, options } => desk.find_and_modify(filter, None, options),
    }
}

/// The kinds of change, with what the guest gave for each.
#[derive(Clone, Copy)]
enum Kind<'a> {
    One(&'a [u8]),
    Many(&'a [u8]),
    Replace(&'a [u8]),
}

/// Where one operation is checked.
struct Desk<'a> {
    scope: &'a Scope,
    rows: Option<Rows<'a>>,
    call: Call<'a>,
}

impl<'a> Desk<'a> {
    fn rows(&self) -> Option<&Rows<'a>> {
        self.rows.as_ref()
    }

    fn permit(allowed: bool, kind: &str) -> Check {
        if allowed {
            return Ok(());
        }
        Err(Refusal::not_allowed(format!(
            "this grant does not allow to {kind}: grant it in the app's configuration, or use another grant"
        )))
    }

    fn begin(&self, name: &str, size: usize) -> Writer {
        let mut writer = Writer::new(OVERHEAD + size);
        writer.string(name, &self.scope.collection);
        writer
    }

    fn end(&self, mut writer: Writer, answer: Answer) -> Check<Checked> {
        let milliseconds = i32::try_from(self.call.remaining.as_millis()).unwrap_or(i32::MAX);
        // Zero would mean no limit.
        writer.int("maxTimeMS", milliseconds.max(1));
        writer.string("comment", self.call.invocation);
        let command = writer.finish()?;
        if command.as_bytes().len() > limits::COMMAND_BYTES {
            return Err(Refusal::invalid(format!(
                "one operation carries at most {} bytes: split it into several",
                limits::COMMAND_BYTES
            )));
        }
        Ok(Checked { command, answer })
    }

    fn find(&self, filter: &[u8], options: &[u8], one: bool) -> Check<Checked> {
        Self::permit(self.scope.operations.read, "read")?;
        let query = Filter::read(filter).at("filter")?;
        let known = if one { FIND_ONE } else { FIND };
        let given = Options::read(options, known, self.rows()).at("options")?;
        let mut writer = self.begin("find", filter.len() + options.len());
        write_query(&mut writer, "filter", self.rows(), query)?;
        if let Some(projection) = given.projection {
            writer.document("projection", projection);
        }
        if let Some(sort) = given.sort {
            writer.document("sort", sort);
        }
        if let Some(skip) = given.skip {
            writer.long("skip", skip);
        }
        given.write_plan(&mut writer);
        if one {
            writer.int("limit", 1);
            writer.boolean("singleBatch", true);
            return self.end(writer, Answer::One);
        }
        let batch = given.batch();
        writer.long("limit", given.most());
        writer.long("batchSize", batch.into());
        self.end(writer, Answer::Many { batch })
    }

    fn aggregate(&self, pipeline: &[u8], options: &[u8]) -> Check<Checked> {
        Self::permit(self.scope.operations.read, "read")?;
        let stages = Pipeline::read(pipeline, self.scope).at("pipeline")?;
        let given = Options::read(options, AGGREGATE, self.rows()).at("options")?;
        let mut writer = self.begin("aggregate", pipeline.len() + options.len());
        stages.write(&mut writer, "pipeline", self.rows())?;
        let batch = given.batch();
        let cursor = writer.open_document("cursor");
        writer.long("batchSize", batch.into());
        writer.close(cursor);
        given.write_plan(&mut writer);
        if let Some(allow) = given.allow_disk_use {
            writer.boolean("allowDiskUse", allow);
        }
        self.end(writer, if stages.writes() { Answer::Written } else { Answer::Many { batch } })
    }

    /// Counts by aggregation: the command `count` cannot join a transaction.
    fn count(&self, filter: &[u8], options: &[u8]) -> Check<Checked> {
        Self::permit(self.scope.operations.read, "read")?;
        let query = Filter::read(filter).at("filter")?;
        let given = Options::read(options, COUNT, self.rows()).at("options")?;
        let mut writer = self.begin("aggregate", filter.len() + options.len());
        let pipeline = writer.open_array("pipeline");
        let mut index = 0;
        let mut stage = |writer: &mut Writer| {
            let stage = writer.open_document(&index.to_string());
            index += 1;
            stage
        };
        let first = stage(&mut writer);
        write_query(&mut writer, "$match", self.rows(), query)?;
        writer.close(first);
        for (name, number) in [("$skip", given.skip), ("$limit", given.limit)] {
            if let Some(number) = number.filter(|number| *number > 0) {
                let cut = stage(&mut writer);
                writer.long(name, number);
                writer.close(cut);
            }
        }
        let last = stage(&mut writer);
        writer.string("$count", "n");
        writer.close(last);
        writer.close(pipeline);
        let cursor = writer.open_document("cursor");
        writer.close(cursor);
        given.write_plan(&mut writer);
        self.end(writer, Answer::Count)
    }

    fn distinct(&self, field: &str, filter: &[u8], options: &[u8]) -> Check<Checked> {
        Self::permit(self.scope.operations.read, "read")?;
        if field.is_empty() || field.starts_with('$') || field.contains('\0') {
            return Err(Refusal::invalid(format!("`{field}` is not the name of a field"))).at("field");
        }
        let query = Filter::read(filter).at("filter")?;
        let given = Options::read(options, DISTINCT, self.rows()).at("options")?;
        let mut writer = self.begin("distinct", field.len() + filter.len() + options.len());
        writer.string("key", field);
        write_query(&mut writer, "query", self.rows(), query)?;
        given.write_plan(&mut writer);
        self.end(writer, Answer::Values)
    }

    fn insert_one(&self, document: &[u8]) -> Check<Checked> {
        Self::permit(self.scope.operations.insert, "insert")?;
        let stored = Stored::check(value::document(document)?, self.rows()).at("document")?;
        let mut writer = self.begin("insert", document.len());
        let documents = writer.open_array("documents");
        let id = stored.write_insert(&mut writer, "0", self.rows())?;
        writer.close(documents);
        let mut summary = Writer::new(OVERHEAD);
        summary.value(bson::raw::cstr!("insertedId"), id.as_raw_bson_ref());
        self.end(writer, Answer::Inserted(summary.finish()?.into_bytes()))
    }

    fn insert_many(&self, documents: &[u8], options: &[u8]) -> Check<Checked> {
        Self::permit(self.scope.operations.insert, "insert")?;
        let batch = value::batch(documents)?;
        let given = Options::read(options, INSERT_MANY, self.rows()).at("options")?;
        if batch.is_empty() {
            return Err(Refusal::invalid("must provide at least one element: insert-many got no documents"));
        }
        if batch.len() > limits::INSERT_DOCUMENTS {
            return Err(Refusal::invalid(format!(
                "{} documents are more than the {} of one insert-many: split them",
                batch.len(),
                limits::INSERT_DOCUMENTS
            )));
        }
        let mut ids = RawArrayBuf::new();
        let mut writer = self.begin("insert", documents.len() + batch.len() * 24);
        let array = writer.open_array("documents");
        for (index, document) in batch.into_iter().enumerate() {
            let stored = Stored::check(document, self.rows()).at(index).at("documents")?;
            ids.push(stored.write_insert(&mut writer, &index.to_string(), self.rows())?);
        }
        writer.close(array);
        if let Some(ordered) = given.ordered {
            writer.boolean("ordered", ordered);
        }
        let mut summary = Writer::new(OVERHEAD);
        summary.array("insertedIds", &ids);
        self.end(writer, Answer::Inserted(summary.finish()?.into_bytes()))
    }

    fn update(&self, filter: &[u8], kind: Kind<'_>, options: &[u8]) -> Check<Checked> {
        let (update, known) = self.read_update(kind)?;
        let given = Options::read(options, known, self.rows()).at("options")?;
        let query = Filter::read(filter).at("filter")?;
        let mut writer = self.begin("update", filter.len() + options.len() + kind.size());
        let updates = writer.open_array("updates");
        let one = writer.open_document("0");
        self.write_change(&mut writer, ["q", "u"], query, &update, &given)?;
        if matches!(kind, Kind::Many(_)) {
            writer.boolean("multi", true);
        }
        given.write_plan(&mut writer);
        writer.close(one);
        writer.close(updates);
        self.end(writer, Answer::Updated)
    }

    fn read_update<'u>(&self, kind: Kind<'u>) -> Check<(Update<'u>, &'static [&'static str])> {
        Self::permit(self.scope.operations.update, "update")?;
        match kind {
            Kind::Replace(bytes) => Ok((Update::replacement(bytes, self.rows()).at("replacement")?, REPLACE)),
            Kind::One(bytes) => Ok((Update::read(bytes, self.rows()).at("update")?, UPDATE)),
            Kind::Many(bytes) => match Update::read(bytes, self.rows()).at("update")? {
                Update::Replacement(_) => Err(Refusal::invalid(
                    "update-many needs an update operator, such as $set: a plain document replaces one document only",
                )),
                update => Ok((update, UPDATE)),
            },
        }
    }

    /// Writes the query and the update, and what an upsert needs, under the command's names for them.
    fn write_change(
        &self,
        writer: &mut Writer,
        [query_key, update_key]: [&str; 2],
        query: Filter<'_>,
        update: &Update<'_>,
        given: &Options<'_>,
    ) -> Check {
        let rows = self.rows();
        if !given.upsert {
            write_query(writer, query_key, rows, query)?;
            update.write(writer, update_key, rows, None)?;
        } else {
            Self::permit(self.scope.operations.insert, "insert, which an upsert may do")?;
            let pinned: Option<RawBsonRef<'_>> = match rows {
                Some(rows) => rows.pinned(query.document)?,
                None => None,
            };
            match (rows, pinned) {
                (Some(_), Some(_)) if query.evaluates => {
                    return Err(Refusal::not_allowed("$expr cannot be part of an upsert: match by fields"));
                }
                (Some(rows), Some(value)) => write_pinned(writer, query_key, rows, value, query)?,
                _ => write_query(writer, query_key, rows, query)?,
            }
            update.write(writer, update_key, rows, Some(pinned)).at("update")?;
            writer.boolean("upsert", true);
        }
        if let Some(filters) = given.array_filters {
            writer.array("arrayFilters", filters);
        }
        Ok(())
    }

    fn delete(&self, filter: &[u8], options: &[u8], limit: i32) -> Check<Checked> {
        Self::permit(self.scope.operations.delete, "delete")?;
        let query = Filter::read(filter).at("filter")?;
        let given = Options::read(options, DELETE, self.rows()).at("options")?;
        let mut writer = self.begin("delete", filter.len() + options.len());
        let deletes = writer.open_array("deletes");
        let one = writer.open_document("0");
        write_query(&mut writer, "q", self.rows(), query)?;
        writer.int("limit", limit);
        given.write_plan(&mut writer);
        writer.close(one);
        writer.close(deletes);
        self.end(writer, Answer::Deleted)
    }

    /// Without a change, deletes.
    fn find_and_modify(&self, filter: &[u8], change: Option<Kind<'_>>, options: &[u8]) -> Check<Checked> {
        Self::permit(self.scope.operations.read, "read")?;
        let query = Filter::read(filter).at("filter")?;
        let size = filter.len() + options.len() + change.map_or(0, Kind::size);
        let mut writer = self.begin("findAndModify", size);
        let given = match change {
            None => {
                Self::permit(self.scope.operations.delete, "delete")?;
                let given = Options::read(options, FIND_AND_DELETE, self.rows()).at("options")?;
                write_query(&mut writer, "query", self.rows(), query)?;
                writer.boolean("remove", true);
                given
            }
            Some(kind) => {
                let (update, _) = self.read_update(kind)?;
                let known = if matches!(kind, Kind::Replace(_)) { FIND_AND_REPLACE } else { FIND_AND_UPDATE };
                let given = Options::read(options, known, self.rows()).at("options")?;
                self.write_change(&mut writer, ["query", "update"], query, &update, &given)?;
                writer.boolean("new", given.return_new);
                given
            }
        };
        let write = |writer: &mut Writer, key: &str, part: Option<&RawDocument>| {
            if let Some(part) = part {
                writer.document(key, part);
            }
        };
        write(&mut writer, "sort", given.sort);
        write(&mut writer, "fields", given.projection);
        given.write_plan(&mut writer);
        self.end(writer, Answer::Modified)
    }
}

impl Kind<'_> {
    fn size(self) -> usize {
        match self {
            Self::One(bytes) | Self::Many(bytes) | Self::Replace(bytes) => bytes.len(),
        }
    }
}
