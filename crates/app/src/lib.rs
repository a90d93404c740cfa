//! The app directory: parsed, validated, and every mistake reported at once with file, line and a way out.
//!
//! [`load`] reads a directory in any of the layouts that App Services exported, [`load_with`] the same with secrets,
//! [`load_files`] the same from memory; [`build()`] compiles the functions that are crates; [`write_grants`] writes
//! `usher.json`. What a file says that this version does not run is never dropped in silence: it comes back as a
//! [`Notice`], and where ignoring it would give somebody more access than the app's author meant, it closes access or
//! is a mistake.

mod authority;
mod budget;
mod build;
mod custom_data;
mod data_sources;
mod endpoints;
mod environment;
mod functions;
mod grants;
mod json;
mod known;
mod manifest;
pub mod model;
mod names;
mod not_run;
mod providers;
mod report;
mod root;
mod rules;
mod run_as;
mod secrets;
mod sources;
mod tree;
mod triggers;
mod usher_json;
mod values;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use build::{BuildError, Failed, build};
pub use model::{
    Account, App, AppValue, AuthenticationTrigger, CollectionRules, Confirmation, CustomToken, CustomUserData,
    DataGrant, DatabaseTrigger, Endpoint, Environment, Function, Grant, HttpGrant, LocalUserpass, Mail, MetadataField,
    Method, OAuth2, OAuth2Services, Occasion, Providers, Reach, Reset, RuleBook, RunAs, ScheduledTrigger, Shape,
    Source, TokenKeys, Trigger, UsersConfig, UsherConfig, Validation,
};
pub use names::{is_collection, is_database};
pub use report::{Mistake, Mistakes, Notice};
pub use secrets::Secrets;
pub use usher_json::write_grants;

use known::Known;
use report::Report;
use tree::{Disk, Memory, Tree};

/// An app free of mistakes, and what its owner should know about it.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The app.
    pub app: App,
    /// What in the directory has no effect, or not the effect one would expect; by file and line.
    pub notices: Vec<Notice>,
}

/// Reads an app from its directory, in any of the layouts that App Services exported (reference 7.7). Its secrets are
/// those of the environment, `USHER_SECRET_<name>`, and of a `secrets.json` in the directory.
///
/// Nothing outside the directory is read. Functions are located, not compiled: see [`build()`].
///
/// # Errors
/// Every mistake in the app, by file and line.
pub fn load(directory: &Path) -> Result<Loaded, Mistakes> {
    load_with(directory, &Secrets::default().with_environment())
}

/// Reads an app from its directory as [`load`] does, with these secrets in place of the environment's.
///
/// # Errors
/// Every mistake in the app, by file and line.
pub fn load_with(directory: &Path, secrets: &Secrets) -> Result<Loaded, Mistakes> {
    let disk = Disk::open(directory).map_err(Mistakes::one)?;
    read(&disk, disk.directory(), secrets)
}

/// Reads an app from files in memory, named by their paths inside the app directory. Its secrets are those of a
/// `secrets.json` among them.
///
/// # Errors
/// Every mistake in the app, by file and line.
pub fn load_files(files: &BTreeMap<PathBuf, Vec<u8>>) -> Result<Loaded, Mistakes> {
    let memory = Memory::new(files).map_err(Mistakes::one)?;
    read(&memory, Path::new(""), &Secrets::default())
}

/// Whether a directory holds the root file of an app, in any layout.
pub fn is_app(directory: &Path) -> bool {
    root::FILES.iter().any(|(file, ..)| directory.join(file).is_file())
}

/// What every reader of a file needs: where the files are, and where to say what is wrong with them.
#[derive(Clone, Copy)]
struct Context<'a> {
    tree: &'a dyn Tree,
    report: &'a Report,
}

fn read(tree: &dyn Tree, directory: &Path, secrets: &Secrets) -> Result<Loaded, Mistakes> {
    let report = Report::default();
    let context = Context { tree, report: &report };
    let root = root::read(context);
    let data_sources = data_sources::read(context);
    let custom = custom_data::read(context, &root, &data_sources);
    let mut functions = functions::read(context, root.layout, directory, custom.on_user_creation.as_deref());
    custom_data::check_creation_function(context, &custom, &functions.named);
    let secrets = secrets.with_app(context);
    let webhooks = endpoints::webhooks(context, directory, &secrets);
    for webhook in &webhooks {
        webhook.functions.iter().for_each(|function| functions.insert(context, &webhook.file, function.clone()));
    }
    let functions_known = functions.named.clone();
    let known = Known { data_sources: &data_sources, functions: &functions_known, secrets: &secrets };
    let endpoints::Endpoints { mut endpoints, scripts } = endpoints::read(context, known, &functions.functions);
    endpoints.extend(webhooks.into_iter().map(|webhook| webhook.endpoint));
    scripts.into_iter().for_each(|(file, script)| functions.insert(context, &file, script));
    let mut providers = providers::read(context, &root, known);
    let usher = usher_json::read(context, known);
    usher.services.into_iter().for_each(|(name, services)| providers.set_services(name, services));
    let values = values::read(context, &secrets);
    let environment = environment::read(context, &root.environment);
    let rules = rules::read(context, known);
    let triggers = triggers::read(context, known);
    not_run::notice(context, &root, &data_sources);
    let app = App {
        id: root.id,
        name: root.name,
        directory: directory.to_owned(),
        deployment_model: root.deployment_model,
        location: root.location,
        allowed_request_origins: root.allowed_request_origins,
        providers,
        custom_user_data: custom.into_model(),
        functions: functions.functions,
        data_sources: data_sources.names().into_iter().map(str::to_owned).collect(),
        http_services: endpoints::http_services(context),
        values,
        environment,
        rules,
        triggers,
        endpoints,
        usher: usher.config,
    };
    let notices = report.finish()?;
    Ok(Loaded { app, notices })
}
