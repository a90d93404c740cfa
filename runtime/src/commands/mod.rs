//! The commands, one file each.

pub(crate) mod admin;
pub(crate) mod build;
pub(crate) mod check;
pub(crate) mod custom_data;
pub(crate) mod dev;
pub(crate) mod functions;
pub(crate) mod import;
pub(crate) mod inspect;
pub(crate) mod keys;
pub(crate) mod logs;
pub(crate) mod new;
pub(crate) mod rules;
pub(crate) mod secrets;
pub(crate) mod serve;
pub(crate) mod test;
pub(crate) mod triggers;
pub(crate) mod users;

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use usher_app::App;

use crate::host::{Host, Storage};
use crate::output::Output;
use crate::{logging, project};

/// The app that a command is about.
#[derive(Args, Clone)]
#[command(next_help_heading = "Which app")]
pub(crate) struct Target {
    /// The app's directory; may be given several times together with --app-id
    #[arg(long = "app", env = "USHER_APP", value_name = "DIR", default_value = ".")]
    directories: Vec<PathBuf>,
    /// Which of several apps, by its client app id; also one that is in no directory, but was deployed into the database
    #[arg(long, value_name = "ID")]
    app_id: Option<String>,
    #[command(flatten)]
    storage: Storage,
}

impl Target {
    /// The app's configuration, and a host beside whatever is running.
    pub(crate) async fn open(&self, output: Output) -> Result<(App, Host)> {
        logging::quiet();
        let found = project::configuration(&self.directories, self.app_id.as_deref());
        let found = match found {
            // Nobody names another place to look.
            Err(error) if self.app_id.is_none() => return Err(error),
            found => found,
        };
        if self.storage.is_new() {
            let data = self.storage.directory().display();
            output.notice(format!(
                "{data} holds no database yet, so this looks at a new, empty one; a running host's is found by its \
                 --data or --mongodb"
            ));
        }
        let mut host = Host::beside(&self.storage).await?;
        let app = match (found, &self.app_id) {
            (Err(error), Some(id)) => host.app_of_database(&self.storage, id).await.and_then(|app| {
                app.ok_or_else(|| error.context(format!("no app \"{id}\" was deployed into the database either")))
            }),
            (found, _) => found,
        };
        match app {
            Ok(app) => Ok((app, host)),
            Err(error) => {
                host.close().await;
                Err(error)
            }
        }
    }
}
