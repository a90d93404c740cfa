//! The sources of functions, found by name: `functions/<name>.wasm`, or the crate `functions/<name>/`.

use std::collections::BTreeMap;

use toml::{Table, Value};
use usher_contract::limits;

use crate::Context;
use crate::names::FUNCTION_NAME_HELP;
use crate::tree::join;

pub(crate) const DIRECTORY: &str = "functions";
/// Directories that tools leave behind.
const SKIPPED: [&str; 2] = ["node_modules", "target"];

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

/// Every source below `functions/`, by the name of its function. Names are not checked.
pub(crate) fn find(context: Context<'_>) -> BTreeMap<String, Found> {
    let mut found = BTreeMap::new();
    walk(context, "", &mut found);
    found
}

/// `folder` is empty, or the first segments of a name with a slash after them.
fn walk(context: Context<'_>, folder: &str, found: &mut BTreeMap<String, Found>) {
    let directory = join(DIRECTORY, folder);
    let directory = directory.trim_end_matches('/');
    for item in crate::data_sources::list(context, directory) {
        let path = join(directory, &item.name);
        if item.directory {
            if !SKIPPED.contains(&item.name.as_str()) {
                descend(context, &format!("{folder}{}", item.name), path, item.link, found);
            }
        } else if let Some(stem) = item.name.strip_suffix(".wasm") {
            if item.bytes > limits::COMPONENT_BYTES as u64 {
                let message = format!("is larger than the {} bytes of a component", limits::COMPONENT_BYTES);
                context.report.mistake(&path, None, message, "build it with --release, and without debug information");
            }
            found.entry(format!("{folder}{stem}")).or_default().component = Some(path);
        } else if let Some(stem) = item.name.strip_suffix(".js") {
            found.entry(format!("{folder}{stem}")).or_default().javascript = Some(path);
        }
    }
}

fn descend(context: Context<'_>, name: &str, directory: String, link: bool, found: &mut BTreeMap<String, Found>) {
    if let Some(package) = package(context, &directory) {
        found.entry(name.to_owned()).or_default().package = Some(package);
    } else if link {
        // Such links can lead in circles.
        let help = "put the directory itself here, or link the single functions in it";
        context.report.mistake(&directory, None, "a symbolic link to a folder of functions is not followed", help);
    } else if name.len() >= limits::FUNCTION_NAME_CHARS {
        let message = "no function below this folder could have a name of allowed length";
        context.report.mistake(&directory, None, message, FUNCTION_NAME_HELP);
    } else {
        walk(context, &format!("{name}/"), found);
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
