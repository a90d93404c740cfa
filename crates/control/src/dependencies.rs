//! The archive of npm packages that functions require (reference 5.6 and 7.4): one file of the app, whose name says its format.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::error::ControlError;
use crate::files::Files;
use crate::workspace::Workspace;

/// The names that an archive may have, which are those that functions look for.
const NAMES: [&str; 4] = [
    "functions/node_modules.tar.gz",
    "functions/node_modules.tgz",
    "functions/node_modules.tar",
    "functions/node_modules.zip",
];
/// What `package.json` lists is installed where there is no archive.
const MANIFESTS: [&str; 2] = ["functions/package.json", "functions/package-lock.json"];

/// The archive, with its path.
pub fn archive(files: &Files) -> Option<(&'static str, &[u8])> {
    NAMES.into_iter().find_map(|path| Some((path, files.read(path)?)))
}

/// Puts an upload in place of what says which packages there are: an archive, or a `package.json`, whose packages are
/// installed at deploy.
///
/// # Errors
/// Where it is neither, or too large.
pub fn upload(workspace: &mut Workspace, content: &[u8]) -> Result<(), ControlError> {
    let path = place(content)?;
    remove_archive(workspace);
    if path == MANIFESTS[0] {
        // It was made for the packages of another.
        workspace.files.remove(MANIFESTS[1]);
    }
    workspace.files.write(path, content)
}

/// Where an upload belongs, by its form.
fn place(content: &[u8]) -> Result<&'static str, ControlError> {
    match content {
        [0x1f, 0x8b, ..] => Ok(NAMES[0]),
        [b'P', b'K', 3, 4, ..] => Ok(NAMES[3]),
        _ if content.get(257..262) == Some(b"ustar") => Ok(NAMES[2]),
        _ if manifest(content).is_some() => Ok(MANIFESTS[0]),
        _ => Err(ControlError::invalid(
            "the file is neither a package.json nor an archive of node_modules: make one as .tar.gz, .tar or .zip",
        )),
    }
}

fn manifest(content: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice(content).ok()
}

/// What an upload would change: packages by name, with the version before and after.
///
/// An archive counts as one package, `node_modules`, whose version is the beginning of its SHA-256.
///
/// # Errors
/// Where it is no upload.
pub fn differences(files: &Files, content: &[u8]) -> Result<BTreeMap<String, Difference>, ControlError> {
    let before = archive(files).or_else(|| Some((MANIFESTS[0], files.read(MANIFESTS[0])?)));
    let before = before.map(|(path, content)| packages(path, content)).unwrap_or_default();
    let after = packages(place(content)?, content);
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let difference = |name: &String| {
        let (before, after) = (before.get(name).cloned(), after.get(name).cloned());
        (before != after).then(|| (name.clone(), Difference { before, after }))
    };
    Ok(names.into_iter().filter_map(difference).collect())
}

/// One package in two versions of an app; a version is absent where the package is.
#[derive(Debug, PartialEq, Eq)]
pub struct Difference {
    /// The version that there is.
    pub before: Option<String>,
    /// The version that there would be.
    pub after: Option<String>,
}

/// Packages with their versions.
fn packages(path: &str, content: &[u8]) -> BTreeMap<String, String> {
    if path != MANIFESTS[0] {
        let digest = hex::encode(&Sha256::digest(content)[..6]);
        return BTreeMap::from([("node_modules".to_owned(), digest)]);
    }
    let manifest = manifest(content).unwrap_or_default();
    let listed = manifest.get("dependencies").and_then(Value::as_object).into_iter().flatten();
    listed.map(|(name, version)| (name.clone(), version.as_str().unwrap_or_default().to_owned())).collect()
}

/// Takes the archive away.
pub fn remove_archive(workspace: &mut Workspace) {
    NAMES.into_iter().for_each(|path| workspace.files.remove(path));
}

/// What says which packages there are, from one version to another, where the other has nothing to say of them.
pub(crate) fn keep(from: &Files, to: &mut Files) -> Result<(), ControlError> {
    let all = || NAMES.into_iter().chain(MANIFESTS);
    if all().any(|path| to.read(path).is_some()) {
        return Ok(());
    }
    for path in all() {
        if let Some(content) = from.read(path) {
            to.write(path, content)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_compared_package_by_package_and_an_archive_as_one() {
        let mut files = Files::default();
        let manifest = |dependencies: &str| format!("{{\"dependencies\": {{{dependencies}}}}}").into_bytes();
        files.write(MANIFESTS[0], manifest("\"a\": \"1\", \"b\": \"1\", \"c\": \"1\"")).unwrap();
        let version = |text: &str| Some(text.to_owned());
        let changed = differences(&files, &manifest("\"a\": \"1\", \"b\": \"2\", \"d\": \"1\"")).unwrap();
        let expected = [("b", version("1"), version("2")), ("c", version("1"), None), ("d", None, version("1"))];
        let expected = expected.map(|(name, before, after)| (name.to_owned(), Difference { before, after }));
        assert_eq!(changed, BTreeMap::from(expected));

        files.write(NAMES[3], &b"PK\x03\x04one"[..]).unwrap();
        assert!(differences(&files, b"PK\x03\x04one").unwrap().is_empty());
        let changed = differences(&files, b"PK\x03\x04two").unwrap();
        assert_eq!(changed.keys().collect::<Vec<_>>(), ["node_modules"]);
        assert!(differences(&files, b"neither").is_err());
    }
}
