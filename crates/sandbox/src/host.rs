//! The host side of the WIT package: counts what a call costs, then hands it to the invocation's host.
//!
//! Every function here returns the guest's error inside and a trap outside: a budget that runs out is a trap, since
//! a guest must not be able to catch it.

use std::sync::Arc;

use usher_contract::host::Level;
use usher_contract::{Collection, CollectionName, Failure, Operation, Reason, Reply};
use wasmtime::Result;
use wasmtime::component::Resource;

use crate::bindings::usher::function::documents::{Host as DocumentsHost, HostCollection, HostCursor};
use crate::bindings::usher::function::{account, documents, invocation, types};
use crate::state::{OpenCollection, OpenCursor, State};

type Answer<T> = Result<std::result::Result<T, types::Error>>;

pub(crate) fn error(failure: Failure) -> types::Error {
    types::Error { code: failure.code.into_owned(), message: failure.message }
}

impl State {
    pub(crate) fn open(
        &mut self,
        collection: std::result::Result<Box<dyn Collection>, Failure>,
    ) -> Answer<Resource<OpenCollection>> {
        match collection {
            Ok(collection) => {
                self.open_handle()?;
                Ok(Ok(self.table.push(OpenCollection(Arc::from(collection)))?))
            }
            Err(failure) => Ok(Err(error(failure))),
        }
    }

    async fn execute(&mut self, this: &Resource<OpenCollection>, bytes: usize, operation: Operation) -> Answer<Reply> {
        self.spend_database(bytes)?;
        let collection = self.table.get(this)?.0.clone();
        Ok(collection.execute(operation).await.map_err(error))
    }

    async fn document(
        &mut self,
        this: Resource<OpenCollection>,
        bytes: usize,
        operation: Operation,
    ) -> Answer<Option<Vec<u8>>> {
        Ok(match self.execute(&this, bytes, operation).await? {
            Ok(Reply::Document(document)) => {
                self.cross(document.as_ref().map_or(0, Vec::len))?;
                Ok(document)
            }
            Ok(_) => return Err(wasmtime::Error::msg("the capability answered with another kind of reply")),
            Err(error) => Err(error),
        })
    }

    /// For operations whose summary is always there.
    async fn summary(&mut self, this: Resource<OpenCollection>, bytes: usize, operation: Operation) -> Answer<Vec<u8>> {
        match self.document(this, bytes, operation).await? {
            Ok(Some(document)) => Ok(Ok(document)),
            Ok(None) => Err(wasmtime::Error::msg("the capability answered without a summary")),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn cursor(
        &mut self,
        this: Resource<OpenCollection>,
        bytes: usize,
        operation: Operation,
    ) -> Answer<Resource<OpenCursor>> {
        match self.execute(&this, bytes, operation).await? {
            Ok(Reply::Cursor(cursor)) => {
                self.open_handle()?;
                Ok(Ok(self.table.push(OpenCursor::new(cursor))?))
            }
            Ok(_) => Err(wasmtime::Error::msg("the capability answered with another kind of reply")),
            Err(error) => Ok(Err(error)),
        }
    }
}

impl types::Host for State {}
impl DocumentsHost for State {}

impl HostCursor for State {
    async fn next_batch(&mut self, this: Resource<OpenCursor>) -> Answer<Vec<u8>> {
        self.spend_database(0)?;
        let cursor = self.table.get(&this)?.clone();
        let batch = cursor.next_batch().await;
        if let Ok(batch) = &batch {
            self.cross(batch.len())?;
        }
        Ok(batch.map_err(error))
    }

    async fn drop(&mut self, this: Resource<OpenCursor>) -> Result<()> {
        self.table.delete(this)?;
        self.close_handle();
        Ok(())
    }
}

type Document = documents::Document;

impl HostCollection for State {
    async fn find_one(
        &mut self,
        this: Resource<OpenCollection>,
        filter: Document,
        options: Document,
    ) -> Answer<Option<Document>> {
        let bytes = filter.len() + options.len();
        self.document(this, bytes, Operation::FindOne { filter, options }).await
    }

    async fn find(
        &mut self,
        this: Resource<OpenCollection>,
        filter: Document,
        options: Document,
    ) -> Answer<Resource<OpenCursor>> {
        let bytes = filter.len() + options.len();
        self.cursor(this, bytes, Operation::Find { filter, options }).await
    }

    async fn aggregate(
        &mut self,
        this: Resource<OpenCollection>,
        pipeline: Document,
        options: Document,
    ) -> Answer<Resource<OpenCursor>> {
        let bytes = pipeline.len() + options.len();
        self.cursor(this, bytes, Operation::Aggregate { pipeline, options }).await
    }

    async fn count(&mut self, this: Resource<OpenCollection>, filter: Document, options: Document) -> Answer<u64> {
        let bytes = filter.len() + options.len();
        Ok(match self.execute(&this, bytes, Operation::Count { filter, options }).await? {
            Ok(Reply::Count(count)) => Ok(count),
            Ok(_) => return Err(wasmtime::Error::msg("the capability answered with another kind of reply")),
            Err(error) => Err(error),
        })
    }

    async fn distinct(
        &mut self,
        this: Resource<OpenCollection>,
        field: String,
        filter: Document,
        options: Document,
    ) -> Answer<Document> {
        let bytes = field.len() + filter.len() + options.len();
        self.summary(this, bytes, Operation::Distinct { field, filter, options }).await
    }

    async fn insert_one(&mut self, this: Resource<OpenCollection>, document: Document) -> Answer<Document> {
        self.summary(this, document.len(), Operation::InsertOne { document }).await
    }

    async fn insert_many(
        &mut self,
        this: Resource<OpenCollection>,
        documents: Vec<u8>,
        options: Document,
    ) -> Answer<Document> {
        let bytes = documents.len() + options.len();
        self.summary(this, bytes, Operation::InsertMany { documents, options }).await
    }

    async fn update_one(
        &mut self,
        this: Resource<OpenCollection>,
        filter: Document,
        update: Document,
        options: Document,
    ) -> Answer<Document> {
        let bytes = filter.len() + update.len() + options.len();
        self.summary(this, bytes, Operation::UpdateOne { filter, update, options }).await
    }

    async fn update_many(
        &mut self,
        this: Resource<OpenCollection>,
        filter: Document,
        update: Document,
        options: Document,
    ) -> Answer<Document> {
        let bytes = filter.len() + update.len() + options.len();
        self.summary(this, bytes, Operation::UpdateMany { filter, update, options }).await
    }

    async fn replace_one(
        &mut self,
        this: Resource<OpenCollection>,
        filter: Document,
        replacement: Document,
        options: Document,
    ) -> Answer<Document> {
        let bytes = filter.len() + replacement.len() + options.len();
        self.summary(this, bytes, Operation::ReplaceOne { filter, replacement, options }).await
    }

    async fn delete_one(
        &mut self,
        this: Resource<OpenCollection>,
        filter: Document,
        options: Document,
    ) -> Answer<Document> {
        let bytes = filter.len() + options.len();
        self.summary(this, bytes, Operation::DeleteOne { filter, options }).await
    }

    async fn delete_many(
        &mut self,
        this: Resource<OpenCollection>,
        filter: Document,
        options: Document,
    ) -> Answer<Document> {
        let bytes = filter.len() + options.len();
        self.summary(this, bytes, Operation::DeleteMany { filter, options }).await
    }

    async fn find_one_and_update(
        &mut self,
        this: Resource<OpenCollection>,
        filter: Document,
        update: Document,
        options: Document,
    ) -> Answer<Option<Document>> {
        let bytes = filter.len() + update.len() + options.len();
        self.document(this, bytes, Operation::FindOneAndUpdate { filter, update, options }).await
    }

    async fn find_one_and_replace(
        &mut self,
        this: Resource<OpenCollection>,
        filter: Document,
        replacement: Document,
        options: Document,
    ) -> Answer<Option<Document>> {
        let bytes = filter.len() + replacement.len() + options.len();
        self.document(this, bytes, Operation::FindOneAndReplace { filter, replacement, options }).await
    }

    async fn find_one_and_delete(
        &mut self,
        this: Resource<OpenCollection>,
        filter: Document,
        options: Document,
    ) -> Answer<Option<Document>> {
        let bytes = filter.len() + options.len();
        self.document(this, bytes, Operation::FindOneAndDelete { filter, options }).await
    }

    async fn drop(&mut self, this: Resource<OpenCollection>) -> Result<()> {
        self.table.delete(this)?;
        self.close_handle();
        Ok(())
    }
}

impl invocation::Host for State {
    fn id(&mut self) -> Result<String> {
        self.spend(0)?;
        Ok(self.host.id().to_owned())
    }

    fn reason(&mut self) -> Result<invocation::InvocationReason> {
        self.spend(0)?;
        Ok(match self.host.reason() {
            Reason::Call => invocation::InvocationReason::Call,
            Reason::UserCreation => invocation::InvocationReason::UserCreation,
            Reason::Endpoint => invocation::InvocationReason::Endpoint,
            Reason::Trigger => invocation::InvocationReason::Trigger,
        })
    }

    async fn caller(&mut self) -> Answer<Document> {
        self.spend(0)?;
        let caller = self.host.caller().await;
        if let Ok(caller) = &caller {
            self.cross(caller.len())?;
        }
        Ok(caller.map_err(error))
    }

    fn running_as_system(&mut self) -> Result<bool> {
        self.spend(0)?;
        Ok(self.host.running_as_system())
    }

    fn app(&mut self) -> Result<Document> {
        let app = self.host.app();
        self.spend(app.len())?;
        Ok(app)
    }

    fn now(&mut self) -> Result<u64> {
        self.spend(0)?;
        Ok(u64::try_from(self.inputs.now.as_millis()).unwrap_or(u64::MAX))
    }

    fn custom_data(&mut self) -> Answer<Resource<OpenCollection>> {
        self.spend(0)?;
        let collection = self.host.custom_data();
        self.open(collection)
    }

    fn grant(&mut self, name: String) -> Answer<Resource<OpenCollection>> {
        self.spend(name.len())?;
        let collection = self.host.grant(&name);
        self.open(collection)
    }

    fn open_collection(&mut self, name: invocation::CollectionName) -> Answer<Resource<OpenCollection>> {
        let name = named(name);
        self.spend(name.database.len() + name.collection.len())?;
        let collection = self.host.open_collection(&name);
        self.open(collection)
    }

    fn value(&mut self, name: String) -> Result<Option<Document>> {
        let value = self.host.value(&name);
        self.spend(name.len() + value.as_ref().map_or(0, Vec::len))?;
        Ok(value)
    }

    fn environment(&mut self) -> Result<Document> {
        let environment = self.host.environment();
        self.spend(environment.len())?;
        Ok(environment)
    }

    fn request(&mut self) -> Result<Document> {
        let request = self.host.request();
        self.spend(request.len())?;
        Ok(request)
    }

    async fn call_function(&mut self, name: String, arguments: Document) -> Answer<Document> {
        self.spend(name.len() + arguments.len())?;
        let answer = self.host.call_function(&name, arguments).await;
        if let Ok(answer) = &answer {
            self.cross(answer.len())?;
        }
        Ok(answer.map_err(error))
    }

    fn log(&mut self, level: invocation::Level, message: String) -> Result<()> {
        self.spend(0)?;
        let level = match level {
            invocation::Level::Debug => Level::Debug,
            invocation::Level::Info => Level::Info,
            invocation::Level::Warn => Level::Warn,
            invocation::Level::Error => Level::Error,
        };
        Ok(self.log.write(level, &message)?)
    }
}

pub(crate) fn named(name: invocation::CollectionName) -> CollectionName {
    let invocation::CollectionName { acting, data_source, database, collection } = name;
    CollectionName { acting, data_source, database, collection }
}

impl account::Host for State {
    async fn delete(&mut self) -> Answer<()> {
        self.spend(0)?;
        Ok(self.host.delete_account().await.map_err(error))
    }
}
