//! The control plane: apps, deployments and secrets kept in the database; admin keys (reference 7).
//!
//! An app is kept as the files of its directory, in the layout that `usher serve DIR` reads ([`Files`]). Every change
//! edits those files ([`Workspace`], [`kinds`]), has the result read, built and loaded by the [`Deployer`], and is
//! recorded only when that went well; while a draft is open, changes gather there. Files are kept once for each
//! content (`store`); what a host runs follows the database (`follow`).
//!
//! Beside the apps stand those who may administer them (`admins`, `sessions`) and the apps' secrets (`secrets`), which
//! are encrypted under a key that only the hosts know (`seal`).

mod admins;
mod apps;
mod archive;
mod attempts;
mod change;
mod control;
pub mod dependencies;
mod deployments;
mod error;
mod files;
mod follow;
pub mod kinds;
mod manifest;
mod password;
mod seal;
mod secrets;
mod sessions;
mod store;
mod structure;
mod workspace;

pub use admins::{Admin, AdminSummary, NewKey, Role};
pub use apps::{AppInfo, NewApp, PRODUCT};
pub use archive::zip;
pub use control::{Control, ControlOptions};
pub use deployments::{DeploymentInfo, DraftInfo};
pub use error::ControlError;
pub use files::Files;
pub use seal::Keyring;
pub use secrets::SecretInfo;
pub use sessions::{AdminLogin, AdminTokens};
pub use structure::replace_with;
pub use workspace::{Workspace, id_of};

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use usher_dispatch::Deployment;

/// The project of every app. Hosts have no projects, but every path of the admin API names one.
pub const GROUP: &str = "000000000000000000000000";

/// What control asks of the host that it runs in: to make files into something that runs. The binary implements it.
#[async_trait]
pub trait Deployer: Send + Sync {
    /// Reads, builds and loads the app in a directory. Nothing of it runs yet.
    ///
    /// # Errors
    /// See [`Refusal`].
    async fn load(&self, directory: &Path, secrets: BTreeMap<String, String>) -> Result<Arc<Deployment>, Refusal>;

    /// Puts a deployment in place of the one that runs under its id.
    ///
    /// # Errors
    /// Where it cannot, as for the log; what ran before goes on running.
    async fn swap(&self, deployment: Arc<Deployment>) -> Result<(), String>;

    /// Stops serving an app.
    async fn remove(&self, client_app_id: &str);
}

/// Why an app could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The app has mistakes; all of them, for its author.
    #[error("{0}")]
    Mistakes(String),
    /// Something else failed; for the log.
    #[error("{0}")]
    Internal(String),
}
