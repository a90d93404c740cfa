//! What an app directory says, once it is found free of mistakes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use usher_contract::{Budget, Operations};
use usher_rules::Expression;

mod endpoints;
mod providers;
mod rules;
mod triggers;

pub use endpoints::{Endpoint, Method, RunAs, Shape, Validation};
pub use providers::{
    Confirmation, CustomToken, LocalUserpass, Mail, MetadataField, OAuth2, OAuth2Services, Providers, Reset, TokenKeys,
};
pub use rules::{CollectionRules, RuleBook};
pub use triggers::{AuthenticationTrigger, DatabaseTrigger, Occasion, ScheduledTrigger, Trigger};

/// One app, as its directory describes it (reference 7.7).
#[derive(Debug, Clone, Default)]
pub struct App {
    /// The client app id: what a client passes as `id` and what stands in its URLs.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// Where it was read from.
    pub directory: PathBuf,
    /// `LOCAL` or `GLOBAL`; answered by the location endpoint (reference 3.2).
    pub deployment_model: String,
    /// Such as `US-VA`; answered by the location endpoint.
    pub location: String,
    /// Origins that browsers may call from; empty allows all (reference 3.1, CORS).
    pub allowed_request_origins: Vec<String>,
    /// How users may authenticate.
    pub providers: Providers,
    /// Custom user data (reference 1.1).
    pub custom_user_data: CustomUserData,
    /// The functions, by name.
    pub functions: BTreeMap<String, Function>,
    /// The names under which functions ask for MongoDB (`context.services.get`), in order of their directories.
    pub data_sources: Vec<String>,
    /// Further names under which functions ask for what `context.http` is.
    pub http_services: Vec<String>,
    /// `context.values`, by name.
    pub values: BTreeMap<String, AppValue>,
    /// `context.environment`.
    pub environment: Environment,
    /// Who may do what to which documents, and what documents look like.
    pub rules: RuleBook,
    /// What runs by itself, by name.
    pub triggers: BTreeMap<String, Trigger>,
    /// What answers HTTP requests: HTTPS endpoints and webhooks.
    pub endpoints: Vec<Endpoint>,
    /// What the app's own configuration for Usher says: `usher.json`.
    pub usher: UsherConfig,
}

/// A value of the app (reference 5.4, `context.values`).
#[derive(Clone, PartialEq)]
pub enum AppValue {
    /// As it stands in `values/<name>.json`: Extended JSON.
    Plain(serde_json::Value),
    /// The text of a secret. It never appears in a log, an error or a cache.
    Secret(String),
}

impl std::fmt::Debug for AppValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Plain(value) => f.debug_tuple("Plain").field(value).finish(),
            Self::Secret(_) => f.write_str("Secret(…)"),
        }
    }
}

/// The app's environment (reference 5.4, `context.environment`).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Environment {
    /// `""`, `development`, `testing`, `qa` or `production`.
    pub tag: String,
    /// The values of this environment: those of `environments/<tag>.json`, and for the empty tag of
    /// `environments/no-environment.json`. Extended JSON.
    pub values: serde_json::Map<String, serde_json::Value>,
}

/// `usher.json`: what Usher needs to know of an app and no export says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UsherConfig {
    /// Whether the file exists.
    pub present: bool,
    /// A function that runs as the system runs in the instance of a caller that does not, as App Services did; live
    /// objects pass between them.
    pub share_instance: bool,
    /// Where functions may send HTTP requests.
    pub http: Vec<HttpGrant>,
    /// Collections that functions reach by the names of App Services when they run as the system.
    pub grants: Vec<DataGrant>,
    /// How users are kept.
    pub users: UsersConfig,
}

/// `"users"` of `usher.json`: what App Services kept in its settings, and what it lacked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UsersConfig {
    /// E-mail addresses are the same whatever their case.
    pub case_insensitive_email: bool,
    /// A refresh token's life; `None` for the host's default (reference 4: 30 minutes to 5 years).
    pub refresh_token_lifetime: Option<Duration>,
    /// How long an anonymous user is kept after the last login or refresh; `None` for
    /// [`usher_contract::limits::ANONYMOUS_USER_LIFETIME`].
    pub anonymous_lifetime: Option<Duration>,
    /// Whether the custom data goes when its user is deleted.
    pub delete_custom_data: bool,
}

/// Where functions may send HTTP requests: an origin such as `https://api.example.com`, or with `*.` in front of the
/// host all hosts below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpGrant {
    /// `http` or `https`.
    pub scheme: String,
    /// The host, in lower case; `*.example.com` for all below `example.com`.
    pub host: String,
    /// The port; the scheme's own where none is written.
    pub port: u16,
    /// The functions that may; empty means all.
    pub functions: Vec<String>,
}

/// A collection, or all of a database, that functions reach by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataGrant {
    /// The data source's name.
    pub data_source: String,
    /// The database.
    pub database: String,
    /// The collection; `None` for every collection of the database (written `"*"`).
    pub collection: Option<String>,
    /// What may be done.
    pub operations: Operations,
    /// The functions that may; empty means all.
    pub functions: Vec<String>,
}

/// `auth/custom_user_data.json` with the data source resolved.
#[derive(Debug, Clone, Default)]
pub struct CustomUserData {
    /// Whether the claim is filled and the grant exists.
    pub enabled: bool,
    /// The data source that the collection is named by.
    pub data_source: String,
    /// The database of the collection.
    pub database: String,
    /// The collection.
    pub collection: String,
    /// The top-level field that holds the user's id.
    pub user_id_field: String,
    /// The function that runs before a user is created; active whether or not the feature is enabled (reference 2).
    pub on_user_creation: Option<String>,
}

/// One function: its manifest entry and its source.
#[derive(Debug, Clone)]
pub struct Function {
    /// Unique in the app; may hold slashes.
    pub name: String,
    /// Hidden from clients.
    pub private: bool,
    /// Runs with the system's grants, whoever calls.
    pub run_as_system: bool,
    /// As which user it runs, where that is neither the caller nor the system.
    pub run_as_user: Option<RunAs>,
    /// Who may call it: the rule `can_evaluate`, over the arguments (`%%args.0`) and the caller.
    pub can_evaluate: Option<Arc<Expression>>,
    /// Arguments stay out of the log, where they are not written in any case.
    pub disable_arg_logs: bool,
    /// Where the code is.
    pub source: Source,
    /// What one invocation may spend.
    pub budget: Budget,
    /// What it was handed besides the custom-data collection.
    pub grants: Vec<Grant>,
    /// What it may do to the calling user's account.
    pub account: Account,
}

/// Where a function's code is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A component, ready to load.
    Component(PathBuf),
    /// A directory with a `Cargo.toml`, built for `wasm32-wasip2`.
    Crate(PathBuf),
    /// A JavaScript file, in the dialect of App Services (reference 5).
    JavaScript(PathBuf),
    /// JavaScript that stands in a configuration file, such as `run_as_user_id_script_source`.
    Inline {
        /// The file, relative to the app directory.
        file: String,
        /// The source.
        source: String,
    },
}

/// A collection handed to a function under a name of the app's choosing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The name that the function asks for.
    pub name: String,
    /// The database.
    pub database: String,
    /// The collection.
    pub collection: String,
    /// Which documents.
    pub reach: Reach,
    /// What may be done to them.
    pub operations: Operations,
}

/// Which documents of a collection a grant reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// All of them.
    Collection,
    /// Those whose given field holds the caller's id.
    Own {
        /// The field.
        field: String,
    },
}

/// What a function may do to the calling user's account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Account {
    /// It may delete it.
    pub delete: bool,
}
