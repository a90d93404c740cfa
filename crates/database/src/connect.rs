//! Connecting.

use std::sync::{Arc, OnceLock};

use bson::{Document, doc};
use mongodb::Client;
use mongodb::options::ClientOptions;
use usher_contract::{SYSTEM_DATABASE, limits};

use crate::error::{DatabaseError, redact};

/// A connection to the deployment that holds both the apps' data and Usher's own state. Clones share it.
#[derive(Clone, Debug)]
pub struct Database {
    client: Client,
    /// Connections apart: each change stream occupies one for as long as it waits, and calls should not wait for it.
    streams: Arc<OnceLock<Client>>,
    options: Arc<ClientOptions>,
    system: String,
}

/// How to connect.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// The name of the system database.
    pub system: String,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self { system: SYSTEM_DATABASE.to_owned() }
    }
}

impl Database {
    /// Connects, and asks the server who it is. Options in the URI win over Usher's defaults.
    ///
    /// # Errors
    /// Where the URI is not valid, nobody answers, or the server is no replica set. No message holds credentials.
    pub async fn connect(uri: &str, options: ConnectOptions) -> Result<Self, DatabaseError> {
        let mut client = ClientOptions::parse(uri)
            .await
            .map_err(|error| DatabaseError::InvalidUri(redact(&error.kind.to_string(), uri)))?;
        client.app_name.get_or_insert_with(|| "usher".to_owned());
        // As many as calls may run: with the driver's ten, calls would queue for a connection on their own time.
        client.max_pool_size.get_or_insert(limits::CONCURRENT_CALLS);
        client.server_selection_timeout.get_or_insert(limits::SERVER_SELECTION);
        let hosts = client.hosts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let unreachable = |error: mongodb::error::Error| DatabaseError::Unreachable {
            hosts: hosts.clone(),
            reason: redact(&error.kind.to_string(), uri),
        };

        let options_of_client = Arc::new(client.clone());
        let client = Client::with_options(client).map_err(unreachable)?;
        let hello = client.database("admin").run_command(doc! {"hello": 1}).await.map_err(unreachable)?;
        if !has_transactions(&hello) {
            return Err(DatabaseError::Standalone { hosts });
        }
        Ok(Self { client, streams: Arc::default(), options: options_of_client, system: options.system })
    }

    /// Asks the server for a sign of life.
    ///
    /// # Errors
    /// The driver's, after [`limits::SERVER_SELECTION`] at the latest where no server is in reach.
    pub async fn ping(&self) -> Result<(), DatabaseError> {
        self.client.database("admin").run_command(doc! {"ping": 1}).await?;
        Ok(())
    }

    /// The driver's client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The client for change streams, with as many connections as there are streams.
    pub(crate) fn streams(&self) -> Result<&Client, DatabaseError> {
        if self.streams.get().is_none() {
            let mut options = ClientOptions::clone(&self.options);
            // Each stream is a watcher or trigger that was admitted; without a number, ten would be the limit.
            options.max_pool_size = Some(u32::MAX);
            let _ = self.streams.set(Client::with_options(options)?);
        }
        Ok(self.streams.get().unwrap_or(&self.client))
    }

    /// The system database, which holds users, sessions and events of all apps.
    pub fn system(&self) -> mongodb::Database {
        self.client.database(&self.system)
    }
}

/// Members of replica sets say their set's name; routers of sharded clusters say `isdbgrid`.
fn has_transactions(hello: &Document) -> bool {
    hello.contains_key("setName") || hello.get_str("msg").is_ok_and(|message| message == "isdbgrid")
}

#[cfg(test)]
mod tests {
    use super::{ConnectOptions, Database, DatabaseError, has_transactions};
    use bson::doc;

    #[test]
    fn a_standalone_server_is_told_from_a_replica_set() {
        assert!(has_transactions(&doc! {"setName": "rs0", "isWritablePrimary": true}));
        assert!(has_transactions(&doc! {"msg": "isdbgrid"}));
        assert!(!has_transactions(&doc! {"isWritablePrimary": true}));
    }

    #[tokio::test]
    async fn a_bad_uri_is_refused_without_its_password() {
        let refusal = Database::connect("mongodb://ann:hunter/2@host", ConnectOptions::default()).await;
        let Err(error @ DatabaseError::InvalidUri(_)) = refusal else {
            panic!("accepted: {refusal:?}");
        };
        assert!(!error.to_string().contains("hunter"), "{error}");
    }

    #[tokio::test]
    async fn an_address_where_nobody_listens_is_named() {
        let uri = "mongodb://ann:hunter2@127.0.0.1:9/?serverSelectionTimeoutMS=200&connectTimeoutMS=200";
        let refusal = Database::connect(uri, ConnectOptions::default()).await;
        let Err(error @ DatabaseError::Unreachable { .. }) = refusal else {
            panic!("accepted: {refusal:?}");
        };
        let message = error.to_string();
        assert!(message.starts_with("no MongoDB answers at 127.0.0.1:9: Server selection timeout"), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
}
