//! The packages of an app, as one script.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use usher_app::App;

use super::builtins::{self, Builtin};
use super::esbuild::{Esbuild, Told};
use super::metafile::Metafile;
use super::packages;
use super::resolve;
use super::sources::{Site, Sources};
use super::{BundleError, BundleOptions};
use crate::scan::scan;

/// The name of the script, in messages and in the metafile.
const ENTRY: &str = "dependencies.js";
/// How often the bundler runs to learn what packages can do without.
const ATTEMPTS: usize = 5;
/// Packages that are loaded with every client of a service, and open sockets only where a proxy is configured.
const PROXIES: [&str; 8] = [
    "agent-base",
    "http-proxy-agent",
    "https-proxy-agent",
    "pac-proxy-agent",
    "proxy-agent",
    "socks",
    "socks-proxy-agent",
    "tunnel-agent",
];

/// The script of the packages, and what it requires in turn.
#[derive(Debug, Default)]
pub(super) struct Dependencies {
    /// A CommonJS module that exports for each specifier a function that gives the package's exports.
    pub(super) source: String,
    /// Keys of built-ins and of stand-ins, by specifier.
    pub(super) requires: BTreeMap<String, String>,
    /// Scripts for modules that cannot work, by key.
    pub(super) stand_ins: BTreeMap<String, String>,
}

/// Bundles the packages that are required, if any.
pub(super) fn bundle(
    app: &App,
    sources: &mut Sources,
    esbuild: &Esbuild<'_>,
    options: &BundleOptions,
    progress: &mut dyn FnMut(&str),
) -> Option<Dependencies> {
    let required = std::mem::take(&mut sources.packages);
    if required.is_empty() {
        return None;
    }
    let root =
        packages::root(app, esbuild.tools, progress).and_then(|root| fs::canonicalize(&root).map_err(|e| io(&e)));
    let root = match root {
        Ok(root) => root,
        Err(error) => {
            sources.errors.push(error);
            return None;
        }
    };
    let (there, absent) = present(app, sources, &root, required, options.packages_may_follow);
    let mut dependencies = match there.is_empty() {
        true if absent.is_empty() => return None,
        true => Dependencies { source: "module.exports = {};\n".into(), ..Dependencies::default() },
        false => bundled(sources, &root, &there, esbuild, progress)?,
    };
    dependencies.stand_ins.extend(absent);
    Some(dependencies)
}

/// Reports the packages that are not there, where none is to be installed or unpacked.
pub(super) fn check(app: &App, sources: &mut Sources) {
    let required = std::mem::take(&mut sources.packages);
    let functions = app.directory.join("functions");
    if !required.is_empty() && !packages::come_later(&functions) {
        let functions = fs::canonicalize(&functions).unwrap_or(functions);
        present(app, sources, &functions, required, false);
    }
}

fn io(error: &std::io::Error) -> BundleError {
    BundleError::file("functions", format!("cannot be read: {error}"), "make it readable for the user who runs Usher")
}

/// The packages that are there. The others are reported, and given as stand-ins, by key, where they may follow.
fn present(
    app: &App,
    sources: &mut Sources,
    root: &Path,
    required: BTreeMap<String, Vec<Site>>,
    may_follow: bool,
) -> (BTreeMap<String, Vec<Site>>, BTreeMap<String, String>) {
    let mut absent = BTreeMap::new();
    let (there, missing): (BTreeMap<_, _>, BTreeMap<_, _>) = required.into_iter().partition(|(specifier, _)| {
        let package = resolve::package(specifier);
        packages::is_there(root, package) || packages::is_there(&app.directory, package)
    });
    for (specifier, sites) in missing {
        let package = resolve::package(&specifier);
        let help = if app.directory.join("functions").join(format!("{specifier}.js")).is_file() {
            format!("a file of the app is required by its path, such as \"./{specifier}\"")
        } else if app.directory.join("functions/node_modules").is_dir() {
            format!(
                "run `npm install {package}` in functions/, or remove functions/node_modules so that Usher installs what functions/package.json lists"
            )
        } else {
            format!("list it in functions/package.json: `npm install {package}` in functions/ does that")
        };
        let message = format!("there is no package {package:?}");
        // Whoever requires it in a `try` is prepared: it fails at once.
        if may_follow && let Some(site) = sites.iter().find(|site| !site.require.optional) {
            sources
                .notices
                .push(format!("{}; it fails when it is used, until it is there", site.error(message, &help)));
            let key = format!("absent:{specifier}");
            sources.redirect(&specifier, &key);
            absent.insert(key, builtins::absent(&specifier));
            continue;
        }
        for site in &sites {
            sources.missing(site, message.clone(), &help);
        }
        sources.forget(&specifier);
    }
    (there, absent)
}

fn bundled(
    sources: &mut Sources,
    root: &Path,
    required: &BTreeMap<String, Vec<Site>>,
    esbuild: &Esbuild<'_>,
    progress: &mut dyn FnMut(&str),
) -> Option<Dependencies> {
    // One line for each, so that a complaint's line leads to the specifier. Each is evaluated when it is asked for.
    let thunks = required.keys().map(|specifier| format!("  {specifier:?}: () => require({specifier:?}),\n"));
    let entry = format!("module.exports = {{\n{}}};\n", thunks.collect::<String>());
    let names: Vec<&str> = required.keys().map(String::as_str).collect();
    progress(&format!("bundling {}", names.join(", ")));
    let outcome = attempts(root, &entry, required, esbuild, progress);
    let (source, metafile) = match outcome {
        Ok(done) => done,
        Err(errors) => {
            sources.errors.extend(errors);
            return None;
        }
    };
    let mut dependencies = Dependencies { source, requires: BTreeMap::new(), stand_ins: BTreeMap::new() };
    for path in metafile.externals() {
        match Builtin::find_external(path) {
            Some(Builtin::Embedded { name, source }) => {
                sources.builtin(name, source);
                dependencies.requires.insert(path.to_owned(), format!("node:{name}"));
            }
            Some(Builtin::Unsupported { name, because }) => {
                let use_of = Use { root, metafile: &metafile, path, name, because };
                match use_of.judge() {
                    Judgement::Loads { lazily } => {
                        let key = format!("node:{name}");
                        dependencies.requires.insert(path.to_owned(), key.clone());
                        dependencies.stand_ins.insert(key, builtins::stand_in(name, because, lazily));
                    }
                    Judgement::Needs(importers) => sources.errors.extend(use_of.errors(required, &importers)),
                }
            }
            // Left out in a place that is prepared for it: requiring it fails.
            None => {}
        }
    }
    Some(dependencies)
}

/// Runs the bundler until nothing is missing that packages can do without: esbuild itself lets a `require` in a `try`
/// fail later, and here one inside of a function may, too.
fn attempts(
    root: &Path,
    entry: &str,
    required: &BTreeMap<String, Vec<Site>>,
    esbuild: &Esbuild<'_>,
    progress: &mut dyn FnMut(&str),
) -> Result<(String, Metafile), Vec<BundleError>> {
    let internal = |error: &dyn std::fmt::Display| {
        vec![BundleError::file("functions", format!("the packages cannot be bundled: {error}"), "see what it says")]
    };
    let scratch = tempfile::tempdir().map_err(|e| internal(&e))?;
    let (script, meta) = (scratch.path().join("script.js"), scratch.path().join("meta.json"));
    let mut external = Vec::new();
    for _ in 0..ATTEMPTS {
        let told = esbuild.bundle(root, entry, &external, (&script, &meta), progress).map_err(|error| vec![error])?;
        if told.is_empty() {
            let source = fs::read_to_string(&script).map_err(|e| internal(&e))?;
            let meta = fs::read(&meta).map_err(|e| internal(&e))?;
            return Ok((source, serde_json::from_slice(&meta).map_err(|e| internal(&e))?));
        }
        let without = told.iter().map(|told| dispensable(root, told)).collect::<Option<Vec<String>>>();
        match without {
            Some(names) => {
                for name in &names {
                    progress(&format!("{name:?}, which a package may do without, is not there; requiring it fails"));
                }
                external.extend(names);
            }
            None => return Err(told.iter().flat_map(|told| errors(required, told)).collect()),
        }
    }
    Err(internal(&"packages that they require are missing"))
}

/// What a complaint says is missing, where packages can be expected to do without: a file of their own, which is compiled
/// on other systems, and a package that is required inside of a function only.
fn dispensable(root: &Path, told: &Told) -> Option<String> {
    let missing = told.message.strip_prefix("Could not resolve \"")?.strip_suffix('"')?;
    let (file, ..) = told.place.as_ref().filter(|(file, ..)| file != ENTRY)?;
    let found = scan(file, &fs::read_to_string(root.join(file)).ok()?).ok()?;
    if found.is_module {
        return None;
    }
    let mut all = found.requires.iter().filter(|require| require.specifier == missing).peekable();
    all.peek()?;
    (resolve::is_path(missing) || all.all(|require| require.nested || require.optional)).then(|| missing.to_owned())
}

/// A complaint of the bundler, told where the package is required; one from inside of a package, where it stands.
fn errors(required: &BTreeMap<String, Vec<Site>>, told: &Told) -> Vec<BundleError> {
    let help = "the package does not fit a sandbox as it is, or is not whole; another version may";
    match &told.place {
        Some((file, line, _)) if file == ENTRY => {
            let sites = required.values().nth((*line as usize).saturating_sub(2));
            sites.into_iter().flatten().map(|site| site.error(told.message.clone(), help)).collect()
        }
        Some((file, line, column)) => {
            let error = BundleError::file(&short(file), told.message.clone(), help);
            vec![BundleError { line: *line, column: *column, ..error }]
        }
        None => vec![BundleError::file("functions", told.message.clone(), help)],
    }
}

/// A path without all that stands before the innermost `node_modules`.
fn short(file: &str) -> String {
    file.rsplit_once("node_modules/").map_or(file, |(_, inner)| inner).to_owned()
}

/// That packages require a module which cannot work.
struct Use<'a> {
    root: &'a Path,
    metafile: &'a Metafile,
    path: &'a str,
    name: &'static str,
    because: &'static str,
}

/// What comes of it.
enum Judgement {
    /// They load, with a script in its place that fails when it is required, or lazily when it is used.
    Loads { lazily: bool },
    /// These files need it to load.
    Needs(Vec<String>),
}

impl Use<'_> {
    /// A file needs a module if it requires it at its top level, outside of any `try`. Not if its package says that in
    /// a browser it does without, nor if it is for proxies.
    fn judge(&self) -> Judgement {
        let mut lazily = false;
        let mut needing = Vec::new();
        for file in self.metafile.importers(self.path) {
            let package = short(file);
            if PROXIES.contains(&resolve::package(&package)) || self.browser_does_without(file) {
                lazily = true;
            } else if self.loads_with(file) {
                needing.push(file.to_owned());
            }
        }
        if needing.is_empty() { Judgement::Loads { lazily } } else { Judgement::Needs(needing) }
    }

    fn loads_with(&self, file: &str) -> bool {
        let Ok(source) = fs::read_to_string(self.root.join(file)) else { return true };
        let Ok(found) = scan(file, &source) else { return true };
        let mut all = found.requires.iter().filter(|require| require.specifier == self.path).peekable();
        all.peek().is_none() || all.any(|require| !require.nested && !require.optional)
    }

    /// Whether the nearest package.json has `"browser": {"<module>": false}`.
    fn browser_does_without(&self, file: &str) -> bool {
        let file = self.root.join(file);
        let manifest = file.ancestors().skip(1).find_map(|directory| fs::read(directory.join("package.json")).ok());
        let manifest = manifest.and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
        manifest.is_some_and(|manifest| manifest["browser"][self.name] == false)
    }

    /// One error for each place of the app that requires a package which needs the module.
    fn errors(&self, required: &BTreeMap<String, Vec<Site>>, importers: &[String]) -> Vec<BundleError> {
        let mut errors = Vec::new();
        for (specifier, sites) in required {
            let chain = importers.iter().find_map(|file| self.metafile.chain(ENTRY, specifier, file));
            let Some(chain) = chain else { continue };
            let chain: Vec<String> = chain.into_iter().map(short).chain([self.name.to_owned()]).collect();
            let message = format!(
                "the package {:?} needs Node's {:?}, which cannot work in a sandbox: {} ({})",
                resolve::package(specifier),
                self.name,
                self.because,
                chain.join(" → ")
            );
            let help = "use a package that works over HTTP, or context.http";
            errors.extend(sites.iter().map(|site| site.error(message.clone(), help)));
        }
        errors
    }
}
