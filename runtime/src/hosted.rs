//! Apps that live in the database, on their way to a deployment.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use usher_app::{App, Mistakes, Secrets, Source};
use usher_control::{Deployer, Refusal};
use usher_dispatch::Deployment;
use usher_triggers::TriggerError;

use crate::commands::import;
use crate::host::Rooms;
use crate::output::Output;
use crate::project;

/// Nobody watches: what there is to say is in the answer to whoever deploys.
const SILENT: Output = Output { json: true };

#[async_trait]
impl Deployer for Rooms {
    async fn load(&self, directory: &Path, secrets: BTreeMap<String, String>) -> Result<Arc<Deployment>, Refusal> {
        // The environment's secrets are those of apps that the operator serves, not of apps that come over the network.
        let secrets = Secrets::from_map(secrets);
        let app = read(directory, &secrets)?;
        // The command line of App Services uploads packages after the functions that require them.
        let project = project::compile(app, self.build_directory(), true, SILENT).await.map_err(mistakes)?;
        let deployment = self.load(project).await.map_err(mistakes)?;
        let prepared = self.identity.prepare_app(deployment.app()).await;
        prepared.map_err(|error| Refusal::Internal(format!("{:#}", anyhow::Error::from(error))))?;
        // Before it is recorded: what has been recorded is to run.
        if let Some(triggers) = &self.triggers {
            triggers.check(deployment.app()).await.map_err(|error| match error {
                TriggerError::Unprepared { .. } => Refusal::Mistakes(error.to_string()),
                error => Refusal::Internal(error.to_string()),
            })?;
        }
        Ok(deployment)
    }

    async fn swap(&self, deployment: Arc<Deployment>) -> Result<(), String> {
        Self::swap(self, &deployment).await.map_err(|error| format!("{error:#}"))
    }

    async fn remove(&self, client_app_id: &str) {
        // An app without anything has no triggers either.
        let nothing = Deployment::without_functions(App { id: client_app_id.to_owned(), ..App::default() });
        if let Err(error) = Self::swap(self, &nothing).await {
            tracing::error!(app = client_app_id, story = format!("{error:#}"), "the triggers of an app go on running");
        }
        self.dispatcher.remove(client_app_id);
        if let Some(triggers) = &self.triggers
            && let Err(error) = triggers.forget(client_app_id).await
        {
            tracing::warn!(app = client_app_id, %error, "events of an app that is gone are kept");
        }
    }
}

/// Reads an app, with grants of what its functions name where nothing grants them anything: an exported app says
/// nothing of grants, and whoever imports it over the network cannot run `usher import`.
pub(crate) fn read(directory: &Path, secrets: &Secrets) -> Result<App, Refusal> {
    let load =
        || usher_app::load_with(directory, secrets).map_err(|found: Mistakes| Refusal::Mistakes(found.to_string()));
    let app = load()?.app;
    let scripted = app.functions.values().any(|it| matches!(it.source, Source::JavaScript(_) | Source::Inline { .. }));
    if !scripted || !app.usher.grants.is_empty() || !app.usher.http.is_empty() {
        return Ok(app);
    }
    let proposal = import::grants(&app);
    usher_app::write_grants(directory, &proposal.config).map_err(|error| Refusal::Internal(error.to_string()))?;
    Ok(load()?.app)
}

fn mistakes(error: anyhow::Error) -> Refusal {
    Refusal::Mistakes(format!("{error:#}"))
}
