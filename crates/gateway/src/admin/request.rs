//! One request of an administrator about one app.

use std::sync::Arc;

use bson::oid::ObjectId;
use hyper::Method;
use serde_json::{Map, Value};
use usher_control::{Admin, AppInfo, Control, ControlError, Role, Workspace, id_of};
use usher_dispatch::Deployment;

use crate::admin::errors;
use crate::body;
use crate::errors::ApiError;
use crate::exchange::Exchange;

/// What takes the place of an app in the ids of those that are served from directories.
const DIRECTORIES: ObjectId = ObjectId::from_bytes([0; 12]);

pub(super) struct Request<'a> {
    pub(super) exchange: &'a Exchange,
    pub(super) app: AppInfo,
    pub(super) body: &'a [u8],
    admin: Admin,
    /// Whether the database holds the app, so that it can be changed here.
    hosted: bool,
}

impl<'a> Request<'a> {
    /// # Errors
    /// Where there is no such app, or the administrator may not do this to it.
    pub(super) async fn new(exchange: &'a Exchange, admin: Admin, app: &str, body: &'a [u8]) -> Result<Self, ApiError> {
        may(&admin, &exchange.parts.method)?;
        let none = || ControlError::NotFound("AppNotFound", "app not found".to_owned());
        let id = ObjectId::parse_str(app).map_err(|_| none())?;
        let (app, hosted) = match exchange.shared.services.control.app(id).await {
            Ok(app) => (app, true),
            Err(ControlError::NotFound(..)) => {
                let found = served_from_directories(exchange).await?.into_iter().find(|served| served.id == id);
                (found.ok_or_else(none)?, false)
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Self { exchange, app, body, admin, hosted })
    }

    pub(super) fn control(&self) -> &Arc<Control> {
        &self.exchange.shared.services.control
    }

    /// Who asks, as deployments remember it.
    pub(super) fn author(&self) -> String {
        self.admin.id.to_hex()
    }

    /// The app's id, where it can be changed.
    pub(super) fn hosted(&self) -> Result<ObjectId, ApiError> {
        if self.hosted { Ok(self.app.id) } else { Err(errors::directory()) }
    }

    /// What runs now.
    pub(super) fn deployment(&self) -> Result<Arc<Deployment>, ApiError> {
        let id = &self.app.client_app_id;
        self.exchange.shared.services.dispatcher.deployment(id).ok_or_else(|| ApiError::app_not_found(id))
    }

    /// The members of the body.
    pub(super) fn members(&self) -> Result<Map<String, Value>, ApiError> {
        body::object(self.body)
    }

    /// The body, whatever JSON it is.
    pub(super) fn json(&self) -> Result<Value, ApiError> {
        serde_json::from_slice(self.body)
            .map_err(|e| ApiError::bad_request(format!("the request body is not JSON: {e}")))
    }

    pub(super) async fn workspace(&self) -> Result<Workspace, ApiError> {
        Ok(self.control().workspace(self.hosted()?).await?)
    }

    /// Changes the app; see [`Control::edit`].
    pub(super) async fn edit<T: Send>(
        &self,
        edit: impl Fn(&mut Workspace) -> Result<T, ControlError> + Send + Sync,
    ) -> Result<T, ApiError> {
        Ok(self.control().edit(self.hosted()?, &self.author(), edit).await?)
    }
}

/// Whether an administrator may do this.
pub(super) fn may(admin: &Admin, method: &Method) -> Result<(), ApiError> {
    if admin.role == Role::Owner || *method == Method::GET { Ok(()) } else { Err(errors::read_only()) }
}

/// The apps that this host reads from directories.
pub(super) async fn served_from_directories(exchange: &Exchange) -> Result<Vec<AppInfo>, ApiError> {
    let services = &exchange.shared.services;
    let hosted = services.control.apps().await?;
    let deployments = services.dispatcher.deployments();
    let others = deployments.iter().map(|deployment| deployment.app());
    let others = others.filter(|app| !hosted.iter().any(|hosted| hosted.client_app_id == app.id));
    let info = |app: &usher_app::App| AppInfo {
        id: ObjectId::parse_str(id_of(DIRECTORIES, "app", &app.id)).unwrap_or(DIRECTORIES),
        client_app_id: app.id.clone(),
        name: app.name.clone(),
        deployment_model: app.deployment_model.clone(),
        location: app.location.clone(),
        environment: app.environment.tag.clone(),
        modified_at: 0,
    };
    Ok(others.map(info).collect())
}
