//! The app's own files: functions, and what they require of each other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use usher_app::{App, Source};
use usher_contract::limits;

use super::BundleError;
use super::builtins::Builtin;
use super::esbuild::{Esbuild, Shape};
use super::resolve::{self, Local, slashes};
use crate::scan::{Require, Scan, scan};

/// One file as the engine gets it.
#[derive(Debug, Clone, Default)]
pub(super) struct Script {
    /// Relative to the app directory, with slashes.
    pub(super) file: String,
    pub(super) source: String,
    /// It has `import` or `export`, which the engine does not know.
    is_module: bool,
    /// It is data.
    pub(super) is_json: bool,
    /// The key of the module for each specifier.
    pub(super) requires: BTreeMap<String, String>,
}

/// Where something is required.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) file: String,
    pub(super) function: Option<String>,
    pub(super) require: Require,
}

impl Site {
    pub(super) fn error(&self, message: impl Into<String>, help: impl Into<String>) -> BundleError {
        BundleError {
            file: self.file.clone(),
            line: self.require.line,
            column: self.require.column,
            function: self.function.clone(),
            message: message.into(),
            help: help.into(),
        }
    }
}

/// Everything that was read.
#[derive(Debug, Default)]
pub(super) struct Sources {
    app: PathBuf,
    /// By the function's name.
    pub(super) functions: BTreeMap<String, Script>,
    /// By key; local files only.
    pub(super) modules: BTreeMap<String, Script>,
    /// Names of the built-ins that are required.
    pub(super) builtins: BTreeSet<&'static str>,
    /// Packages that are required, by specifier.
    pub(super) packages: BTreeMap<String, Vec<Site>>,
    pub(super) errors: Vec<BundleError>,
    /// For the app's author, to be told whatever comes.
    pub(super) notices: Vec<String>,
}

impl Sources {
    /// Reads the functions of an app, and the files that they require.
    pub(super) fn read(app: &App) -> Self {
        let mut sources = Self { app: app.directory.clone(), ..Self::default() };
        for (name, function) in &app.functions {
            let script = match &function.source {
                Source::JavaScript(path) => {
                    let file = slashes(path.strip_prefix(&app.directory).unwrap_or(path));
                    sources.script(&file, Some(name))
                }
                // It requires what a file beside its configuration could.
                Source::Inline { file, source } => sources.parsed(file, source.clone(), Some(name)),
                Source::Component(_) | Source::Crate(_) => continue,
            };
            if let Some(script) = script {
                sources.functions.insert(name.clone(), script);
            }
        }
        sources
    }

    /// Reads one file and follows what it requires.
    fn script(&mut self, file: &str, function: Option<&str>) -> Option<Script> {
        let refuse = |error: BundleError| BundleError { function: function.map(str::to_owned), ..error };
        let source = match text(&self.app.join(file), file) {
            Ok(source) => source,
            Err(error) => {
                self.errors.push(refuse(error));
                return None;
            }
        };
        if file.ends_with(".json") {
            let script = Script { file: file.to_owned(), source, is_json: true, ..Script::default() };
            if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&script.source) {
                let (line, column) = (error.line(), error.column());
                let (line, column) = (u32::try_from(line).unwrap_or(0), u32::try_from(column).unwrap_or(0));
                let error = BundleError::file(file, format!("not JSON: {error}"), "repair the file");
                self.errors.push(refuse(BundleError { line, column, ..error }));
            }
            return Some(script);
        }
        self.parsed(file, source, function)
    }

    /// Follows what a source requires; `file` is where it stands.
    fn parsed(&mut self, file: &str, source: String, function: Option<&str>) -> Option<Script> {
        let mut script = Script { file: file.to_owned(), source, ..Script::default() };
        match scan(file, &script.source) {
            Ok(found) => {
                script.is_module = found.is_module;
                self.requires(&mut script, found, function);
                Some(script)
            }
            Err(error) => {
                let told = BundleError::file(file, error.message, "repair the syntax; the function was not deployed");
                let function = function.map(str::to_owned);
                self.errors.push(BundleError { line: error.line, column: error.column, function, ..told });
                None
            }
        }
    }

    fn requires(&mut self, script: &mut Script, found: Scan, function: Option<&str>) {
        for require in found.requires {
            let specifier = require.specifier.clone();
            let site = Site { file: script.file.clone(), function: function.map(str::to_owned), require };
            if let Some(key) = self.required(&site) {
                script.requires.insert(specifier, key);
            }
        }
    }

    /// The key of the module that a file asks for. A package gets its key when it is there.
    fn required(&mut self, site: &Site) -> Option<String> {
        let specifier = site.require.specifier.as_str();
        if resolve::is_path(specifier) {
            return match resolve::local(&self.app, &site.file, specifier) {
                Local::File(file) => {
                    self.module(&file);
                    Some(file)
                }
                Local::Outside => {
                    let message = format!("{specifier:?} leads out of the app directory");
                    self.missing(site, message, "copy the file into the app directory");
                    None
                }
                Local::Missing => {
                    let message = format!("there is no file {specifier:?}");
                    self.missing(site, message, "paths are relative to the file that requires; .js may be left out");
                    None
                }
            };
        }
        match Builtin::find(specifier) {
            Some(Builtin::Embedded { name, source }) => {
                self.builtin(name, source);
                Some(format!("node:{name}"))
            }
            Some(Builtin::Unsupported { because, .. }) => {
                let message = format!("{specifier:?} cannot work in a sandbox: {because}");
                self.missing(site, message, "remove the require");
                None
            }
            None => {
                self.packages.entry(specifier.to_owned()).or_default().push(site.clone());
                Some(dependency(specifier))
            }
        }
    }

    /// What cannot be had is an error, unless its asker is prepared for that.
    pub(super) fn missing(&mut self, site: &Site, message: String, help: &str) {
        let error = site.error(message, help);
        if site.require.optional {
            self.notices.push(format!("{error}; requiring it fails, which the code around it expects"));
        } else {
            self.errors.push(error);
        }
    }

    fn module(&mut self, file: &str) {
        if self.modules.contains_key(file) {
            return;
        }
        // Two files may require each other.
        self.modules.insert(file.to_owned(), Script::default());
        match self.script(file, None) {
            Some(script) => drop(self.modules.insert(file.to_owned(), script)),
            None => drop(self.modules.remove(file)),
        }
    }

    /// Takes up a built-in and those that it requires.
    pub(super) fn builtin(&mut self, name: &'static str, source: &str) {
        if !self.builtins.insert(name) {
            return;
        }
        for (specifier, other) in builtin_requires(source) {
            match other {
                Some(Builtin::Embedded { name, source }) => self.builtin(name, source),
                _ => self.errors.push(BundleError::file(
                    &format!("node:{name}"),
                    format!("requires {specifier:?}, which is not built in"),
                    "this is a mistake in Usher; please report it",
                )),
            }
        }
    }

    /// Turns files with `import` and `export` into scripts.
    pub(super) fn transform_modules(&mut self, esbuild: &Esbuild, progress: &mut dyn FnMut(&str)) {
        let functions = self.functions.values_mut().map(|script| (script, Shape::Function));
        let modules = self.modules.values_mut().map(|script| (script, Shape::Module));
        for (script, shape) in functions.chain(modules).filter(|(script, _)| script.is_module) {
            match esbuild.transform(&script.file, &script.source, shape, progress) {
                Ok(source) => script.source = source,
                Err(error) => self.errors.push(error),
            }
        }
    }

    /// Every text that runs, other than built-ins.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.functions.values().chain(self.modules.values()).map(|script| script.source.as_str())
    }

    /// Leads those who require a package elsewhere.
    pub(super) fn redirect(&mut self, specifier: &str, key: &str) {
        for script in self.functions.values_mut().chain(self.modules.values_mut()) {
            if let Some(place) = script.requires.get_mut(specifier) {
                key.clone_into(place);
            }
        }
    }

    /// Takes back the key of a package that is not there.
    pub(super) fn forget(&mut self, specifier: &str) {
        for script in self.functions.values_mut().chain(self.modules.values_mut()) {
            script.requires.remove(specifier);
        }
    }
}

/// The built-ins that a built-in requires. They are bundled so that these all begin with `node:`.
pub(super) fn builtin_requires(source: &str) -> Vec<(String, Option<Builtin>)> {
    let found = scan("", source).map(|found| found.requires).unwrap_or_default();
    let ours = found.into_iter().map(|require| require.specifier);
    ours.map(|specifier| (Builtin::find(&specifier), specifier)).map(|(builtin, name)| (name, builtin)).collect()
}

/// The key of a package.
pub(super) fn dependency(specifier: &str) -> String {
    format!("dependencies#{specifier}")
}

fn text(path: &Path, file: &str) -> Result<String, BundleError> {
    let size = path.metadata().map(|data| data.len()).unwrap_or_default();
    if size > limits::SCRIPT_BYTES as u64 {
        let message = format!("{size} bytes, more than the {} that a source may have", limits::SCRIPT_BYTES);
        return Err(BundleError::file(file, message, "put data into the database"));
    }
    let bytes = std::fs::read(path).map_err(|error| {
        BundleError::file(file, format!("cannot be read: {error}"), "make it readable for the user who runs Usher")
    })?;
    let text = String::from_utf8(bytes)
        .map_err(|_| BundleError::file(file, "not UTF-8 text", "save the file in the encoding UTF-8"))?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}
