//! Versions of an app, and drafts of the next one (reference 7.2 to 7.4).

use bson::oid::ObjectId;
use bson::{DateTime, doc};
use futures::TryStreamExt as _;
use serde_json::{Value, json};
use usher_contract::limits;
use usher_database::is_duplicate_key;

use crate::change::{Patience, Version};
use crate::control::Control;
use crate::error::ControlError;
use crate::manifest;
use crate::store::{AppDocument, DeploymentDocument, DraftDocument};

/// A version of an app, or the attempt at one.
#[derive(Debug, Clone)]
pub struct DeploymentInfo(DeploymentDocument);

/// A draft.
#[derive(Debug, Clone)]
pub struct DraftInfo {
    /// Its id.
    pub id: ObjectId,
    /// Who opened it.
    pub author: String,
}

impl DeploymentInfo {
    /// The members that clients of the admin API look for.
    pub fn body(&self) -> Value {
        let Self(deployment) = self;
        let status = if deployment.failure.is_none() { "successful" } else { "failed" };
        json!({
            "_id": deployment.id.to_hex(),
            "name": "",
            "app_id": deployment.app.to_hex(),
            "draft_id": deployment.draft.map(|draft| draft.to_hex()),
            "user_id": deployment.author,
            "deployed_at": deployment.created_at.timestamp_millis() / 1000,
            "origin": "API",
            "commit": "",
            "status": status,
            "status_message": deployment.failure,
            "status_error_message": deployment.failure.as_deref().unwrap_or_default(),
            "diff_url": "",
            "remote_location": "",
        })
    }
}

impl From<DraftDocument> for DraftInfo {
    fn from(draft: DraftDocument) -> Self {
        Self { id: draft.id, author: draft.author }
    }
}

impl Control {
    /// The versions of an app, newest first.
    ///
    /// # Errors
    /// [`ControlError::NotFound`].
    pub async fn deployments(&self, app: ObjectId) -> Result<Vec<DeploymentInfo>, ControlError> {
        self.find(app).await?;
        let found = self.store.deployments.find(doc! {"app": app}).sort(doc! {"_id": -1}).await?;
        let found: Vec<DeploymentDocument> = found.try_collect().await?;
        Ok(found.into_iter().take(keep()).map(DeploymentInfo).collect())
    }

    /// One version.
    ///
    /// # Errors
    /// [`ControlError::NotFound`].
    pub async fn deployment(&self, app: ObjectId, deployment: &str) -> Result<DeploymentInfo, ControlError> {
        let none = || ControlError::NotFound("DeploymentNotFound", "deployment not found".to_owned());
        let id = ObjectId::parse_str(deployment).map_err(|_| none())?;
        let found = self.store.deployments.find_one(doc! {"_id": id, "app": app}).await?;
        found.map(DeploymentInfo).ok_or_else(none)
    }

    /// Runs an earlier version again, as a version of its own. An open draft stays as it is.
    ///
    /// # Errors
    /// [`ControlError::NotFound`]; [`ControlError::Invalid`] where it does not run any more.
    pub async fn redeploy(
        &self,
        app: ObjectId,
        deployment: &str,
        author: &str,
    ) -> Result<DeploymentInfo, ControlError> {
        let turn = self.turn(app);
        let _turn = turn.lock().await;
        let DeploymentInfo(earlier) = self.deployment(app, deployment).await?;
        let files = self.store.load(app, &earlier.files, None).await?;
        let version = Version { files: &files, author, draft: None };
        let patience = Patience::begin();
        loop {
            let mut found = self.find(app).await?;
            if self.run(&mut found, version).await? {
                return self.deployment(app, &found.deployment.to_hex()).await;
            }
            patience.again()?;
        }
    }

    /// Opens a draft, in which changes gather until it is deployed.
    ///
    /// # Errors
    /// [`ControlError::Conflict`] where one is open.
    pub async fn open_draft(&self, app: ObjectId, author: &str) -> Result<DraftInfo, ControlError> {
        let found = self.find(app).await?;
        let draft = DraftDocument {
            id: ObjectId::new(),
            app,
            author: author.to_owned(),
            created_at: DateTime::now(),
            revision: 0,
            files: found.files,
        };
        match self.store.drafts.insert_one(&draft).await {
            Err(error) if is_duplicate_key(&error) => {
                let message = "a draft is open already: deploy it or delete it first".to_owned();
                Err(ControlError::Conflict("DraftAlreadyExists", message))
            }
            outcome => Ok(outcome.map(|_| draft.into())?),
        }
    }

    /// The open draft, if there is one.
    ///
    /// # Errors
    /// [`ControlError::Internal`] where the database fails.
    pub async fn drafts(&self, app: ObjectId) -> Result<Vec<DraftInfo>, ControlError> {
        Ok(self.store.drafts.find_one(doc! {"app": app}).await?.map(DraftInfo::from).into_iter().collect())
    }

    /// One draft.
    ///
    /// # Errors
    /// [`ControlError::NotFound`].
    pub async fn draft(&self, app: ObjectId, draft: &str) -> Result<DraftInfo, ControlError> {
        self.find_draft(app, draft).await.map(DraftInfo::from)
    }

    /// What a draft changes: a line for each file.
    ///
    /// # Errors
    /// [`ControlError::NotFound`].
    pub async fn draft_changes(&self, app: ObjectId, draft: &str) -> Result<Vec<String>, ControlError> {
        let draft = self.find_draft(app, draft).await?;
        Ok(manifest::difference(&self.find(app).await?.files, &draft.files))
    }

    /// Throws a draft away.
    ///
    /// # Errors
    /// [`ControlError::NotFound`].
    pub async fn discard_draft(&self, app: ObjectId, draft: &str) -> Result<(), ControlError> {
        let draft = self.find_draft(app, draft).await?;
        self.store.drafts.delete_one(doc! {"_id": draft.id}).await?;
        Ok(())
    }

    /// Runs a draft and closes it.
    ///
    /// # Errors
    /// [`ControlError::Invalid`] with every mistake where it does not run; then the draft stays open, what ran goes on
    /// running, and the attempt is among the deployments.
    pub async fn deploy_draft(&self, app: ObjectId, draft: &str, author: &str) -> Result<DeploymentInfo, ControlError> {
        let turn = self.turn(app);
        let _turn = turn.lock().await;
        let patience = Patience::begin();
        loop {
            let draft = self.find_draft(app, draft).await?;
            let mut found = self.find(app).await?;
            let files = self.store.load(app, &draft.files, None).await?;
            let version = Version { files: &files, author, draft: Some(&draft) };
            match self.run(&mut found, version).await {
                Ok(true) => return self.deployment(app, &found.deployment.to_hex()).await,
                Ok(false) => patience.again()?,
                Err(error) => {
                    if let ControlError::Invalid(_, mistakes) = &error {
                        self.record_failure(&found, &draft, author, mistakes).await?;
                    }
                    return Err(error);
                }
            }
        }
    }

    async fn record_failure(
        &self,
        app: &AppDocument,
        draft: &DraftDocument,
        author: &str,
        mistakes: &str,
    ) -> Result<(), ControlError> {
        let failed = DeploymentDocument {
            id: ObjectId::new(),
            app: app.id,
            author: author.to_owned(),
            draft: Some(draft.id),
            created_at: DateTime::now(),
            failure: Some(limits::log_line(mistakes).to_owned()),
            files: draft.files.clone(),
        };
        self.store.deployments.insert_one(failed).await?;
        Ok(())
    }

    async fn find_draft(&self, app: ObjectId, draft: &str) -> Result<DraftDocument, ControlError> {
        let none = || ControlError::NotFound("DraftNotFound", "draft not found".to_owned());
        let id = ObjectId::parse_str(draft).map_err(|_| none())?;
        self.store.drafts.find_one(doc! {"_id": id, "app": app}).await?.ok_or_else(none)
    }
}

/// How many versions are told of.
fn keep() -> usize {
    usize::try_from(limits::DEPLOYMENTS_KEPT).unwrap_or(usize::MAX)
}
