//! A host: identity on a database of its own.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bson::{Document, doc};
use mongodb::Collection;
use serde_json::Value;
use usher_app::{App, CustomUserData, LocalUserpass, Providers};
use usher_database::{ConnectOptions, Database, Embedded};
use usher_dispatch::{Deployment, Dispatcher};
use usher_identity::{Credential, Device, Identity, IdentityError, IdentityOptions, Login};
use usher_sandbox::{Sandbox, SandboxOptions};

pub(crate) const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
pub(crate) const PASSWORD: &str = "correct horse";
pub(crate) const REQUEST: &str = "65f000000000000000000001";

/// How long a test waits for something that should happen.
const PATIENCE: Duration = Duration::from_secs(180);

pub(crate) struct Host {
    pub(crate) database: Database,
    pub(crate) dispatcher: Arc<Dispatcher>,
    pub(crate) identity: Arc<Identity>,
    embedded: Embedded,
    _directory: tempfile::TempDir,
}

impl Host {
    pub(crate) async fn start() -> Self {
        Self::with(IdentityOptions::default()).await
    }

    pub(crate) async fn with(options: IdentityOptions) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let embedded = Embedded::start(directory.path(), None).await.unwrap();
        let database = Database::connect(embedded.uri(), ConnectOptions::default()).await.unwrap();
        let capacity = SandboxOptions { concurrent_calls: 1, cache: None };
        let dispatcher = Dispatcher::new(Arc::new(Sandbox::new(&capacity).unwrap()), database.clone());
        let identity = Identity::open(database.clone(), dispatcher.clone(), options).await.unwrap();
        identity.prepare_app(&app()).await.unwrap();
        Self { database, dispatcher, identity, embedded, _directory: directory }
    }

    /// A second host on the same database.
    pub(crate) async fn neighbour(&self, options: IdentityOptions) -> Arc<Identity> {
        Identity::open(self.database.clone(), self.dispatcher.clone(), options).await.unwrap()
    }

    pub(crate) async fn register(&self, email: &str) {
        register(&self.identity, app(), email, PASSWORD).await.unwrap();
    }

    pub(crate) async fn login(&self, email: &str, password: &str) -> Result<Login, IdentityError> {
        login(&self.identity, app(), email, password).await
    }

    /// Registers and logs in.
    pub(crate) async fn user(&self, email: &str) -> Login {
        self.register(email).await;
        self.login(email, PASSWORD).await.unwrap()
    }

    pub(crate) fn system(&self, collection: &str) -> Collection<Document> {
        self.database.system().collection(collection)
    }

    pub(crate) async fn count(&self, collection: &str) -> u64 {
        self.system(collection).count_documents(doc! {}).await.unwrap()
    }

    pub(crate) fn custom_data(&self) -> Collection<Document> {
        self.database.client().database("shop").collection("custom_data")
    }

    pub(crate) async fn stop(self) {
        self.embedded.stop().await;
    }
}

pub(crate) async fn register(
    identity: &Arc<Identity>,
    app: App,
    email: &str,
    password: &str,
) -> Result<(), IdentityError> {
    identity.register(&Deployment::without_functions(app), email, password, PEER, REQUEST).await
}

pub(crate) async fn anonymous(identity: &Arc<Identity>, app: App) -> Result<Login, IdentityError> {
    let deployment = Deployment::without_functions(app);
    identity.login(&deployment, Credential::Anonymous, Device::default(), PEER, REQUEST).await
}

pub(crate) async fn login(
    identity: &Arc<Identity>,
    app: App,
    email: &str,
    password: &str,
) -> Result<Login, IdentityError> {
    let credential = Credential::EmailPassword { email: email.to_owned(), password: password.to_owned() };
    let deployment = Deployment::without_functions(app);
    identity.login(&deployment, credential, Device::default(), PEER, REQUEST).await
}

/// An app with both providers and custom data in `shop.custom_data`, by the field `user_id`.
pub(crate) fn app() -> App {
    App {
        id: "shop-abcde".to_owned(),
        name: "shop".to_owned(),
        directory: PathBuf::new(),
        deployment_model: "LOCAL".to_owned(),
        location: "US-VA".to_owned(),
        allowed_request_origins: Vec::new(),
        providers: Providers {
            anon_user: true,
            local_userpass: Some(LocalUserpass::default()),
            ..Providers::default()
        },
        custom_user_data: CustomUserData {
            enabled: true,
            data_source: "mongodb-atlas".to_owned(),
            database: "shop".to_owned(),
            collection: "custom_data".to_owned(),
            user_id_field: "user_id".to_owned(),
            on_user_creation: None,
        },
        ..App::default()
    }
}

/// Waits until something is so.
pub(crate) async fn eventually(what: &str, is_so: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < PATIENCE, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Logs in, again where so many do so at once that one is turned away.
pub(crate) async fn login_in_a_crowd(identity: &Arc<Identity>, email: &str) -> Login {
    loop {
        match login(identity, app(), email, PASSWORD).await {
            Err(IdentityError::Overloaded(_)) => {}
            outcome => return outcome.unwrap(),
        }
    }
}

/// The claims of a token.
pub(crate) fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// A copy of the claims with one changed.
pub(crate) fn altered(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    claims[name] = value;
    claims
}

/// Whether an outcome is the refusal of a token, with this text.
pub(crate) fn is_session_error<T>(outcome: &Result<T, IdentityError>, text: &str) -> bool {
    matches!(outcome, Err(IdentityError::InvalidSession(message)) if message.starts_with("invalid session") && message.contains(text))
}
