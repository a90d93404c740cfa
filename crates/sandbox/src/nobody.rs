//! The host of an instance that has no invocation: it has nothing to give.

use async_trait::async_trait;
use usher_contract::host::{Bytes, Level};
use usher_contract::{Collection, CollectionName, ErrorCode, Failure, Host, Reason, Transaction};

pub(crate) struct Nobody;

/// An empty BSON document.
const EMPTY: [u8; 5] = [5, 0, 0, 0, 0];

fn nothing<T>() -> Result<T, Failure> {
    Err(Failure::new(ErrorCode::GrantNotFound, "at deploy there is no call yet, and so nothing that it was granted"))
}

#[async_trait]
impl Host for Nobody {
    fn id(&self) -> &str {
        ""
    }

    fn reason(&self) -> Reason {
        Reason::Call
    }

    async fn caller(&self) -> Result<Bytes, Failure> {
        nothing()
    }

    fn running_as_system(&self) -> bool {
        false
    }

    fn app(&self) -> Bytes {
        EMPTY.to_vec()
    }

    fn value(&self, _name: &str) -> Option<Bytes> {
        None
    }

    fn environment(&self) -> Bytes {
        EMPTY.to_vec()
    }

    fn request(&self) -> Bytes {
        EMPTY.to_vec()
    }

    fn custom_data(&self) -> Result<Box<dyn Collection>, Failure> {
        nothing()
    }

    fn grant(&self, _name: &str) -> Result<Box<dyn Collection>, Failure> {
        nothing()
    }

    fn open_collection(&self, _name: &CollectionName) -> Result<Box<dyn Collection>, Failure> {
        nothing()
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>, Failure> {
        nothing()
    }

    async fn send(&self, _acting: &str, _request: Bytes) -> Result<Bytes, Failure> {
        nothing()
    }

    async fn call_function(&self, _name: &str, _arguments: Bytes) -> Result<Bytes, Failure> {
        nothing()
    }

    async fn delete_account(&self) -> Result<(), Failure> {
        nothing()
    }

    fn log(&self, level: Level, message: &str) {
        tracing::info!(target: "usher::function", ?level, "at deploy: {message}");
    }
}
