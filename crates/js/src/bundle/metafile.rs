//! What esbuild tells of a bundle: which file took in which.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::Deserialize;

/// esbuild's metafile, as far as it is looked at.
#[derive(Debug, Deserialize)]
pub(super) struct Metafile {
    inputs: BTreeMap<String, Input>,
    outputs: BTreeMap<String, Output>,
}

#[derive(Debug, Deserialize)]
struct Input {
    imports: Vec<Import>,
}

#[derive(Debug, Deserialize)]
struct Import {
    path: String,
    /// What was written in the source.
    original: Option<String>,
    #[serde(default)]
    external: bool,
}

#[derive(Debug, Deserialize)]
struct Output {
    inputs: BTreeMap<String, serde::de::IgnoredAny>,
    imports: Vec<Import>,
}

impl Metafile {
    /// What the bundle still requires, by the path it is required with.
    pub(super) fn externals(&self) -> BTreeSet<&str> {
        let imports = self.outputs.values().flat_map(|output| &output.imports);
        imports.filter(|import| import.external).map(|import| import.path.as_str()).collect()
    }

    /// The files of the bundle that require a path which stayed outside.
    pub(super) fn importers(&self, external: &str) -> Vec<&str> {
        let files = self.outputs.values().flat_map(|output| output.inputs.keys());
        let asks = |file: &&String| {
            let imports = self.inputs.get(*file).map(|input| input.imports.as_slice()).unwrap_or_default();
            imports.iter().any(|import| import.external && import.path == external)
        };
        files.filter(asks).map(String::as_str).collect()
    }

    /// The files by which what the entry names as `specifier` comes to take in `file`, both ends included.
    pub(super) fn chain(&self, entry: &str, specifier: &str, file: &str) -> Option<Vec<&str>> {
        let named = |import: &&Import| import.original.as_deref() == Some(specifier) && !import.external;
        let first = self.inputs.get(entry)?.imports.iter().find(named)?.path.as_str();
        let mut came_from: BTreeMap<&str, Option<&str>> = BTreeMap::from([(first, None)]);
        let mut queue = VecDeque::from([first]);
        while let Some(here) = queue.pop_front() {
            if here == file {
                let mut chain: Vec<&str> =
                    std::iter::successors(Some(here), |at| came_from.get(at).copied().flatten()).collect();
                chain.reverse();
                return Some(chain);
            }
            for import in self.inputs.get(here).into_iter().flat_map(|input| &input.imports) {
                if !import.external && !came_from.contains_key(import.path.as_str()) {
                    came_from.insert(&import.path, Some(here));
                    queue.push_back(&import.path);
                }
            }
        }
        None
    }
}
