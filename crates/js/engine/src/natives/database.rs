//! Collections, cursors, transactions, other functions and requests: what takes time is started here, and settled
//! where the call waits (`run`).

use rquickjs::prelude::{Func, Opt, Rest};
use rquickjs::{Ctx, Exception, IntoJs, Object, Result, Value};

use super::{throw, touch};
use crate::bindings::usher::function::invocation::{self, CollectionName};
use crate::bindings::usher::function::tasks::{self, Aggregation, Change, Distinct, Insertion, Operation, Query, Task};
use crate::bindings::usher::function::transactions;
use crate::bindings::usher::function::types::Error;
use crate::state::{OPEN, Pending, Shape, encode};

pub(super) fn add<'js>(host: &Object<'js>) -> Result<()> {
    host.set("open", Func::from(open))?;
    host.set("startOperation", Func::from(start))?;
    host.set("startNextBatch", Func::from(next_batch))?;
    host.set("closeCursor", Func::from(|id: u32| drop(OPEN.with_borrow_mut(|open| open.cursors.remove(&id)))))?;
    host.set("startCall", Func::from(call))?;
    host.set("startRequest", Func::from(request))?;
    host.set("begin", Func::from(begin))?;
    host.set("commit", Func::from(|ctx, id| end(ctx, id, true)))?;
    host.set("abort", Func::from(|ctx, id| end(ctx, id, false)))
}

/// The Error that JavaScript sees: with the host's code, and marked, so that the code survives when nobody catches it.
pub(crate) fn failure<'js>(ctx: &Ctx<'js>, error: &Error) -> Result<Value<'js>> {
    let thrown = rquickjs::Exception::from_message(ctx.clone(), &error.message)?.into_object();
    thrown.set("code", error.code.as_str())?;
    thrown.set("usherCode", error.code.as_str())?;
    if error.code == "MongoDBError" {
        thrown.set("name", "MongoError")?;
    }
    Ok(thrown.into_value())
}

fn pending(task: Task, shape: Shape) -> u32 {
    OPEN.with_borrow_mut(|open| {
        let id = open.id();
        open.tasks.push(Pending { id, task, shape });
        id
    })
}

fn open(
    ctx: Ctx<'_>,
    acting: String,
    data_source: String,
    database: String,
    collection: String,
    transaction: Opt<Option<u32>>,
) -> Result<usize> {
    touch(ctx.clone())?;
    let name = CollectionName { acting, data_source, database, collection };
    let opened = match transaction.0.flatten() {
        None => invocation::open_collection(&name),
        Some(id) => OPEN.with_borrow(|open| match open.transactions.get(&id) {
            Some(transaction) => transaction.open_collection(&name),
            None => Err(Error { code: "MongoDBError".into(), message: "the transaction is over".into() }),
        }),
    };
    let collection = opened.map_err(|error| throw(&ctx, &error))?;
    Ok(OPEN.with_borrow_mut(|open| {
        open.collections.push(collection);
        open.collections.len() - 1
    }))
}

fn start<'js>(ctx: Ctx<'js>, handle: usize, operation: String, parts: Rest<Value<'js>>) -> Result<u32> {
    let parts = Parts { ctx: &ctx, parts: &parts.0 };
    let shape = if operation == "distinct" { Shape::Array } else { Shape::Plain };
    let operation = parts.operation(&operation)?;
    let task = OPEN.with_borrow(|open| open.collections.get(handle).map(|on| tasks::start(on, &operation)));
    let task = task.ok_or_else(|| Exception::throw_message(&ctx, "this collection is not open"))?;
    Ok(pending(task, shape))
}

/// What an operation is made of, as JavaScript passes it.
struct Parts<'a, 'js> {
    ctx: &'a Ctx<'js>,
    parts: &'a [Value<'js>],
}

/// An empty document.
const EMPTY: [u8; 5] = [5, 0, 0, 0, 0];

impl Parts<'_, '_> {
    fn document(&self, index: usize) -> Result<Vec<u8>> {
        match self.parts.get(index) {
            None => Ok(EMPTY.to_vec()),
            Some(value) if value.is_undefined() || value.is_null() => Ok(EMPTY.to_vec()),
            Some(value) => encode(self.ctx, |encoder| encoder.document(value)),
        }
    }

    /// An operator document or a pipeline.
    fn update(&self, index: usize) -> Result<Vec<u8>> {
        match self.parts.get(index) {
            Some(value) if value.is_array() => encode(self.ctx, |encoder| encoder.array(value)),
            _ => self.document(index),
        }
    }

    fn batch(&self, index: usize) -> Result<Vec<u8>> {
        let list = self.parts.get(index).and_then(Value::as_array);
        let list = list.ok_or_else(|| Exception::throw_type(self.ctx, "expected an array of documents"))?;
        let mut batch = Vec::new();
        for document in list.iter::<Value<'_>>() {
            let document = document?;
            batch.extend(encode(self.ctx, |encoder| encoder.document(&document))?);
        }
        Ok(batch)
    }

    fn query(&self) -> Result<Query> {
        Ok(Query { filter: self.document(0)?, options: self.document(1)? })
    }

    fn change(&self) -> Result<Change> {
        Ok(Change { filter: self.document(0)?, change: self.update(1)?, options: self.document(2)? })
    }

    fn operation(&self, name: &str) -> Result<Operation> {
        Ok(match name {
            "findOne" => Operation::FindOne(self.query()?),
            "find" => Operation::Find(self.query()?),
            "count" => Operation::Count(self.query()?),
            "deleteOne" => Operation::DeleteOne(self.query()?),
            "deleteMany" => Operation::DeleteMany(self.query()?),
            "findOneAndDelete" => Operation::FindOneAndDelete(self.query()?),
            "aggregate" => Operation::Aggregate(Aggregation { pipeline: self.update(0)?, options: self.document(1)? }),
            "distinct" => {
                let field = self.parts.first().and_then(Value::as_string).map(rquickjs::String::to_string);
                let field =
                    field.ok_or_else(|| Exception::throw_type(self.ctx, "distinct needs the name of a field"))??;
                Operation::Distinct(Distinct { field, filter: self.document(1)?, options: self.document(2)? })
            }
            "insertOne" => Operation::InsertOne(self.document(0)?),
            "insertMany" => Operation::InsertMany(Insertion { documents: self.batch(0)?, options: self.document(1)? }),
            "updateOne" => Operation::UpdateOne(self.change()?),
            "updateMany" => Operation::UpdateMany(self.change()?),
            "replaceOne" => Operation::ReplaceOne(self.change()?),
            "findOneAndUpdate" => Operation::FindOneAndUpdate(self.change()?),
            "findOneAndReplace" => Operation::FindOneAndReplace(self.change()?),
            other => return Err(Exception::throw_message(self.ctx, &format!("no operation {other}"))),
        })
    }
}

fn next_batch(ctx: Ctx<'_>, cursor: u32) -> Result<u32> {
    let task = OPEN.with_borrow(|open| open.cursors.get(&cursor).map(tasks::start_next_batch));
    let task = task.ok_or_else(|| Exception::throw_message(&ctx, "the cursor is closed"))?;
    Ok(pending(task, Shape::Plain))
}

fn call<'js>(ctx: Ctx<'js>, name: String, arguments: Value<'js>) -> Result<u32> {
    touch(ctx.clone())?;
    let arguments = encode(&ctx, |encoder| encoder.array(&arguments))?;
    Ok(pending(tasks::start_call(&name, &arguments), Shape::Answer))
}

fn request<'js>(ctx: Ctx<'js>, acting: String, request: Value<'js>) -> Result<u32> {
    touch(ctx.clone())?;
    let request = encode(&ctx, |encoder| encoder.document(&request))?;
    Ok(pending(tasks::start_request(&acting, &request), Shape::Plain))
}

fn begin(ctx: Ctx<'_>) -> Result<u32> {
    touch(ctx.clone())?;
    let transaction = transactions::begin().map_err(|error| throw(&ctx, &error))?;
    Ok(OPEN.with_borrow_mut(|open| {
        let id = open.id();
        open.transactions.insert(id, transaction);
        id
    }))
}

fn end<'js>(ctx: Ctx<'js>, id: u32, commit: bool) -> Result<Value<'js>> {
    let transaction = OPEN.with_borrow_mut(|open| open.transactions.remove(&id));
    if let Some(transaction) = transaction {
        let ended = if commit { transaction.commit() } else { transaction.abort() };
        ended.map_err(|error| throw(&ctx, &error))?;
    }
    ().into_js(&ctx)
}
