//! A database, hosts on it, and an app whose functions write down what they are given.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bson::{Document, doc};
use futures::TryStreamExt as _;
use mongodb::Collection;
use usher_app::{App, DatabaseTrigger, Occasion, Trigger};
use usher_contract::limits;
use usher_database::{ConnectOptions, Database, Embedded};
use usher_dispatch::{Code, Deployment, Dispatcher, Scripts};
use usher_js::BundleOptions;
use usher_sandbox::{Sandbox, SandboxOptions};
use usher_triggers::{Operator, TriggerOptions, Triggers};

/// How long a test waits for something that should happen.
const PATIENCE: Duration = Duration::from_secs(180);

/// The leases of tests: no host loses one because the machine is busy, and what ran under it need not run again.
const LEASE: Duration = Duration::from_secs(30);

/// Where a host dies, another has its lease after this.
pub(crate) const SHORT_LEASE: Duration = limits::TRIGGER_LEASE;

/// Writes down what it is given; while `app.switch` says so, it fails instead.
const SEE: &str = r#"
exports = async function (...given) {
  const database = context.services.get("mongodb-atlas").db("app");
  const begin = Date.now();
  const seen = database.collection("seen");
  const { insertedId } = await seen.insertOne({ given, begin, system: context.runningAsSystem() });
  const rule = await database.collection("switch").findOne({});
  if (rule && rule.slow) {
    for (let i = 0; i < rule.slow; i++) await database.collection("switch").findOne({});
  }
  await seen.updateOne({ _id: insertedId }, { $set: { end: Date.now() } });
  const key = given[0] && given[0].documentKey ? given[0].documentKey._id : null;
  if (rule && rule.broken && (rule.broken === true || rule.broken === key)) {
    throw new Error("switched off: " + key + (rule.length ? " " + "x".repeat(rule.length) : ""));
  }
};
"#;

/// A database with an app beside it.
pub(crate) struct Stage {
    pub(crate) database: Database,
    pub(crate) app: App,
    embedded: Embedded,
    directory: tempfile::TempDir,
}

/// A process that runs triggers, as good as.
pub(crate) struct Host {
    pub(crate) dispatcher: Arc<Dispatcher>,
    pub(crate) triggers: Arc<Triggers>,
}

impl Stage {
    pub(crate) async fn new(triggers: Vec<Trigger>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let path = directory.path().join("app").join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("root_config.json", r#"{ "app_id": "app", "name": "app", "config_version": 20210101 }"#);
        write(
            "data_sources/mongodb-atlas/config.json",
            r#"{ "name": "mongodb-atlas", "type": "mongodb-atlas", "config": {} }"#,
        );
        write("functions/config.json", r#"[{ "name": "see", "private": true }]"#);
        write("functions/see.js", SEE);
        write(
            "usher.json",
            r#"{ "grants": [{ "data_source": "mongodb-atlas", "database": "app", "collection": "*" }] }"#,
        );
        let mut app = usher_app::load(&directory.path().join("app")).unwrap().app;
        app.triggers = triggers.into_iter().map(|trigger| (trigger.name.clone(), trigger)).collect();
        let embedded = Embedded::start(&directory.path().join("data"), None).await.unwrap();
        let database = Database::connect(embedded.uri(), ConnectOptions::default()).await.unwrap();
        database.ensure_collection("app", "seen").await.unwrap();
        database.ensure_collection("usher", "events").await.unwrap();
        Self { database, app, embedded, directory }
    }

    /// A host that runs the app.
    pub(crate) async fn host(&self, name: &str) -> Host {
        self.host_with(options(name)).await
    }

    pub(crate) async fn host_with(&self, options: TriggerOptions) -> Host {
        // Another host has connections of its own.
        let database = Database::connect(self.embedded.uri(), ConnectOptions::default()).await.unwrap();
        let sandbox =
            SandboxOptions { concurrent_calls: 16, cache: Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache")) };
        let dispatcher = Dispatcher::new(Arc::new(Sandbox::new(&sandbox).unwrap()), database.clone());
        let triggers = Triggers::start(database, dispatcher.clone(), options).await.unwrap();
        let host = Host { dispatcher, triggers };
        host.deploy(&self.app, self.directory.path()).await;
        host
    }

    pub(crate) fn directory(&self) -> PathBuf {
        self.directory.path().to_owned()
    }

    pub(crate) async fn operator(&self) -> Operator {
        Operator::open(self.database.clone()).await.unwrap()
    }

    pub(crate) fn data(&self, collection: &str) -> Collection<Document> {
        self.database.client().database("app").collection(collection)
    }

    pub(crate) fn system(&self, collection: &str) -> Collection<Document> {
        self.database.system().collection(collection)
    }

    /// The first argument of every call so far, in order.
    pub(crate) async fn seen(&self) -> Vec<Document> {
        let seen: Vec<Document> = self
            .data("seen")
            .find(doc! {})
            .sort(doc! {"begin": 1, "_id": 1})
            .await
            .unwrap()
            .try_collect()
            .await
            .unwrap();
        seen.iter().map(|call| call.get_array("given").unwrap()[0].as_document().unwrap().clone()).collect()
    }

    /// Waits until the function has been called so often, and nothing is left to deliver.
    pub(crate) async fn delivered(&self, calls: usize) -> Vec<Document> {
        eventually(&format!("{calls} calls"), async || {
            let seen = self.data("seen").count_documents(doc! {}).await.unwrap();
            let waiting = self.system("deliveries").count_documents(doc! {"state": "waiting"}).await.unwrap();
            seen >= calls as u64 && waiting == 0
        })
        .await;
        self.seen().await
    }

    pub(crate) async fn stop(self, hosts: impl IntoIterator<Item = Host>) {
        for host in hosts {
            host.triggers.stop().await;
        }
        self.embedded.stop().await;
    }
}

/// How the hosts of tests run triggers.
pub(crate) fn options(host: &str) -> TriggerOptions {
    TriggerOptions { host: host.to_owned(), lease: LEASE, attempts: 3, ..TriggerOptions::default() }
}

impl Host {
    pub(crate) async fn deploy(&self, app: &App, directory: &Path) {
        let tools = BundleOptions { tools: directory.join("javascript"), packages_may_follow: false };
        let document = usher_js::bundle(app, &tools, &mut |_| {}).unwrap().unwrap();
        let code = Code { scripts: Some(Scripts { engine: usher_js::ENGINE, document }), ..Code::default() };
        let deployment = Deployment::load(self.dispatcher.sandbox(), app.clone(), &code).await;
        let deployment = deployment.unwrap_or_else(|errors| panic!("{errors:?}"));
        self.triggers.deploy(&deployment).await.unwrap();
    }
}

/// Waits until something is so.
pub(crate) async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begin = Instant::now();
    while !is_so().await {
        assert!(begin.elapsed() < PATIENCE, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(crate) fn trigger(name: &str, occasion: Occasion) -> Trigger {
    Trigger { name: name.to_owned(), function: "see".to_owned(), disabled: false, occasion }
}

/// A trigger named `changes` on the collection `app.things`.
pub(crate) fn things(change: impl FnOnce(&mut DatabaseTrigger)) -> Trigger {
    let mut database = DatabaseTrigger {
        data_source: "mongodb-atlas".to_owned(),
        database: Some("app".to_owned()),
        collection: Some("things".to_owned()),
        ..DatabaseTrigger::default()
    };
    change(&mut database);
    trigger("changes", Occasion::Database(database))
}

pub(crate) fn n(event: &Document) -> i32 {
    event.get_document("fullDocument").unwrap().get_i32("n").unwrap()
}
