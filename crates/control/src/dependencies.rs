//! The archive of npm packages that functions require (reference 5.6 and 7.4): one file of the app, whose name says its format.

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

/// Puts an archive in place of the one that is there.
///
/// # Errors
/// Where it is none, or too large.
pub fn set_archive(workspace: &mut Workspace, content: &[u8]) -> Result<(), ControlError> {
    let path = match content {
        [0x1f, 0x8b, ..] => NAMES[0],
        [b'P', b'K', 3, 4, ..] => NAMES[3],
        _ if content.get(257..262) == Some(b"ustar") => NAMES[2],
        _ => {
            let message = "the file is no archive of node_modules: make one as .tar.gz, .tar or .zip";
            return Err(ControlError::invalid(message));
        }
    };
    remove_archive(workspace);
    workspace.files.write(path, content)
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
