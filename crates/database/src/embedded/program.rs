//! Which database program to run.

use std::env;
use std::path::{Path, PathBuf};

use super::error::EmbeddedError;

const VARIABLE: &str = "USHER_DATABASE_PROGRAM";
const SECANTUS: &str = "secantusd-rs";
const MONGOD: &str = "mongod";
/// How far above the executable `tools/bin` is looked for: build tools put test programs two levels deeper than the
/// directory that holds `tools`.
const LEVELS: usize = 4;

/// A database program. The two kinds take different arguments.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Secantus,
    Mongod,
}

impl Program {
    fn at(path: PathBuf) -> Self {
        let is_mongod = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(MONGOD));
        Self { path, kind: if is_mongod { Kind::Mongod } else { Kind::Secantus } }
    }
}

pub(crate) fn find(named: Option<&Path>) -> Result<Program, EmbeddedError> {
    let named = named.map(Path::to_owned).or_else(|| env::var_os(VARIABLE).map(PathBuf::from));
    if let Some(path) = named {
        return if path.is_file() { Ok(Program::at(path)) } else { Err(EmbeddedError::ProgramMissing(path)) };
    }
    near_executable()
        .chain(on_path(SECANTUS))
        .chain(env::home_dir().map(|home| home.join(".cargo/bin").join(SECANTUS)))
        .chain(on_path(MONGOD))
        .find(|candidate| candidate.is_file())
        .map(Program::at)
        .ok_or(EmbeddedError::NoProgram)
}

fn near_executable() -> impl Iterator<Item = PathBuf> {
    let executable = env::current_exe().unwrap_or_default();
    let directories: Vec<PathBuf> = executable.ancestors().skip(1).take(LEVELS).map(Path::to_owned).collect();
    let beside = directories.first().map(|directory| directory.join(SECANTUS));
    let tools = directories.into_iter().map(|directory| directory.join("tools/bin").join(SECANTUS));
    beside.into_iter().chain(tools)
}

fn on_path(name: &str) -> impl Iterator<Item = PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).map(|directory| directory.join(name)).collect::<Vec<_>>().into_iter()
}
