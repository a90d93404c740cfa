//! Where an app's packages are: beside its functions, in an archive, installed from its package.json, or at its root.

use std::fs;
use std::path::{Path, PathBuf};

use usher_app::App;

use super::BundleError;
use super::archive;
use super::npm::{self, NpmError};

/// Archives of `node_modules`, as App Services took them (reference 5.6).
const ARCHIVES: [&str; 4] = ["node_modules.tar.gz", "node_modules.tgz", "node_modules.tar", "node_modules.zip"];

/// The directory from which packages are looked for, in its `node_modules` and in those above it.
pub(super) fn root(app: &App, tools: &Path, progress: &mut dyn FnMut(&str)) -> Result<PathBuf, BundleError> {
    let functions = app.directory.join("functions");
    if functions.join("node_modules").is_dir() {
        return Ok(functions);
    }
    if let Some(name) = ARCHIVES.into_iter().find(|name| functions.join(name).is_file()) {
        return unpacked(&functions.join(name), name, tools, progress);
    }
    let manifest = functions.join("package.json");
    if !manifest.is_file() {
        return Ok(functions);
    }
    install(&functions, &manifest, tools, progress)
}

fn unpacked(archive: &Path, name: &str, tools: &Path, progress: &mut dyn FnMut(&str)) -> Result<PathBuf, BundleError> {
    let file = format!("functions/{name}");
    let fail = |error: std::io::Error| {
        BundleError::file(&file, format!("cannot be unpacked: {error}"), "make the archive anew from node_modules")
    };
    let bytes = fs::read(archive).map_err(fail)?;
    let directory = npm::kept(tools, "archives", &npm::name_for([name.as_bytes(), &bytes]));
    if !directory.is_dir() {
        progress(&format!("unpacking {file}"));
    }
    npm::once(&directory, |part| {
        let unpacked = part.join("unpacked");
        archive::unpack(name, &bytes, &unpacked)?;
        // An archive holds node_modules itself, or what is in it.
        let inner = unpacked.join("node_modules");
        fs::rename(if inner.is_dir() { inner } else { unpacked }, part.join("node_modules"))
    })
    .map_err(fail)?;
    Ok(directory)
}

fn install(
    functions: &Path,
    manifest: &Path,
    tools: &Path,
    progress: &mut dyn FnMut(&str),
) -> Result<PathBuf, BundleError> {
    const FILE: &str = "functions/package.json";
    let fail = |error: std::io::Error| BundleError::file(FILE, format!("cannot be read: {error}"), "make it readable");
    let manifest = fs::read(manifest).map_err(fail)?;
    let lock = fs::read(functions.join("package-lock.json")).unwrap_or_default();
    let directory = npm::kept(tools, "packages", &npm::name_for([&*manifest, &*lock]));
    if !directory.is_dir() {
        progress(&format!("installing the packages of {FILE}"));
    }
    npm::installed(&directory, &["--omit=dev"], |part| {
        fs::write(part.join("package.json"), &manifest)?;
        if lock.is_empty() { Ok(()) } else { fs::write(part.join("package-lock.json"), &lock) }
    })
    .map_err(|error| match error {
        NpmError::Missing => BundleError::file(
            FILE,
            "its packages are installed with npm, which was not found",
            format!("{}, or put functions/node_modules or functions/node_modules.tar.gz beside it", npm::HOW),
        ),
        NpmError::Failed(told) => {
            BundleError::file(FILE, format!("npm could not install its packages:\n{told}"), "see what npm says")
        }
    })?;
    Ok(directory)
}

/// Whether packages are to be unpacked from an archive, or installed because package.json lists some, which may bring
/// others along.
pub(super) fn come_later(functions: &Path) -> bool {
    let listed = || {
        let manifest = fs::read(functions.join("package.json")).ok()?;
        let manifest: serde_json::Value = serde_json::from_slice(&manifest).ok()?;
        let kinds = ["dependencies", "optionalDependencies", "peerDependencies"];
        Some(kinds.iter().any(|kind| manifest[kind].as_object().is_some_and(|listed| !listed.is_empty())))
    };
    let archived = || ARCHIVES.into_iter().any(|name| functions.join(name).is_file());
    !functions.join("node_modules").is_dir() && (archived() || listed().unwrap_or_default())
}

/// Whether a package can be found from a directory.
pub(super) fn is_there(root: &Path, package: &str) -> bool {
    root.ancestors().any(|directory| directory.join("node_modules").join(package).is_dir())
}
