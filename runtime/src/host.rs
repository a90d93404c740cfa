//! Composition: the database, the sandbox, dispatch and identity, joined into one running host.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::Args;
use tempfile::TempDir;
use usher_app::{App, Secrets};
use usher_contract::limits;
use usher_control::{Control, ControlOptions, Keyring};
use usher_database::{ConnectOptions, Database, Embedded};
use usher_dispatch::{Deployment, Dispatcher};
use usher_identity::{Identity, IdentityOptions};
use usher_logs::{LogOptions, Logs};
use usher_sandbox::{Sandbox, SandboxOptions};
use usher_triggers::{TriggerOptions, Triggers};

use crate::hosted;
use crate::mail::Mail;
use crate::output::Output;
use crate::project::{self, Project};

/// Where state lives.
#[derive(Args, Clone)]
#[command(next_help_heading = "Where state lives")]
pub(crate) struct Storage {
    /// The MongoDB replica set to use; without it, an embedded database is started
    #[arg(long, env = "USHER_MONGODB", value_name = "URI", hide_env_values = true)]
    mongodb: Option<String>,
    /// Directory of the embedded database, compiled code and build output
    #[arg(long, env = "USHER_DATA", value_name = "DIR", default_value = ".usher")]
    data: PathBuf,
    /// The embedded database's program, where it is not found by itself
    #[arg(long, env = "USHER_DATABASE_PROGRAM", value_name = "FILE")]
    database_program: Option<PathBuf>,
}

/// How much a host takes on.
#[derive(Args, Clone)]
#[command(next_help_heading = "How much a host takes on")]
pub(crate) struct Capacity {
    /// Calls that run at once; the sandbox pool is sized from this number
    #[arg(long, env = "USHER_CONCURRENT_CALLS", default_value_t = limits::CONCURRENT_CALLS, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    concurrent_calls: u32,
    /// Failed logins of one identity, within the window, before more are refused
    #[arg(long, env = "USHER_LOGIN_FAILURES_PER_IDENTITY", value_name = "N")]
    login_failures_per_identity: Option<u32>,
    /// Failed logins from one address, within the window, before more are refused
    #[arg(long, env = "USHER_LOGIN_FAILURES_PER_ADDRESS", value_name = "N")]
    login_failures_per_address: Option<u32>,
    /// Anonymous users and registrations from one address, within the window, before more are refused
    #[arg(long, env = "USHER_NEW_USERS_PER_ADDRESS", default_value_t = limits::NEW_USERS_PER_ADDRESS, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..))]
    new_users_per_address: u32,
    /// Calls of a trigger's function that fails, for one event, before the event is set aside
    #[arg(long, env = "USHER_TRIGGER_ATTEMPTS", default_value_t = limits::TRIGGER_ATTEMPTS, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=100))]
    trigger_attempts: u32,
    /// Last, for its heading.
    #[command(flatten)]
    mail: Mail,
}

impl Default for Capacity {
    fn default() -> Self {
        Self {
            // A command runs one call, and what that calls.
            concurrent_calls: 8,
            login_failures_per_identity: None,
            login_failures_per_address: None,
            new_users_per_address: limits::NEW_USERS_PER_ADDRESS,
            mail: Mail::default(),
            trigger_attempts: limits::TRIGGER_ATTEMPTS,
        }
    }
}

/// A running host.
pub(crate) struct Host {
    pub(crate) database: Database,
    pub(crate) rooms: Rooms,
    /// The connection string, for tools beside this host.
    pub(crate) mongodb: String,
    /// Where this host serves: what it tells of, written by itself.
    logs: Option<Arc<Logs>>,
    /// Where this host serves: apps that live in the database.
    pub(crate) control: Option<Arc<Control>>,
    /// An app of the database that a command is about, laid out while the command runs.
    laid_out: Option<TempDir>,
    embedded: Option<Embedded>,
}

/// The rooms of a host, joined; clones are handles of the same ones.
#[derive(Clone)]
pub(crate) struct Rooms {
    pub(crate) dispatcher: Arc<Dispatcher>,
    pub(crate) identity: Arc<Identity>,
    /// Where this host serves; a command runs no triggers.
    pub(crate) triggers: Option<Arc<Triggers>>,
    build: PathBuf,
}

impl Storage {
    /// The data directory.
    pub(crate) fn directory(&self) -> &Path {
        &self.data
    }

    /// Where functions are built.
    pub(crate) fn build_directory(&self) -> PathBuf {
        self.data.join("build")
    }

    /// Where apps of the database are laid out while they are loaded.
    fn apps_directory(&self) -> PathBuf {
        self.data.join("apps")
    }

    /// Where compiled code is kept.
    pub(crate) fn cache_directory(&self) -> PathBuf {
        self.data.join("cache")
    }

    /// A database to talk to: the given one, or an embedded one of this process's own.
    async fn start(&self) -> Result<(String, Option<Embedded>)> {
        if let Some(uri) = &self.mongodb {
            return Ok((uri.clone(), None));
        }
        let embedded = Embedded::start(&self.data, self.database_program.as_deref()).await?;
        Ok((embedded.uri().to_owned(), Some(embedded)))
    }

    /// Whether this is an embedded database that nobody has used yet.
    pub(crate) fn is_new(&self) -> bool {
        self.mongodb.is_none() && !usher_database::embedded::exists(&self.data)
    }

    /// As [`Storage::start`], but beside a running host its embedded database is used.
    async fn join(&self) -> Result<(String, Option<Embedded>)> {
        match (&self.mongodb, usher_database::embedded::running(&self.data)) {
            (None, Some(uri)) => Ok((uri, None)),
            _ => self.start().await,
        }
    }
}

impl Host {
    /// A host that serves: the only one on its data directory.
    pub(crate) async fn open(
        storage: &Storage,
        capacity: &Capacity,
        log: LogOptions,
        keyring: Keyring,
    ) -> Result<Self> {
        let mut host = Self::compose(storage, capacity, storage.start().await?).await?;
        let logs = Arc::new(Logs::open(&host.database, log).await?);
        host.rooms.dispatcher.set_logs(logs.clone());
        host.logs = Some(logs);
        let options = TriggerOptions {
            // Clients have at least half of the sandboxes for themselves.
            calls: limits::TRIGGER_CALLS.min(capacity.concurrent_calls / 2).max(1),
            attempts: capacity.trigger_attempts,
            ..TriggerOptions::default()
        };
        let dispatcher = host.rooms.dispatcher.clone();
        match Triggers::start(host.database.clone(), dispatcher, options).await {
            Ok(triggers) => host.rooms.triggers = Some(triggers),
            Err(error) => {
                host.close().await;
                return Err(error.into());
            }
        }
        match host.open_control(storage, keyring).await {
            Ok(control) => host.control = Some(control),
            Err(error) => {
                host.close().await;
                return Err(error);
            }
        }
        Ok(host)
    }

    /// The control plane. It runs nothing before it is told to catch up.
    pub(crate) async fn open_control(&self, storage: &Storage, keyring: Keyring) -> Result<Arc<Control>> {
        let options = ControlOptions { directory: storage.apps_directory(), keyring };
        Ok(Control::open(self.database.clone(), Arc::new(self.rooms.clone()), options).await?)
    }

    /// A host for one command, possibly beside one that serves.
    pub(crate) async fn beside(storage: &Storage) -> Result<Self> {
        Self::compose(storage, &Capacity::default(), storage.join().await?).await
    }

    /// The app that the database holds under this client app id, for a command.
    pub(crate) async fn app_of_database(&mut self, storage: &Storage, id: &str) -> Result<Option<App>> {
        let control = self.open_control(storage, Keyring::default()).await?;
        let Some(files) = control.files_of(id).await? else { return Ok(None) };
        let place = tempfile::tempdir()?;
        files.write_to(place.path())?;
        let app = hosted::read(place.path(), &Secrets::unneeded())?;
        self.laid_out = Some(place);
        Ok(Some(app))
    }

    async fn compose(
        storage: &Storage,
        capacity: &Capacity,
        (mongodb, embedded): (String, Option<Embedded>),
    ) -> Result<Self> {
        let database = Database::connect(&mongodb, ConnectOptions::default()).await?;
        let sandbox = Sandbox::new(&SandboxOptions {
            concurrent_calls: capacity.concurrent_calls,
            cache: Some(storage.cache_directory()),
        })?;
        let dispatcher = Dispatcher::new(Arc::new(sandbox), database.clone());
        let mut options = IdentityOptions {
            mailer: capacity.mail.mailer()?,
            new_users_per_address: capacity.new_users_per_address,
            ..IdentityOptions::default()
        };
        if let Some(failures) = capacity.login_failures_per_identity {
            options.failures_per_identity = failures;
        }
        if let Some(failures) = capacity.login_failures_per_address {
            options.failures_per_address = failures;
        }
        let identity = Identity::open(database.clone(), dispatcher.clone(), options).await?;
        dispatcher.set_accounts(identity.clone());
        Ok(Self {
            database,
            rooms: Rooms { dispatcher, identity, triggers: None, build: storage.build_directory() },
            mongodb,
            logs: None,
            control: None,
            laid_out: None,
            embedded,
        })
    }

    /// Ends what the host holds, the database last.
    pub(crate) async fn close(self) {
        if let Some(triggers) = &self.rooms.triggers {
            triggers.stop().await;
        }
        if let Some(logs) = &self.logs {
            logs.stop().await;
        }
        if let Some(embedded) = self.embedded {
            embedded.stop().await;
        }
    }
}

impl Rooms {
    /// Builds, checks and loads an app, and only then puts it in place of the one that runs.
    pub(crate) async fn deploy(&self, directory: &Path, output: Output) -> Result<Arc<Deployment>> {
        let project = project::build(directory, &self.build, output).await?;
        let loaded = self.load(project).await;
        let deployment = loaded.with_context(|| format!("the app in {} cannot be deployed", directory.display()))?;
        self.identity.prepare_app(deployment.app()).await?;
        self.swap(&deployment).await?;
        Ok(deployment)
    }

    /// Loads the functions of an app that is built. Nothing of it runs yet.
    pub(crate) async fn load(&self, project: Project) -> Result<Arc<Deployment>> {
        let (app, code) = project.into_code();
        Deployment::load(self.dispatcher.sandbox(), app, &code).await.map_err(|errors| {
            let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
            anyhow::anyhow!("{}", errors.join("\n"))
        })
    }

    /// Puts an app in place of the one that runs under its id, its triggers with it.
    pub(crate) async fn swap(&self, deployment: &Arc<Deployment>) -> Result<()> {
        match &self.triggers {
            Some(triggers) => triggers.deploy(deployment).await?,
            None => self.dispatcher.deploy(deployment.clone()),
        }
        Ok(())
    }

    /// Where functions are built.
    pub(crate) fn build_directory(&self) -> &Path {
        &self.build
    }

    /// Deploys several apps; two may not share an id.
    pub(crate) async fn deploy_all(&self, directories: &[PathBuf], output: Output) -> Result<()> {
        let mut seen: HashMap<String, &PathBuf> = HashMap::new();
        for directory in directories {
            let deployment = self.deploy(directory, output).await?;
            let id = &deployment.app().id;
            if let Some(other) = seen.insert(id.clone(), directory) {
                bail!(
                    "{} and {} are both the app \"{id}\"; give one another app_id",
                    other.display(),
                    directory.display()
                );
            }
            output.done(format!("app \"{id}\": {} functions", deployment.app().functions.len()));
        }
        Ok(())
    }
}
