//! Types of the globals of JavaScript functions, written where editors find them.

use std::fs;
use std::io;
use std::path::Path;

const TYPES: &str = include_str!("usher.d.ts");
const SETTINGS: &str = include_str!("jsconfig.json");

/// Writes `functions/usher.d.ts` below an app's directory, and `functions/jsconfig.json` where there is none. A file
/// that is right already is left alone, so that whoever watches the directory sees no change.
///
/// # Errors
/// Where `functions/` is missing or a file cannot be written.
pub(crate) fn write_types(directory: &Path) -> io::Result<()> {
    let functions = directory.join("functions");
    let types = functions.join("usher.d.ts");
    if fs::read_to_string(&types).ok().as_deref() != Some(TYPES) {
        fs::write(types, TYPES)?;
    }
    let settings = functions.join("jsconfig.json");
    if !settings.exists() {
        fs::write(settings, SETTINGS)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn an_authors_own_settings_stay_and_old_types_go() {
        let app = tempfile::tempdir().unwrap();
        let functions = app.path().join("functions");
        fs::create_dir(&functions).unwrap();
        fs::write(functions.join("jsconfig.json"), "{}").unwrap();
        fs::write(functions.join("usher.d.ts"), "old").unwrap();
        write_types(app.path()).unwrap();
        assert_eq!(fs::read_to_string(functions.join("jsconfig.json")).unwrap(), "{}");
        let types = functions.join("usher.d.ts");
        assert_eq!(fs::read_to_string(&types).unwrap(), TYPES);

        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
        fs::File::options().write(true).open(&types).unwrap().set_modified(long_ago).unwrap();
        write_types(app.path()).unwrap();
        assert_eq!(fs::metadata(&types).unwrap().modified().unwrap(), long_ago, "the second time nothing is written");
    }
}
