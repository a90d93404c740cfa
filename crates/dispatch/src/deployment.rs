//! One immutable version of an app: its configuration and its loaded functions.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use usher_app::{App, Function, Source};
use usher_sandbox::{LoadError, Module, PreloadError, Sandbox};

use crate::facts::Facts;
use crate::scripts::{self, Broken};

/// One immutable version of an app.
pub struct Deployment {
    app: App,
    modules: HashMap<String, Arc<Module>>,
    /// What functions are told.
    pub(crate) facts: Facts,
    /// Whether a script or rule may ask for the client's request.
    reads_requests: bool,
}

/// The code of an app's functions.
#[derive(Default)]
pub struct Code<'a> {
    /// The components, by the function's name.
    pub components: BTreeMap<String, PathBuf>,
    /// The scripts, where there are any.
    pub scripts: Option<Scripts<'a>>,
}

/// Scripts and the engine that runs them.
pub struct Scripts<'a> {
    /// The engine: a component that can load scripts.
    pub engine: &'a [u8],
    /// The scripts, as the engine reads them: a BSON document.
    pub document: Vec<u8>,
}

/// Why one function of an app cannot be deployed.
#[derive(Debug, thiserror::Error)]
#[error("function \"{function}\": {cause}")]
pub struct DeployError {
    /// The function.
    pub function: String,
    /// Why.
    pub cause: Cause,
}

/// What went wrong with a function at deploy.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// Its component was not built.
    #[error("there is no component for it; build the app first")]
    Missing,
    /// Its component cannot be read.
    #[error("{0}: {1}")]
    Read(PathBuf, std::io::Error),
    /// Its component cannot run here.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The top level of its script failed.
    #[error("{0}")]
    Script(Broken),
    /// The scripts could not be loaded.
    #[error(transparent)]
    Preload(#[from] Arc<PreloadError>),
}

impl Deployment {
    /// Loads every function of an app: from its component, or from the one that is made of all scripts.
    ///
    /// # Errors
    /// Every function that cannot be loaded, not only the first.
    pub async fn load(sandbox: &Sandbox, app: App, code: &Code<'_>) -> Result<Arc<Self>, Vec<DeployError>> {
        let mut modules = HashMap::new();
        let mut errors = Vec::new();
        let scripted = match &code.scripts {
            Some(scripts) => scripts::load(sandbox, &app, scripts).await,
            None => Ok(None),
        };
        let scripted = scripted.unwrap_or_else(|failed| {
            errors.extend(failed);
            None
        });
        // Functions may share a component; each is loaded once.
        let mut loaded: HashMap<&PathBuf, Arc<Module>> = HashMap::new();
        for (name, function) in &app.functions {
            if matches!(function.source, Source::JavaScript(_) | Source::Inline { .. }) {
                match scripted.as_ref().map(|module| module.fits(&function.budget)) {
                    Some(Ok(())) => modules.extend(scripted.clone().map(|module| (name.clone(), module))),
                    Some(Err(error)) => errors.push(DeployError { function: name.clone(), cause: error.into() }),
                    // Told above, unless nobody gave its script.
                    None if code.scripts.is_none() => {
                        errors.push(DeployError { function: name.clone(), cause: Cause::Missing });
                    }
                    None => {}
                }
                continue;
            }
            match load(sandbox, function, code.components.get(name), &mut loaded).await {
                Ok(module) => {
                    modules.insert(name.clone(), module);
                }
                Err(cause) => errors.push(DeployError { function: name.clone(), cause }),
            }
        }
        let scripts = code.scripts.as_ref().is_some_and(|scripts| scripts::mention(scripts, "request"));
        let reads_requests = scripts || rules_may_ask(&app);
        if errors.is_empty() { Ok(Arc::new(Self::new(app, modules, reads_requests))) } else { Err(errors) }
    }

    /// An app whose functions are not loaded: enough to look after its users, not to call anything.
    pub fn without_functions(app: App) -> Arc<Self> {
        Arc::new(Self::new(app, HashMap::new(), false))
    }

    fn new(app: App, modules: HashMap<String, Arc<Module>>, reads_requests: bool) -> Self {
        Self { facts: Facts::new(&app), app, modules, reads_requests }
    }

    /// Whether a function may want to know the client's request. Whoever calls need not describe it otherwise.
    pub fn reads_requests(&self) -> bool {
        self.reads_requests
    }

    /// The configuration.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// A function with its code.
    pub(crate) fn function(&self, name: &str) -> Option<(&Function, &Arc<Module>)> {
        self.app.functions.get(name).zip(self.modules.get(name))
    }
}

/// Whether there are rules, which may be about `%%request`.
fn rules_may_ask(app: &App) -> bool {
    let rules = !app.rules.collections.is_empty() || !app.rules.defaults.is_empty();
    rules || app.functions.values().any(|function| function.can_evaluate.is_some())
}

async fn load<'a>(
    sandbox: &Sandbox,
    function: &Function,
    component: Option<&'a PathBuf>,
    loaded: &mut HashMap<&'a PathBuf, Arc<Module>>,
) -> Result<Arc<Module>, Cause> {
    let path = component.ok_or(Cause::Missing)?;
    let module = match loaded.get(path) {
        Some(module) => module.clone(),
        None => {
            let bytes = tokio::fs::read(path).await.map_err(|e| Cause::Read(path.clone(), e))?;
            let module = sandbox.load(bytes).await?;
            loaded.insert(path, module.clone());
            module
        }
    };
    module.fits(&function.budget)?;
    Ok(module)
}
