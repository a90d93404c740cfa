//! HTTPS endpoints: `http_endpoints/config.json`.

use super::{About, Kind, Members, links};
use crate::error::ControlError;
use crate::workspace::{Workspace, text};

const FILE: &str = "http_endpoints/config.json";

/// HTTPS endpoints, by method and route.
pub struct Endpoints;

impl Kind for Endpoints {
    fn about(&self) -> About {
        About { word: "endpoint", missing: "EndpointNotFound", taken: "EndpointAlreadyExists", listed: &[] }
    }

    fn all(&self, workspace: &Workspace) -> Vec<(String, Members)> {
        let endpoint = |members: Members| Some((key(&members).ok()?, members));
        workspace.array(FILE).into_iter().filter_map(endpoint).collect()
    }

    fn key(&self, _: &Workspace, members: &Members) -> Result<String, ControlError> {
        key(members)
    }

    fn write(
        &self,
        workspace: &mut Workspace,
        key: &str,
        mut members: Members,
        _: Option<&Members>,
    ) -> Result<(), ControlError> {
        links::to_names(workspace, &mut members)?;
        workspace.put_in_array(FILE, |known| is(known, key), Some(members))
    }

    fn remove(&self, workspace: &mut Workspace, key: &str) -> Result<(), ControlError> {
        workspace.put_in_array(FILE, |known| is(known, key), None)
    }
}

fn key(members: &Members) -> Result<String, ControlError> {
    Ok(format!("{} {}", text(members, "http_method")?, text(members, "route")?))
}

fn is(members: &Members, wanted: &str) -> bool {
    key(members).is_ok_and(|key| key == wanted)
}
