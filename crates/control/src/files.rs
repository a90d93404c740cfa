//! The files of an app, in memory.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use usher_contract::limits;

use crate::error::ControlError;
use crate::manifest;

/// Kinds of files that an app has by its extension. Crates and components are not among them: what comes over the
/// network must not make a host run a compiler, or a build script.
const EXTENSIONS: [&str; 9] = ["js", "mjs", "cjs", "json", "gz", "tgz", "tar", "zip", "md"];
/// The longest name of one file or directory, in bytes: what file systems take.
const SEGMENT_BYTES: usize = 255;

/// The files of an app directory, by their paths in it, with `/` between segments. Copies share their contents.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Files(BTreeMap<String, Arc<[u8]>>);

impl Files {
    /// The content of a file.
    pub fn read(&self, path: &str) -> Option<&[u8]> {
        self.0.get(path).map(|content| &**content)
    }

    /// The content of a JSON file. One that is not JSON counts as absent: nothing was deployed with it.
    pub fn json(&self, path: &str) -> Option<Value> {
        serde_json::from_slice(self.read(path)?).ok()
    }

    /// Every file, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Arc<[u8]>)> {
        self.0.iter().map(|(path, content)| (path.as_str(), content))
    }

    /// The paths below a directory, such as `values`.
    pub fn below<'a>(&'a self, directory: &'a str) -> impl Iterator<Item = &'a str> {
        let inside = move |path: &&String| path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'));
        self.0.keys().filter(inside).map(String::as_str)
    }

    /// Writes a file.
    ///
    /// # Errors
    /// Where the path is not one of an app directory, or the file is too large.
    pub fn write(&mut self, path: impl Into<String>, content: impl Into<Arc<[u8]>>) -> Result<(), ControlError> {
        let (path, content) = (path.into(), content.into());
        check(&path)?;
        let limit = limits::HOSTED_FILE_BYTES;
        if content.len() > limit {
            return Err(ControlError::invalid(format!("{path} is larger than the {limit} bytes that a file may have")));
        }
        self.0.insert(path, content);
        Ok(())
    }

    /// Writes a JSON file, indented as App Services exported them.
    ///
    /// # Errors
    /// As [`Files::write`].
    pub fn write_json(&mut self, path: impl Into<String>, content: &Value) -> Result<(), ControlError> {
        let mut bytes = serde_json::to_vec_pretty(content).map_err(ControlError::internal)?;
        bytes.push(b'\n');
        self.write(path, bytes)
    }

    /// Removes a file.
    pub fn remove(&mut self, path: &str) {
        self.0.remove(path);
    }

    /// Removes a directory.
    pub fn remove_below(&mut self, directory: &str) {
        let below: Vec<String> = self.below(directory).map(str::to_owned).collect();
        below.iter().for_each(|path| self.remove(path));
    }

    /// What changed from one version to another: a line for each file.
    pub fn difference(before: &Self, after: &Self) -> Vec<String> {
        manifest::difference(&manifest::of(before), &manifest::of(after))
    }

    /// Bytes of all of them.
    pub fn bytes(&self) -> usize {
        self.0.values().map(|content| content.len()).sum()
    }

    /// Writes them into a directory, which is made.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write_to(&self, directory: &Path) -> std::io::Result<()> {
        for (path, content) in &self.0 {
            let file = directory.join(path);
            if let Some(parent) = file.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(file, content)?;
        }
        Ok(())
    }
}

impl FromIterator<(String, Arc<[u8]>)> for Files {
    fn from_iter<I: IntoIterator<Item = (String, Arc<[u8]>)>>(files: I) -> Self {
        Self(files.into_iter().collect())
    }
}

/// Whether a name can be a segment of a path. Names come from requests: none may lead out of the app directory, and
/// hidden files are not part of an app.
pub(crate) fn is_segment(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= SEGMENT_BYTES
        && !name.starts_with('.')
        && !name.contains(['/', '\\'])
        && !name.chars().any(char::is_control)
}

fn check(path: &str) -> Result<(), ControlError> {
    let extension = path.rsplit_once('.').map(|(_, extension)| extension).unwrap_or_default();
    if path.len() <= limits::HOSTED_PATH_BYTES && path.split('/').all(is_segment) && EXTENSIONS.contains(&extension) {
        return Ok(());
    }
    let path: String = path.chars().take(SEGMENT_BYTES).collect();
    Err(ControlError::invalid(format!(
        "{path:?} cannot be a file of an app: its names may not be empty, hidden or hold \
        \"/\" or \"\\\", and it ends in one of .{}",
        EXTENSIONS.join(", .")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leads_out_of_the_directory() {
        let mut files = Files::default();
        for bad in [
            "../a.js",
            "/etc/a.js",
            "a/../b.js",
            "a//b.js",
            ".hidden.js",
            "a/.git/b.js",
            "a\\b.js",
            "a\0.js",
            "",
            "a",
            "functions/x/Cargo.toml",
            "functions/x.wasm",
            "functions/x/build.rs",
            "values/\n.json",
        ] {
            assert!(files.write(bad, *b"x").is_err(), "{bad:?}");
        }
        for good in ["a.js", "functions/a/b.js", "data_sources/my cluster/db.x/coll$.y/rules.json"] {
            files.write(good, *b"x").unwrap();
        }
        assert!(files.write("big.js", vec![0; limits::HOSTED_FILE_BYTES + 1]).is_err());
    }

    #[test]
    fn a_directory_is_told_from_its_namesakes() {
        let mut files = Files::default();
        for path in ["values/a.json", "values/b.json", "values.json", "valuesx/a.json"] {
            files.write(path, *b"1").unwrap();
        }
        assert_eq!(files.below("values").collect::<Vec<_>>(), ["values/a.json", "values/b.json"]);
        files.remove_below("values");
        assert_eq!(files.iter().map(|(path, _)| path).collect::<Vec<_>>(), ["values.json", "valuesx/a.json"]);
    }
}
