//! `require` of a file of the app.

use std::path::{Path, PathBuf};

/// Where a relative specifier leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Local {
    /// A file of the app, relative to its directory, with slashes.
    File(String),
    /// Out of the app directory.
    Outside,
    /// Nowhere.
    Missing,
}

/// Whether a specifier is a path rather than the name of a package.
pub(super) fn is_path(specifier: &str) -> bool {
    specifier == "." || specifier == ".." || ["./", "../", "/"].iter().any(|beginning| specifier.starts_with(beginning))
}

/// The file that `specifier` means in a file of the app: as it is written, with an extension, or the index of a
/// directory, as Node has it.
pub(super) fn local(app: &Path, from: &str, specifier: &str) -> Local {
    let directory = Path::new(from).parent().unwrap_or(Path::new(""));
    let wanted = app.join(directory).join(specifier);
    let candidates = ["", ".js", ".json", ".cjs", ".mjs", "/index.js", "/index.json"].into_iter().map(|end| {
        let mut path = wanted.clone().into_os_string();
        path.push(end);
        PathBuf::from(path)
    });
    let Some(file) = candidates.into_iter().find(|candidate| candidate.is_file()) else {
        return Local::Missing;
    };
    // Symbolic links are followed before it is decided where the file is.
    match (file.canonicalize(), app.canonicalize()) {
        (Ok(file), Ok(app)) => match file.strip_prefix(&app) {
            Ok(inside) => Local::File(slashes(inside)),
            Err(_) => Local::Outside,
        },
        _ => Local::Missing,
    }
}

/// A path as it is written in messages and keys.
pub(super) fn slashes(path: &Path) -> String {
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// The package that a specifier means: `@scope/name/lib/x` is of `@scope/name`.
pub(super) fn package(specifier: &str) -> &str {
    let parts = if specifier.starts_with('@') { 2 } else { 1 };
    specifier.match_indices('/').nth(parts - 1).map_or(specifier, |(end, _)| &specifier[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_have_scopes() {
        assert_eq!(package("axios"), "axios");
        assert_eq!(package("lodash/get"), "lodash");
        assert_eq!(package("@sendgrid/mail"), "@sendgrid/mail");
        assert_eq!(package("@sendgrid/mail/src/x"), "@sendgrid/mail");
    }

    #[test]
    fn a_file_outside_is_known_through_a_link() {
        let here = tempfile::tempdir().unwrap();
        let app = here.path().join("app");
        std::fs::create_dir_all(app.join("functions")).unwrap();
        std::fs::write(here.path().join("secret.js"), "").unwrap();
        std::os::unix::fs::symlink(here.path().join("secret.js"), app.join("functions/link.js")).unwrap();
        std::fs::write(app.join("functions/b.js"), "").unwrap();
        assert_eq!(local(&app, "functions/a.js", "./link"), Local::Outside);
        assert_eq!(local(&app, "functions/a.js", "../../secret"), Local::Outside);
        assert_eq!(local(&app, "functions/a.js", "./b"), Local::File("functions/b.js".into()));
        assert_eq!(local(&app, "functions/a.js", "./c"), Local::Missing);
    }
}
