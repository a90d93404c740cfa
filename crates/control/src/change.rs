//! One change of an app: edited, loaded, recorded, swapped in. In that order, so that what does not load is never
//! recorded, and what an answer calls done is.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use bson::oid::ObjectId;
use bson::{DateTime, doc};
use usher_contract::limits;
use usher_dispatch::Deployment;

use crate::Refusal;
use crate::control::Control;
use crate::error::ControlError;
use crate::files::Files;
use crate::manifest;
use crate::store::{AppDocument, DeploymentDocument, DraftDocument};
use crate::workspace::Workspace;

/// What is about to run.
#[derive(Clone, Copy)]
pub(crate) struct Version<'a> {
    pub(crate) files: &'a Files,
    pub(crate) author: &'a str,
    /// The draft whose files they are, as it was read.
    pub(crate) draft: Option<&'a DraftDocument>,
}

/// How long a change is made again because another host has changed the app meanwhile. Of those who meet, one succeeds
/// each time, so nobody need pause.
pub(crate) struct Patience(Instant);

impl Patience {
    pub(crate) fn begin() -> Self {
        Self(Instant::now())
    }

    /// Another host was quicker.
    ///
    /// # Errors
    /// [`ControlError::Conflict`] after [`limits::CHANGE_PATIENCE`].
    pub(crate) fn again(&self) -> Result<(), ControlError> {
        if self.0.elapsed() < limits::CHANGE_PATIENCE {
            return Ok(());
        }
        Err(ControlError::Conflict("Conflict", "the app is being changed elsewhere; try again".to_owned()))
    }
}

impl Control {
    /// The files of an app as whoever edits it sees them: those of the open draft, else those that run.
    ///
    /// # Errors
    /// [`ControlError::NotFound`].
    pub async fn workspace(&self, app: ObjectId) -> Result<Workspace, ControlError> {
        let found = self.find(app).await?;
        let draft = self.store.drafts.find_one(doc! {"app": app}).await?;
        self.workspace_of(&found, draft.as_ref()).await
    }

    async fn workspace_of(&self, app: &AppDocument, draft: Option<&DraftDocument>) -> Result<Workspace, ControlError> {
        let manifest = draft.map_or(&app.files, |draft| &draft.files);
        let known = self.hosted().get(&app.id).map(|hosted| hosted.files.clone());
        let files = self.store.load(app.id, manifest, known.as_ref()).await?;
        if let Some(hosted) = self.hosted().get_mut(&app.id) {
            hosted.files = files.clone();
        }
        let secrets = self.secrets(app.id).await?.into_iter().map(|secret| (secret.id, secret.name)).collect();
        Ok(Workspace {
            app: app.id,
            client_app_id: app.client_app_id.clone(),
            files,
            modified_at: app.modified_at.timestamp_millis() / 1000,
            secrets,
        })
    }

    /// Changes an app's files. While a draft is open the change waits there; otherwise it runs when this returns.
    /// `edit` may run several times, each time on the newest files.
    ///
    /// # Errors
    /// What `edit` refuses, and [`ControlError::Invalid`] with every mistake where the app would not run with it; then
    /// nothing has changed.
    pub async fn edit<T: Send>(
        &self,
        app: ObjectId,
        author: &str,
        edit: impl Fn(&mut Workspace) -> Result<T, ControlError> + Send + Sync,
    ) -> Result<T, ControlError> {
        let turn = self.turn(app);
        let _turn = turn.lock().await;
        let patience = Patience::begin();
        loop {
            let mut found = self.find(app).await?;
            let draft = self.store.drafts.find_one(doc! {"app": app}).await?;
            let mut workspace = self.workspace_of(&found, draft.as_ref()).await?;
            let before = workspace.files.clone();
            let outcome = edit(&mut workspace)?;
            if workspace.files == before {
                return Ok(outcome);
            }
            check_size(&workspace.files)?;
            let recorded = match draft {
                Some(draft) => self.keep(draft, &workspace.files).await?,
                None => {
                    let version = Version { files: &workspace.files, author, draft: None };
                    self.run(&mut found, version).await?
                }
            };
            if recorded {
                return Ok(outcome);
            }
            patience.again()?;
        }
    }

    /// Loads a version and makes it the one that runs. `false` where another host was quicker.
    pub(crate) async fn run(&self, app: &mut AppDocument, version: Version<'_>) -> Result<bool, ControlError> {
        let secrets = self.secrets_of(app.id).await?;
        let loaded = self.load(app, version.files, secrets).await?;
        self.commit(app, version, loaded).await
    }

    /// Lays an app out and has it loaded; nothing of the directory remains.
    pub(crate) async fn load(
        &self,
        app: &AppDocument,
        files: &Files,
        secrets: BTreeMap<String, String>,
    ) -> Result<Arc<Deployment>, ControlError> {
        let place = self.options.directory.join(format!("{}.{}", app.client_app_id, ObjectId::new().to_hex()));
        let laid_out = LaidOut(place.clone());
        let files = files.clone();
        let written =
            tokio::task::spawn_blocking(move || files.write_to(&place)).await.map_err(ControlError::internal)?;
        written.map_err(ControlError::internal)?;
        let loaded = self.deployer.load(&laid_out.0, secrets).await;
        let shown = laid_out.0.display().to_string();
        loaded.map_err(|refusal| match refusal {
            Refusal::Mistakes(mistakes) => ControlError::invalid(mistakes.replace(&format!("{shown}/"), "")),
            Refusal::Internal(story) => ControlError::internal(story),
        })
    }

    /// Records a version that has been loaded, and swaps it in. `false` where another host was quicker to change the app,
    /// or the draft that it was made of.
    pub(crate) async fn commit(
        &self,
        app: &mut AppDocument,
        version: Version<'_>,
        loaded: Arc<Deployment>,
    ) -> Result<bool, ControlError> {
        let files = self.store.save(app.id, version.files, &app.files).await?;
        let deployment = DeploymentDocument {
            id: ObjectId::new(),
            app: app.id,
            author: version.author.to_owned(),
            draft: version.draft.map(|draft| draft.id),
            created_at: DateTime::now(),
            failure: None,
            files,
        };
        let manifest = bson::serialize_to_bson(&deployment.files).map_err(ControlError::internal)?;
        let (store, app_id, revision) = (&self.store, app.id, app.revision);
        let (deployment, manifest) = (&deployment, &manifest);
        let draft = version.draft.map(|draft| doc! {"_id": draft.id, "revision": draft.revision});
        let draft = &draft;
        let moved = self.database.transaction(|transaction| async move {
            let mut session = transaction.session().await;
            if let Some(draft) = draft
                && store.drafts.find_one(draft.clone()).session(&mut *session).await?.is_none()
            {
                return Ok(false);
            }
            let this = doc! {"_id": app_id, "revision": revision};
            let change = doc! {"$set": {
                "revision": revision + 1, "files": manifest.clone(), "deployment": deployment.id,
                "modified_at": deployment.created_at,
            }};
            let moved = store.apps.update_one(this, change).session(&mut *session).await?.matched_count == 1;
            if moved {
                store.deployments.insert_one(deployment).session(&mut *session).await?;
                if let Some(draft) = draft {
                    store.drafts.delete_one(draft.clone()).session(&mut *session).await?;
                }
            }
            Ok::<_, usher_database::DatabaseError>(moved)
        });
        if !moved.await? {
            return Ok(false);
        }
        app.revision += 1;
        app.files.clone_from(&deployment.files);
        app.deployment = deployment.id;
        self.install(app.id, app.revision, loaded, Some(version.files)).await;
        self.prune(app.id).await;
        Ok(true)
    }

    /// Swaps a revision in. To be called in the app's turn, with a newer revision than the one that runs. Where it
    /// fails, it is tried again with the next look at the database.
    pub(crate) async fn install(&self, app: ObjectId, revision: i64, loaded: Arc<Deployment>, files: Option<&Files>) {
        let client_app_id = loaded.app().id.clone();
        if let Err(story) = self.deployer.swap(loaded).await {
            tracing::error!(app = client_app_id, story, "an app could not be swapped in");
            return;
        }
        let mut apps = self.hosted();
        let hosted = apps.entry(app).or_default();
        hosted.revision = revision;
        hosted.client_app_id = client_app_id;
        if let Some(files) = files {
            hosted.files = files.clone();
        }
    }

    /// Writes the files of a draft. `false` where another host was quicker.
    async fn keep(&self, draft: DraftDocument, files: &Files) -> Result<bool, ControlError> {
        let files = self.store.save(draft.app, files, &draft.files).await?;
        let files = bson::serialize_to_bson(&files).map_err(ControlError::internal)?;
        let this = doc! {"_id": draft.id, "revision": draft.revision};
        let change = doc! {"$set": {"files": files, "revision": draft.revision + 1}};
        Ok(self.store.drafts.update_one(this, change).await?.matched_count == 1)
    }

    /// Forgets old versions. What fails here is tried again after the next change.
    async fn prune(&self, app: ObjectId) {
        let old = async {
            let newest = self.store.deployments.find(doc! {"app": app}).sort(doc! {"_id": -1});
            let mut old = newest.skip(limits::DEPLOYMENTS_KEPT).limit(1).await?;
            if !old.advance().await? {
                return Ok(());
            }
            let last = old.deserialize_current()?.id;
            self.store.deployments.delete_many(doc! {"app": app, "_id": {"$lte": last}}).await?;
            self.store.sweep(app).await
        };
        if let Err(error) = old.await {
            tracing::warn!(%error, %app, "old deployments could not be removed");
        }
    }
}

/// The directory that an app is laid out in, gone when this is dropped.
struct LaidOut(PathBuf);

impl Drop for LaidOut {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::debug!(%error, directory = %self.0.display(), "a directory of an app could not be removed");
        }
    }
}

fn check_size(files: &Files) -> Result<(), ControlError> {
    let (bytes, count) = (files.bytes(), manifest::of(files).len());
    if bytes > limits::HOSTED_APP_BYTES || count > limits::HOSTED_FILES {
        let (most, files) = (limits::HOSTED_APP_BYTES, limits::HOSTED_FILES);
        return Err(ControlError::invalid(format!("an app has at most {files} files with {most} bytes in all")));
    }
    Ok(())
}
