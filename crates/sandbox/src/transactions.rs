//! Transactions that the guest begins: the interface `transactions`.

use std::sync::Arc;

use wasmtime::Result;
use wasmtime::component::Resource;

use crate::bindings::usher::function::transactions::{self, CollectionName, HostTransaction};
use crate::bindings::usher::function::types;
use crate::host::{error, named};
use crate::state::{OpenCollection, OpenTransaction, State};

type Answer<T> = Result<std::result::Result<T, types::Error>>;

impl transactions::Host for State {
    async fn begin(&mut self) -> Answer<Resource<OpenTransaction>> {
        self.spend_database(0)?;
        match self.host.begin().await {
            Ok(transaction) => {
                self.open_handle()?;
                Ok(Ok(self.table.push(OpenTransaction(Arc::from(transaction)))?))
            }
            Err(failure) => Ok(Err(error(failure))),
        }
    }
}

impl HostTransaction for State {
    async fn open_collection(
        &mut self,
        this: Resource<OpenTransaction>,
        name: CollectionName,
    ) -> Answer<Resource<OpenCollection>> {
        let name = named(name);
        self.spend(name.database.len() + name.collection.len())?;
        let collection = self.table.get(&this)?.0.open_collection(&name);
        self.open(collection)
    }

    async fn commit(&mut self, this: Resource<OpenTransaction>) -> Answer<()> {
        self.spend_database(0)?;
        let transaction = self.table.get(&this)?.0.clone();
        Ok(transaction.commit().await.map_err(error))
    }

    async fn abort(&mut self, this: Resource<OpenTransaction>) -> Answer<()> {
        self.spend_database(0)?;
        let transaction = self.table.get(&this)?.0.clone();
        Ok(transaction.abort().await.map_err(error))
    }

    async fn drop(&mut self, this: Resource<OpenTransaction>) -> Result<()> {
        self.table.delete(this)?;
        self.close_handle();
        Ok(())
    }
}
