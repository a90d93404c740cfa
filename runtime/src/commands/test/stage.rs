//! What tests run on: the app deployed in a sandbox, and a database of its own.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, bail};
use async_trait::async_trait;
use bson::oid::ObjectId;
use bson::{Bson, Document};
use tempfile::TempDir;
use usher_app::App;
use usher_contract::{ErrorCode, Failure, value};
use usher_database::{ConnectOptions, Database, Embedded};
use usher_dispatch::{Accounts, Call, CallError, Deployment, Dispatcher, Origin};
use usher_sandbox::{Sandbox, SandboxOptions};

use super::Test;
use super::case::{Caller, Case, Namespace};
use crate::output::Output;
use crate::project;

/// The result of a call, or the error that it ended with.
pub(super) type Answer = Result<Bson, Failure>;

/// The app, ready to be called.
pub(super) struct Stage {
    deployment: Arc<Deployment>,
    dispatcher: Arc<Dispatcher>,
    users: Arc<Users>,
    database: Database,
    embedded: Embedded,
    /// Removed when the tests are over.
    _data: TempDir,
}

impl Stage {
    /// Builds and deploys the app. What is built and compiled is kept with that of other commands; the database is
    /// new, whatever the environment says: tests drop databases.
    pub(super) async fn set(test: &Test, output: Output) -> Result<Self> {
        let project = project::build(&test.directory, &test.data.join("build"), output).await?;
        let sandbox = Arc::new(Sandbox::new(&SandboxOptions {
            // A test is one call, and what that calls.
            concurrent_calls: 8,
            cache: Some(test.data.join("cache")),
        })?);
        let (app, code) = project.into_code();
        let deployment = match Deployment::load(&sandbox, app, &code).await {
            Ok(deployment) => deployment,
            Err(errors) => {
                let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
                bail!("{}", errors.join("\n"));
            }
        };
        let data = tempfile::tempdir()?;
        let embedded = Embedded::start(data.path(), test.database_program.as_deref()).await?;
        let database = Database::connect(embedded.uri(), ConnectOptions::default()).await?;
        let dispatcher = Dispatcher::new(sandbox, database.clone());
        let users = Arc::new(Users::default());
        dispatcher.set_accounts(users.clone());
        dispatcher.deploy(deployment.clone());
        Ok(Self { deployment, dispatcher, users, database, embedded, _data: data })
    }

    /// Empties what the app reaches and the test names, then puts the test's user and documents there.
    pub(super) async fn prepare(&self, case: &Case) -> Result<()> {
        let app = self.deployment.app();
        if !app.functions.contains_key(&case.function) {
            let known: Vec<&str> = app.functions.keys().map(String::as_str).collect();
            bail!("there is no function \"{}\"; there are: {}", case.function, known.join(", "));
        }
        for database in databases(app, case) {
            self.database.client().database(database).drop().await?;
        }
        for (namespace, documents) in &case.documents {
            if !documents.is_empty() {
                let Namespace { database, collection } = namespace;
                self.database
                    .client()
                    .database(database)
                    .collection::<bson::Document>(collection)
                    .insert_many(documents)
                    .await?;
            }
        }
        self.users.set(&case.caller);
        Ok(())
    }

    pub(super) async fn call(&self, case: &Case, id: &str) -> Answer {
        let caller = match &case.caller {
            Caller::System => usher_dispatch::Caller::System,
            Caller::User { user, custom_data } => usher_dispatch::Caller::User {
                id: user.get_str("id").unwrap_or_default().to_owned(),
                custom_data: custom_data
                    .clone()
                    .or_else(|| stored(self.deployment.app(), case, user))
                    .map(|custom_data| custom_data.to_string().into()),
            },
        };
        let call = Call {
            deployment: self.deployment.clone(),
            function: case.function.clone(),
            arguments: value::array_bytes(case.arguments.iter().cloned())?,
            caller,
            origin: Origin::Operator { system: matches!(case.caller, Caller::System) },
            request: None,
            id: id.to_owned(),
        };
        let answer = self.dispatcher.call(call).await.map_err(|error| match error {
            CallError::Failed(failure) => failure,
            CallError::NotFound(_) => Failure::new(ErrorCode::FunctionNotFound, error.to_string()),
            CallError::Overloaded(message) => Failure::new(ErrorCode::Overloaded, message),
        })?;
        value::result(&answer)
    }

    /// All documents of a collection.
    pub(super) async fn documents(&self, namespace: &Namespace) -> Result<Vec<Document>> {
        let Namespace { database, collection } = namespace;
        let collection = self.database.client().database(database).collection::<Document>(collection);
        let mut cursor = collection.find(Document::new()).await?;
        let mut documents = Vec::new();
        while cursor.advance().await? {
            documents.push(cursor.deserialize_current()?);
        }
        Ok(documents)
    }

    /// Ends the database.
    pub(super) async fn strike(self) {
        self.embedded.stop().await;
    }
}

/// The databases that a test may find something in: those that the app reaches and those that it names.
fn databases<'a>(app: &'a App, case: &'a Case) -> BTreeSet<&'a str> {
    let granted = app.functions.values().flat_map(|function| &function.grants).map(|grant| &grant.database);
    let named = app.usher.grants.iter().map(|grant| &grant.database);
    let custom_data = app.custom_user_data.enabled.then_some(&app.custom_user_data.database);
    let test = case.documents.keys().chain(case.expect.documents.keys()).map(|namespace| &namespace.database);
    granted.chain(named).chain(custom_data).chain(test).map(String::as_str).collect()
}

/// The custom data that a login would find among the test's documents (reference 1.2): the id as a string before the
/// id as an ObjectId, and of several the first.
fn stored(app: &App, case: &Case, user: &Document) -> Option<serde_json::Value> {
    let config = &app.custom_user_data;
    let namespace = Namespace { database: config.database.clone(), collection: config.collection.clone() };
    let documents = case.documents.get(&namespace).filter(|_| config.enabled)?;
    let id = user.get_str("id").ok()?;
    let text = Some(Bson::String(id.to_owned()));
    let object = ObjectId::parse_str(id).ok().map(Bson::ObjectId);
    let found = [text, object]
        .into_iter()
        .flatten()
        .find_map(|id| documents.iter().find(|document| document.get(&config.user_id_field) == Some(&id)))?;
    Some(value::to_extended_json(Bson::Document(found.clone())))
}

/// The user of the test that is running, in the place of accounts.
#[derive(Default)]
struct Users(Mutex<HashMap<String, Document>>);

impl Users {
    fn set(&self, caller: &Caller) {
        let mut users = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        users.clear();
        if let Caller::User { user, .. } = caller {
            users.insert(user.get_str("id").unwrap_or_default().to_owned(), user.clone());
        }
    }
}

#[async_trait]
impl Accounts for Users {
    async fn describe(&self, _app: &str, user: &str) -> Result<Document, Failure> {
        let users = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        users.get(user).cloned().ok_or_else(|| gone(user))
    }

    async fn caller(&self, app: &App, user: &str) -> Result<usher_dispatch::Caller, Failure> {
        Accounts::describe(self, &app.id, user).await?;
        Ok(usher_dispatch::Caller::User { id: user.to_owned(), custom_data: None })
    }

    async fn delete(&self, _app: &str, user: &str) -> Result<(), Failure> {
        let mut users = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        users.remove(user).map(drop).ok_or_else(|| gone(user))
    }
}

fn gone(user: &str) -> Failure {
    Failure::new(ErrorCode::InternalServerError, format!("there is no user {user}"))
}
