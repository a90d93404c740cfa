//! What an app directory says, once it is found free of mistakes.

use std::collections::BTreeMap;
use std::path::PathBuf;

use usher_contract::{Budget, Operations};

/// One app, as its directory describes it (reference 7.7).
#[derive(Debug, Clone)]
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
}

/// The authentication providers of `auth/providers.json` that are switched on.
#[derive(Debug, Clone, Default)]
pub struct Providers {
    /// Anonymous users.
    pub anon_user: bool,
    /// E-mail and password.
    pub local_userpass: Option<LocalUserpass>,
}

/// Configuration of the provider `local-userpass` (reference 3.4).
#[derive(Debug, Clone, Default)]
pub struct LocalUserpass {
    /// A registration is confirmed at once.
    pub auto_confirm: bool,
}

/// `auth/custom_user_data.json` with the data source resolved.
#[derive(Debug, Clone, Default)]
pub struct CustomUserData {
    /// Whether the claim is filled and the grant exists.
    pub enabled: bool,
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
