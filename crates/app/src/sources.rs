//! The sources of functions, found by name: `functions/<name>.js`, `functions/<name>.wasm`, or the crate
//! `functions/<name>/`. In the older layouts a JavaScript function is a directory, `functions/<name>/source.js`.

use std::collections::BTreeMap;

use toml::{Table, Value};
use usher_contract::limits;

use crate::Context;
use crate::names::FUNCTION_NAME_HELP;
use crate::root::Layout;
use crate::tree::{Item, join};

pub(crate) const DIRECTORY: &str = "functions";
/// Directories that tools leave behind.
const SKIPPED: [&str; 2] = ["node_modules", "target"];
/// The files of a function in the older layouts.
const SOURCE: &str = "source.js";
const CONFIG: &str = "config.json";

/// What there is below `functions/`.
#[derive(Default)]
pub(crate) struct Sources {
    /// The sources, by the names of their functions. Names are not checked.
    pub(crate) found: BTreeMap<String, Found>,
    /// In the older layouts: each function's manifest, by the name of its directory.
    pub(crate) manifests: BTreeMap<String, String>,
}

/// What was found under the name of one function; paths are relative to the app directory.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) component: Option<String>,
    pub(crate) package: Option<Package>,
    pub(crate) javascript: Option<String>,
}

/// A directory with the `Cargo.toml` of a package.
pub(crate) struct Package {
    pub(crate) directory: String,
    pub(crate) manifest: String,
    /// It says that its library is a `cdylib`, which is what Cargo makes a component of.
    pub(crate) cdylib: bool,
}

/// Every source below `functions/`.
pub(crate) fn find(context: Context<'_>, layout: Layout) -> Sources {
    let mut walk = Walk { context, layout, sources: Sources::default() };
    walk.folder("");
    walk.sources
}

struct Walk<'a> {
    context: Context<'a>,
    layout: Layout,
    sources: Sources,
}

impl Walk<'_> {
    /// `folder` is empty, or the first segments of a name with a slash after them.
    fn folder(&mut self, folder: &str) {
        let directory = join(DIRECTORY, folder);
        let directory = directory.trim_end_matches('/');
        for item in crate::data_sources::list(self.context, directory) {
            let path = join(directory, &item.name);
            if !item.directory {
                self.file(folder, &item, path);
            } else if !SKIPPED.contains(&item.name.as_str()) {
                self.descend(&format!("{folder}{}", item.name), path, item.link);
            }
        }
    }

    fn file(&mut self, folder: &str, item: &Item, path: String) {
        let report = self.context.report;
        let name = item.name.as_str();
        let whole = folder.trim_end_matches('/');
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        match extension {
            "wasm" => {
                if item.bytes > limits::COMPONENT_BYTES as u64 {
                    let message = format!("is larger than the {} bytes of a component", limits::COMPONENT_BYTES);
                    let help = "build it with --release, and without debug information";
                    report.mistake(&path, None, message, help);
                }
                self.found(format!("{folder}{stem}")).component = Some(path);
            }
            "js" if self.layout == Layout::Current => self.found(format!("{folder}{stem}")).javascript = Some(path),
            "js" if name == SOURCE && !whole.is_empty() => self.found(whole.to_owned()).javascript = Some(path),
            "js" => {
                let message = "is not a function: in this layout a function is a directory with a file source.js";
                report.notice(&path, None, message);
            }
            "json" if self.layout == Layout::Older && name == CONFIG && !whole.is_empty() => {
                self.sources.manifests.insert(whole.to_owned(), path);
            }
            // Declarations are for editors.
            "ts" | "mts" | "cts" | "tsx" if !stem.ends_with(".d") => {
                report.not_run(&path, None, "TypeScript", "functions are JavaScript: compile it to a file .js");
            }
            "mjs" | "cjs" => {
                report.not_run(&path, None, "this file", "only files .js are functions; others can require it");
            }
            _ => {}
        }
    }

    fn found(&mut self, name: String) -> &mut Found {
        self.sources.found.entry(name).or_default()
    }

    fn descend(&mut self, name: &str, directory: String, link: bool) {
        let longest = match self.layout {
            // A slash and a letter have to follow.
            Layout::Current => limits::FUNCTION_NAME_CHARS - 1,
            Layout::Older => limits::FUNCTION_NAME_CHARS,
        };
        if let Some(package) = package(self.context, &directory) {
            self.found(name.to_owned()).package = Some(package);
            // The entry of the function, whatever its language.
            let manifest = join(&directory, CONFIG);
            if self.layout == Layout::Older && self.context.tree.exists(&manifest) {
                self.sources.manifests.insert(name.to_owned(), manifest);
            }
        } else if link {
            // Such links can lead in circles.
            let help = "put the directory itself here, or link the single functions in it";
            let message = "a symbolic link to a folder of functions is not followed";
            self.context.report.mistake(&directory, None, message, help);
        } else if name.len() > longest {
            let message = "no function below this folder could have a name of allowed length";
            self.context.report.mistake(&directory, None, message, FUNCTION_NAME_HELP);
        } else {
            self.folder(&format!("{name}/"));
        }
    }
}

/// The package in a directory; none where there is no `Cargo.toml`, or it is only the root of a workspace.
fn package(context: Context<'_>, directory: &str) -> Option<Package> {
    let manifest = join(directory, "Cargo.toml");
    let content = context.tree.read(&manifest).unwrap_or_else(|mistake| {
        context.report.add(mistake);
        None
    })?;
    let cdylib = match parse(&content) {
        Ok(table) if !table.contains_key("package") => return None,
        Ok(table) => is_cdylib(&table),
        Err((line, message)) => {
            context.report.mistake(&manifest, Some(line), message, "repair the file, or remove it");
            // One mistake is enough.
            true
        }
    };
    Some(Package { directory: directory.to_owned(), manifest, cdylib })
}

/// # Errors
/// The line and what is wrong there.
fn parse(content: &[u8]) -> Result<Table, (usize, String)> {
    let line = |offset: usize| 1 + content.iter().take(offset).filter(|byte| **byte == b'\n').count();
    let text = std::str::from_utf8(content).map_err(|e| (line(e.valid_up_to()), "the text is not UTF-8".to_owned()))?;
    text.parse().map_err(|e: toml::de::Error| {
        let start = e.span().map_or(0, |span| span.start);
        (line(start), format!("not TOML: {}", e.message().replace('\n', ", ")))
    })
}

fn is_cdylib(manifest: &Table) -> bool {
    let library = manifest.get("lib").and_then(Value::as_table);
    let types = library.and_then(|library| library.get("crate-type").or(library.get("crate_type")));
    let types = types.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    types.iter().any(|kind| kind.as_str() == Some("cdylib"))
}
