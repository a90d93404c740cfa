//! HTTPS endpoints: `http_endpoints/config.json`.

use super::{Kind, Members, links};
use crate::error::ControlError;
use crate::workspace::{Workspace, text};

const FILE: &str = "http_endpoints/config.json";

/// HTTPS endpoints, by method and route.
pub struct Endpoints;

impl Kind for Endpoints {
    fn word(&self) -> &'static str {
        "endpoint"
    }

    fn codes(&self) -> (&'static str, &'static str) {
        ("EndpointNotFound", "EndpointAlreadyExists")
    }

    fn listed(&self) -> &'static [&'static str] {
        &[]
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
        let mut all = workspace.array(FILE);
        match all.iter_mut().find(|known| is(known, key)) {
            Some(known) => *known = members,
            None => all.push(members),
        }
        workspace.write_array(FILE, all)
    }

    fn remove(&self, workspace: &mut Workspace, key: &str) -> Result<(), ControlError> {
        let mut all = workspace.array(FILE);
        all.retain(|known| !is(known, key));
        workspace.write_array(FILE, all)
    }
}

fn key(members: &Members) -> Result<String, ControlError> {
    Ok(format!("{} {}", text(members, "http_method")?, text(members, "route")?))
}

fn is(members: &Members, wanted: &str) -> bool {
    key(members).is_ok_and(|key| key == wanted)
}
