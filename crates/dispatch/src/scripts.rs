//! Scripts: all of an app's, loaded once by their engine into one component.

use std::fmt;
use std::sync::Arc;

use bson::Document;
use usher_app::{App, Source};
use usher_sandbox::{Module, Preloaded, Sandbox};

use crate::deployment::{Cause, DeployError, Scripts};

/// Why the top level of a script failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The file, relative to the app directory.
    pub file: String,
    /// Where, as `line:column`; empty where the engine does not know.
    pub place: String,
    /// What it threw.
    pub message: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, place, message } = self;
        let separator = if place.is_empty() { "" } else { ":" };
        write!(f, "{file}{separator}{place}: {message}")
    }
}

/// The component of all scripts.
pub(crate) async fn load(
    sandbox: &Sandbox,
    app: &App,
    scripts: &Scripts<'_>,
) -> Result<Option<Arc<Module>>, Vec<DeployError>> {
    let Preloaded { component, facts } = sandbox
        .preload(scripts.engine, &scripts.document)
        .await
        .map_err(|error| every(app, &|cause| Cause::Preload(cause), Arc::new(error)))?;
    let broken = broken(&facts);
    if !broken.is_empty() {
        return Err(broken);
    }
    let module = sandbox.load(component).await;
    let module = module.map_err(|error| every(app, &|cause| Cause::Preload(cause), Arc::new(error.into())))?;
    Ok(Some(module))
}

/// One error for all scripts, told once: of the first.
fn every<E>(app: &App, cause: &dyn Fn(E) -> Cause, error: E) -> Vec<DeployError> {
    let script = app
        .functions
        .values()
        .find(|function| matches!(function.source, Source::JavaScript(_) | Source::Inline { .. }));
    let function = script.map(|function| function.name.clone()).unwrap_or_default();
    vec![DeployError { function, cause: cause(error) }]
}

/// What the engine says went wrong: `{errors: [{function, file, message, stack}]}`.
fn broken(facts: &[u8]) -> Vec<DeployError> {
    let facts = Document::from_reader(facts).unwrap_or_default();
    let errors = facts.get_array("errors").map(Vec::as_slice).unwrap_or_default();
    let errors = errors.iter().filter_map(bson::Bson::as_document).map(|error| {
        let text = |key| error.get_str(key).unwrap_or_default().to_owned();
        let file = text("file");
        let place = place(&file, &text("stack"));
        DeployError {
            function: text("function"),
            cause: Cause::Script(Broken { file, place, message: text("message") }),
        }
    });
    errors.collect()
}

/// The first place in a file that a stack names.
fn place(file: &str, stack: &str) -> String {
    let after = stack.split_once(&format!("{file}:")).map(|(_, after)| after).unwrap_or_default();
    let place: String = after.chars().take_while(|c| c.is_ascii_digit() || *c == ':').collect();
    place.trim_end_matches(':').to_owned()
}

/// Whether the source of a function holds this word.
pub(crate) fn mention(scripts: &Scripts<'_>, word: &str) -> bool {
    let document = Document::from_reader(&scripts.document[..]).unwrap_or_default();
    let functions = document.get_array("functions").map(Vec::as_slice).unwrap_or_default();
    let mut sources = functions.iter().filter_map(|function| function.as_document()?.get_str("source").ok());
    sources.any(|source| source.contains(word))
}
