//! A host runs what the database says: what other hosts deploy, and at its start everything.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bson::doc;
use bson::oid::ObjectId;
use futures::TryStreamExt as _;
use serde::Deserialize;

use crate::control::Control;
use crate::error::ControlError;

/// How often a host looks for what others have deployed. One small query a second costs nothing, and whoever deploys
/// hardly notices it.
const PAUSE: Duration = Duration::from_secs(1);

/// What tells whether an app has changed.
#[derive(Deserialize)]
struct Head {
    #[serde(rename = "_id")]
    id: ObjectId,
    client_app_id: String,
    revision: i64,
}

impl Control {
    /// Looks for changes of other hosts until the end of time.
    pub async fn follow(self: Arc<Self>) {
        loop {
            tokio::time::sleep(PAUSE).await;
            if let Err(error) = self.catch_up().await {
                tracing::warn!(%error, "cannot see what other hosts have deployed");
            }
        }
    }

    /// Runs every app of the database in its present revision, and no app that was deleted from it. An app that cannot
    /// run here is told to the log; one with mistakes is not tried again before it changes.
    ///
    /// # Errors
    /// [`ControlError::Internal`] where the list of apps cannot be read.
    pub async fn catch_up(&self) -> Result<(), ControlError> {
        let heads = self.store.apps.clone_with_type::<Head>();
        let heads = heads.find(doc! {}).projection(doc! {"client_app_id": 1, "revision": 1}).await?;
        let heads: Vec<Head> = heads.try_collect().await?;
        for head in &heads {
            let known = self.hosted().get(&head.id).map_or(0, |hosted| hosted.revision);
            if head.revision <= known {
                continue;
            }
            let turn = self.turn(head.id);
            let _turn = turn.lock().await;
            match self.run_present(head.id).await {
                Ok(()) => tracing::info!(app = head.client_app_id, revision = head.revision, "app swapped in"),
                Err(error) => {
                    let story = story(&error);
                    tracing::error!(app = head.client_app_id, story, "an app of the database cannot run here");
                    if matches!(error, ControlError::Invalid(..)) {
                        let mut apps = self.hosted();
                        let hosted = apps.entry(head.id).or_default();
                        hosted.revision = hosted.revision.max(head.revision);
                    }
                }
            }
        }
        let present: HashSet<ObjectId> = heads.iter().map(|head| head.id).collect();
        let gone: Vec<(ObjectId, String)> = self
            .hosted()
            .iter()
            // One without a revision is just being made.
            .filter(|(app, hosted)| hosted.revision > 0 && !present.contains(app))
            .map(|(app, hosted)| (*app, hosted.client_app_id.clone()))
            .collect();
        for (app, client_app_id) in gone {
            // It may have been made since the list was read.
            if self.store.apps.find_one(doc! {"_id": app}).await?.is_none() {
                self.hosted().remove(&app);
                self.deployer.remove(&client_app_id).await;
                tracing::info!(app = client_app_id, "app removed");
            }
        }
        Ok(())
    }

    /// Runs an app as the database has it now. To be called in the app's turn.
    pub(crate) async fn run_present(&self, app: ObjectId) -> Result<(), ControlError> {
        let found = self.find(app).await?;
        if self.hosted().get(&app).is_some_and(|hosted| hosted.revision >= found.revision) {
            return Ok(());
        }
        let files = self.store.load(app, &found.files, None).await?;
        let loaded = self.load(&found, &files, self.secrets_of(app).await?).await?;
        self.install(app, found.revision, loaded, Some(&files)).await;
        Ok(())
    }
}

/// An error with its causes, for the log.
fn story(error: &ControlError) -> String {
    let mut story = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        story = format!("{story}: {inner}");
        cause = inner.source();
    }
    story
}
