//! The functions of an app: entries of the manifest joined with sources.

use std::collections::BTreeMap;
use std::path::Path;

use crate::manifest::{self, Entry};
use crate::names::{self, near, quote};
use crate::root::Layout;
use crate::sources::{self, Found};
use crate::{Account, Context, Function, RunAs, Source, budget};

/// What was found.
pub(crate) struct Functions {
    pub(crate) functions: BTreeMap<String, Function>,
    /// The name of everything that is meant to be a function, free of mistakes or not.
    pub(crate) named: Vec<String>,
}

/// `creation` is the name of the user-creation function.
pub(crate) fn read(context: Context<'_>, layout: Layout, directory: &Path, creation: Option<&str>) -> Functions {
    let mut sources = sources::find(context, layout);
    let mut joined = Functions { functions: BTreeMap::new(), named: Vec::new() };
    let entries = manifest::read(context, layout, &sources, creation);
    let sources_known: Vec<String> = sources.found.keys().cloned().collect();
    for entry in entries {
        joined.named.push(entry.name.clone());
        let source = match sources.found.remove(&entry.source) {
            Some(found) => source(context, directory, &entry.name, found),
            None => {
                no_source(context, layout, &entry, &sources_known);
                None
            }
        };
        joined.add(context, entry, source);
    }
    for (name, found) in sources.found {
        if !found.is_function() || found.is_only_a_helper(context, &name) {
            continue;
        }
        let entry = Entry::implied(&name, creation);
        joined.named.push(name.clone());
        let file = found.file().to_owned();
        let Some(source) = source(context, directory, &name, found) else {
            continue;
        };
        if names::is_function_name(&name) {
            let manifest = match layout {
                Layout::Current => manifest::FILE.to_owned(),
                Layout::Older => format!("functions/{name}/config.json"),
            };
            let message = format!("has no entry in {manifest}, so it runs with the defaults: clients can call it");
            context.report.notice(&file, None, message);
        } else {
            let message = format!("{} cannot name a function", quote(&name));
            context.report.mistake(&file, None, message, names::FUNCTION_NAME_HELP);
        }
        joined.add(context, entry, Some(source));
    }
    joined
}

impl Functions {
    fn add(&mut self, context: Context<'_>, entry: Entry, source: Option<Source>) {
        let Some(source) = source else { return };
        let (run_as, script) = entry.run_as.map_or((RunAs::Caller, None), |it| (it.run_as, it.script));
        if let Some(script) = script {
            self.insert(context, &entry.file, script);
        }
        let function = Function {
            name: entry.name.clone(),
            private: entry.private,
            run_as_system: run_as == RunAs::System,
            run_as_user: Some(run_as).filter(|it| matches!(it, RunAs::User(_) | RunAs::Script(_))),
            can_evaluate: entry.can_evaluate,
            disable_arg_logs: entry.disable_arg_logs,
            source,
            budget: entry.budget,
            grants: entry.grants,
            account: entry.account,
        };
        self.insert(context, &entry.file, function);
    }

    /// Adds a function that `file` tells of.
    pub(crate) fn insert(&mut self, context: Context<'_>, file: &str, function: Function) {
        let name = function.name.clone();
        if self.functions.insert(name.clone(), function).is_some() {
            let message = format!("the function {} has the name of a script or webhook of the app", quote(&name));
            context.report.mistake(file, None, message, "rename the function");
        }
        self.named.push(name);
    }
}

/// A function that stands in no manifest, such as a webhook's: private, handed nothing, with the usual budget.
pub(crate) fn unlisted(name: String, source: Source, run_as_system: bool) -> Function {
    Function {
        name,
        private: true,
        run_as_system,
        run_as_user: None,
        can_evaluate: None,
        disable_arg_logs: false,
        source,
        budget: budget::read(None, false),
        grants: Vec::new(),
        account: Account::default(),
    }
}

impl Found {
    /// Whether it is a function even without an entry: a crate that makes no component is code shared by others.
    fn is_function(&self) -> bool {
        self.component.is_some()
            || self.javascript.is_some()
            || self.package.as_ref().is_some_and(|package| package.cdylib)
    }

    /// Whether it is JavaScript that is there to be required only; says so. What is left over in a directory of
    /// functions (tests, settings of tools, code that several functions share) must not keep an app from running.
    fn is_only_a_helper(&self, context: Context<'_>, name: &str) -> bool {
        let (None, None, Some(script)) = (&self.component, &self.package, &self.javascript) else {
            return false;
        };
        let because = if !names::is_function_name(name) {
            format!("{} cannot name one", quote(name))
        } else if !exports(context, script) {
            "it exports nothing".to_owned()
        } else {
            return false;
        };
        context.report.notice(script, None, format!("is not a function, since {because}; functions can require it"));
        true
    }

    /// A file to point at.
    fn file(&self) -> &str {
        let package = self.package.as_ref().map(|package| package.manifest.as_str());
        self.component.as_deref().or(package).or(self.javascript.as_deref()).unwrap_or(sources::DIRECTORY)
    }
}

/// The one source of a function; otherwise reports what is wrong.
fn source(context: Context<'_>, directory: &Path, name: &str, found: Found) -> Option<Source> {
    let report = context.report;
    if let Some(script) = found.javascript {
        let instead = found.component.as_ref().or(found.package.as_ref().map(|package| &package.manifest));
        match instead {
            None => return Some(Source::JavaScript(directory.join(script))),
            Some(other) => report.not_run(&script, None, "this file", &format!("{other} stands in its place")),
        }
    }
    match (found.component, found.package) {
        (Some(component), Some(package)) => {
            let message = format!("the function {} has a second source, the crate {}", quote(name), package.directory);
            report.mistake(&component, None, message, "remove the component or the crate");
            None
        }
        (Some(component), None) => Some(Source::Component(directory.join(component))),
        (None, Some(package)) => {
            if !package.cdylib {
                report.mistake(
                    &package.manifest,
                    None,
                    format!("the crate of the function {} makes no component", quote(name)),
                    "add [lib] with crate-type = [\"cdylib\"]",
                );
            }
            Some(Source::Crate(directory.join(package.directory)))
        }
        (None, None) => None,
    }
}

/// Whether JavaScript mentions exports of any kind. A file that cannot be read counts as if it did: it is a mistake
/// anyway.
fn exports(context: Context<'_>, script: &str) -> bool {
    let Ok(Some(content)) = context.tree.read(script).map_err(|mistake| context.report.add(mistake)) else {
        return true;
    };
    let text = String::from_utf8_lossy(&content);
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '$');
    words.into_iter().any(|word| word == "exports" || word == "export")
}

fn no_source(context: Context<'_>, layout: Layout, entry: &Entry, sources: &[String]) {
    // Its name is already a mistake.
    if !names::is_function_name(&entry.name) {
        return;
    }
    let name = &entry.source;
    let known: Vec<&str> = sources.iter().map(String::as_str).collect();
    let guess = near(name, &known).map(|near| format!("; did you mean {}?", quote(near)));
    let script = match layout {
        Layout::Current => format!("functions/{name}.js"),
        Layout::Older => format!("functions/{name}/source.js"),
    };
    context.report.mistake(
        &entry.file,
        entry.line,
        format!("the function {} has no source{}", quote(&entry.name), guess.unwrap_or_default()),
        format!(
            "add the JavaScript {script}, the component functions/{name}.wasm or the crate functions/{name}/, or remove \
             the entry"
        ),
    );
}
