//! The files of an app: on disk, or in memory. Paths are relative to the app directory, with `/` between segments.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use usher_contract::limits;

use crate::report::Mistake;

/// One entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) name: String,
    pub(crate) directory: bool,
    /// It is a symbolic link, to something inside the app directory.
    pub(crate) link: bool,
    /// Size of a file.
    pub(crate) bytes: u64,
}

pub(crate) trait Tree {
    /// The entries of a directory, by name, each with the mistake that keeps it from being read, if any. None where
    /// there is no such directory.
    fn list(&self, directory: &str) -> Result<Vec<Result<Item, Mistake>>, Mistake>;

    /// The content of a file of at most [`limits::APP_FILE_BYTES`]; `None` where there is no such file.
    fn read(&self, file: &str) -> Result<Option<Vec<u8>>, Mistake>;

    /// Whether there is a file or directory of this name, readable or not.
    fn exists(&self, path: &str) -> bool;
}

pub(crate) struct Disk {
    directory: PathBuf,
    /// The same with every symbolic link resolved.
    canonical: PathBuf,
}

impl Disk {
    pub(crate) fn open(directory: &Path) -> Result<Self, Mistake> {
        let refuse = |message: String| Mistake {
            file: directory.to_owned(),
            line: None,
            message,
            help: "give the directory that holds realm_config.json, root_config.json, config.json or stitch.json"
                .into(),
        };
        let canonical = fs::canonicalize(directory).map_err(|e| refuse(e.to_string()))?;
        if !canonical.is_dir() {
            return Err(refuse("not a directory".into()));
        }
        let directory = std::path::absolute(directory).map_err(|e| refuse(e.to_string()))?;
        Ok(Self { directory, canonical })
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The real place of `path`, which is inside the app directory; `None` where there is nothing.
    fn resolve(&self, path: &str) -> Result<Option<PathBuf>, Mistake> {
        let full = self.directory.join(path);
        let real = match fs::canonicalize(&full) {
            Ok(real) => real,
            Err(e) if e.kind() == io::ErrorKind::NotFound && !full.is_symlink() => return Ok(None),
            // A parent is a file.
            Err(e) if e.kind() == io::ErrorKind::NotADirectory => return Ok(None),
            Err(e) if full.is_symlink() => {
                let message = format!("a symbolic link that leads nowhere: {e}");
                return Err(wrong(path, message, "repair the link or remove it"));
            }
            Err(e) => return Err(unreadable(path, &e)),
        };
        if !real.starts_with(&self.canonical) {
            let help = "put what it leads to inside the app directory";
            return Err(wrong(path, "a symbolic link leads out of the app directory", help));
        }
        Ok(Some(real))
    }

    fn item(&self, directory: &str, name: std::ffi::OsString) -> Result<Option<Item>, Mistake> {
        let Some(name) = name.to_str() else {
            let path = format!("{directory}/{}", name.to_string_lossy());
            return Err(wrong(&path, "the name of the file is not UTF-8", "rename the file"));
        };
        let path = join(directory, name);
        let Some(real) = self.resolve(&path)? else {
            return Ok(None);
        };
        let metadata = fs::metadata(real).map_err(|e| unreadable(&path, &e))?;
        Ok(Some(Item {
            name: name.to_owned(),
            directory: metadata.is_dir(),
            link: self.directory.join(&path).is_symlink(),
            bytes: metadata.len(),
        }))
    }
}

impl Tree for Disk {
    fn list(&self, directory: &str) -> Result<Vec<Result<Item, Mistake>>, Mistake> {
        let Some(real) = self.resolve(directory)? else {
            return Ok(Vec::new());
        };
        if !real.is_dir() {
            return Err(not_a_directory(directory));
        }
        let failed = |e: io::Error| unreadable(directory, &e);
        let names: io::Result<Vec<_>> =
            fs::read_dir(real).map_err(failed)?.map(|entry| Ok(entry?.file_name())).collect();
        let mut names = names.map_err(failed)?;
        names.sort();
        Ok(names.into_iter().filter_map(|name| self.item(directory, name).transpose()).collect())
    }

    fn read(&self, file: &str) -> Result<Option<Vec<u8>>, Mistake> {
        let Some(real) = self.resolve(file)? else {
            return Ok(None);
        };
        // Asked before it is opened, since opening a pipe would wait for its other end.
        if !real.is_file() {
            return Err(not_a_file(file));
        }
        let mut content = Vec::new();
        let limit = limits::APP_FILE_BYTES as u64 + 1;
        File::open(real)
            .and_then(|opened| opened.take(limit).read_to_end(&mut content))
            .map_err(|e| unreadable(file, &e))?;
        within_limit(file, content.len())?;
        Ok(Some(content))
    }

    fn exists(&self, path: &str) -> bool {
        self.directory.join(path).symlink_metadata().is_ok()
    }
}

/// Files in memory.
pub(crate) struct Memory<'a> {
    files: BTreeMap<String, &'a [u8]>,
}

impl<'a> Memory<'a> {
    pub(crate) fn new(files: &'a BTreeMap<PathBuf, Vec<u8>>) -> Result<Self, Mistake> {
        let files = files.iter().map(|(path, content)| {
            let segments: Option<Vec<&str>> = path
                .components()
                .map(|part| match part {
                    Component::Normal(segment) => segment.to_str(),
                    _ => None,
                })
                .collect();
            let name = segments.ok_or_else(|| {
                let help = "name files by their paths inside the app directory, in UTF-8";
                wrong(&path.to_string_lossy(), "leads out of the app directory", help)
            })?;
            Ok((name.join("/"), content.as_slice()))
        });
        Ok(Self { files: files.collect::<Result<_, _>>()? })
    }

    fn below<'s>(&'s self, directory: &str) -> impl Iterator<Item = (&'s str, &'s [u8])> {
        let prefix = format!("{directory}/");
        self.files
            .range(prefix.clone()..)
            .map_while(move |(path, content)| Some((path.strip_prefix(&prefix)?, *content)))
    }
}

impl Tree for Memory<'_> {
    fn list(&self, directory: &str) -> Result<Vec<Result<Item, Mistake>>, Mistake> {
        if self.files.contains_key(directory) {
            return Err(not_a_directory(directory));
        }
        let mut items = BTreeMap::new();
        for (rest, content) in self.below(directory) {
            let (name, directory) = match rest.split_once('/') {
                Some((name, _)) => (name, true),
                None => (rest, false),
            };
            let bytes = content.len() as u64;
            items.insert(name, Item { name: name.to_owned(), directory, link: false, bytes });
        }
        Ok(items.into_values().map(Ok).collect())
    }

    fn read(&self, file: &str) -> Result<Option<Vec<u8>>, Mistake> {
        if self.below(file).next().is_some() {
            return Err(not_a_file(file));
        }
        let Some(content) = self.files.get(file) else {
            return Ok(None);
        };
        within_limit(file, content.len())?;
        Ok(Some(content.to_vec()))
    }

    fn exists(&self, path: &str) -> bool {
        self.files.contains_key(path) || self.below(path).next().is_some()
    }
}

/// The path of an entry of a directory.
pub(crate) fn join(directory: &str, name: &str) -> String {
    format!("{directory}/{name}")
}

fn within_limit(file: &str, bytes: usize) -> Result<(), Mistake> {
    if bytes > limits::APP_FILE_BYTES {
        let message = format!("is larger than the {} bytes of a configuration file", limits::APP_FILE_BYTES);
        return Err(wrong(file, message, "make it smaller"));
    }
    Ok(())
}

fn not_a_file(path: &str) -> Mistake {
    wrong(path, "is not a file", "put a file in its place, or remove it")
}

fn not_a_directory(path: &str) -> Mistake {
    wrong(path, "is a file where a directory belongs", "rename or remove it")
}

fn unreadable(path: &str, error: &io::Error) -> Mistake {
    wrong(path, format!("cannot be read: {error}"), "make it readable for the user that runs Usher")
}

fn wrong(path: &str, message: impl Into<String>, help: &str) -> Mistake {
    Mistake { file: path.into(), line: None, message: message.into(), help: help.into() }
}
