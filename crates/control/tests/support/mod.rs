//! A host without sandboxes: its deployer reads an app, and remembers what it was told to run.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bson::{Document, doc};
use futures::future::BoxFuture;
use futures::{FutureExt as _, TryStreamExt as _};
use serde_json::Value;
use usher_app::{App, AppValue, Secrets};
use usher_control::{Control, ControlOptions, Deployer, Keyring, Refusal, kinds};
use usher_database::{ConnectOptions, Database, Embedded};
use usher_dispatch::Deployment;

pub(crate) struct Host {
    pub(crate) control: Arc<Control>,
    runs: Arc<Runs>,
    database: Database,
    /// Of the host that started the database: the database, and where its data is.
    embedded: Option<(Embedded, tempfile::TempDir)>,
    directory: tempfile::TempDir,
}

#[derive(Default)]
struct Runs {
    deployments: Mutex<BTreeMap<String, Arc<Deployment>>>,
    /// What happens while apps are loaded, one after the other.
    meanwhile: Mutex<VecDeque<BoxFuture<'static, ()>>>,
}

#[async_trait]
impl Deployer for Runs {
    async fn load(&self, directory: &Path, secrets: BTreeMap<String, String>) -> Result<Arc<Deployment>, Refusal> {
        let meanwhile = self.meanwhile.lock().unwrap().pop_front();
        if let Some(meanwhile) = meanwhile {
            meanwhile.await;
        }
        let loaded = usher_app::load_with(directory, &Secrets::from_map(secrets));
        let loaded = loaded.map_err(|mistakes| Refusal::Mistakes(mistakes.to_string()))?;
        Ok(Deployment::without_functions(loaded.app))
    }

    async fn swap(&self, deployment: Arc<Deployment>) -> Result<(), String> {
        self.deployments.lock().unwrap().insert(deployment.app().id.clone(), deployment);
        Ok(())
    }

    async fn remove(&self, client_app_id: &str) {
        self.deployments.lock().unwrap().remove(client_app_id);
    }
}

impl Host {
    pub(crate) async fn start() -> Self {
        Self::with(&Keyring::new_key()).await
    }

    pub(crate) async fn with(keys: &str) -> Self {
        let data = tempfile::tempdir().unwrap();
        let embedded = Embedded::start(data.path(), None).await.unwrap();
        let database = Database::connect(embedded.uri(), ConnectOptions::default()).await.unwrap();
        Self { embedded: Some((embedded, data)), ..Self::on(database, keys).await }
    }

    /// Another host on the same database.
    pub(crate) async fn neighbour(&self) -> Self {
        self.neighbour_with(&Keyring::new_key()).await
    }

    pub(crate) async fn neighbour_with(&self, keys: &str) -> Self {
        Self::on(self.database.clone(), keys).await
    }

    async fn on(database: Database, keys: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let runs = Arc::new(Runs::default());
        let options =
            ControlOptions { directory: directory.path().join("apps"), keyring: Keyring::parse(keys).unwrap() };
        let control = Control::open(database.clone(), runs.clone(), options).await.unwrap();
        Self { control, runs, database, embedded: None, directory }
    }

    pub(crate) async fn stop(self) {
        if let Some((embedded, _data)) = self.embedded {
            embedded.stop().await;
        }
    }

    /// Has something happen while the next app is loaded here; several, while the next apps are.
    pub(crate) fn meanwhile(&self, happens: impl Future<Output = ()> + Send + 'static) {
        self.runs.meanwhile.lock().unwrap().push_back(happens.boxed());
    }

    /// The ids of what runs.
    pub(crate) fn running(&self) -> Vec<String> {
        self.runs.deployments.lock().unwrap().keys().cloned().collect()
    }

    pub(crate) fn app(&self, id: &str) -> App {
        self.runs.deployments.lock().unwrap()[id].app().clone()
    }

    pub(crate) fn functions(&self, id: &str) -> Vec<String> {
        self.app(id).functions.keys().cloned().collect()
    }

    pub(crate) fn values(&self, id: &str) -> usize {
        self.app(id).values.len()
    }

    /// A value that is a secret.
    pub(crate) fn value(&self, id: &str, name: &str) -> Option<String> {
        match self.app(id).values.get(name) {
            Some(AppValue::Secret(secret)) => Some(secret.clone()),
            _ => None,
        }
    }

    /// Apps that are laid out on disk.
    pub(crate) fn laid_out(&self) -> usize {
        std::fs::read_dir(self.directory.path().join("apps")).unwrap().count()
    }

    pub(crate) async fn count(&self, collection: &str) -> u64 {
        self.database.system().collection::<Document>(collection).count_documents(doc! {}).await.unwrap()
    }

    /// Everything that the system database holds, as text; bytes as what they are in UTF-8.
    pub(crate) async fn dump(&self) -> String {
        let mut all = String::new();
        for name in self.database.system().list_collection_names().await.unwrap() {
            let documents = self.database.system().collection::<Document>(&name).find(doc! {}).await.unwrap();
            for document in documents.try_collect::<Vec<Document>>().await.unwrap() {
                all.push_str(&String::from_utf8_lossy(&document.to_vec().unwrap()));
            }
        }
        all
    }

    /// What must not change by a change that is refused.
    pub(crate) async fn snapshot(&self) -> (Vec<Document>, u64) {
        let apps = self.database.system().collection::<Document>("hosted_apps").find(doc! {}).await.unwrap();
        (apps.try_collect().await.unwrap(), self.count("deployments").await)
    }
}

pub(crate) fn members(value: &Value) -> kinds::Members {
    value.as_object().unwrap().clone()
}
