//! One immutable version of an app: its configuration and its loaded functions.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use bson::doc;
use usher_app::{App, Function};
use usher_contract::value;
use usher_sandbox::{LoadError, Module, Sandbox};

/// One immutable version of an app.
pub struct Deployment {
    app: App,
    modules: HashMap<String, Arc<Module>>,
    /// The app as a function sees it: `{id, name}` in BSON.
    pub(crate) facts: Vec<u8>,
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
}

impl Deployment {
    /// Loads every function of an app from its component.
    ///
    /// # Errors
    /// Every function that cannot be loaded, not only the first.
    pub async fn load(
        sandbox: &Sandbox,
        app: App,
        components: &BTreeMap<String, PathBuf>,
    ) -> Result<Arc<Self>, Vec<DeployError>> {
        let mut modules = HashMap::new();
        let mut errors = Vec::new();
        // Functions may share a component; each is loaded once.
        let mut loaded: HashMap<&PathBuf, Arc<Module>> = HashMap::new();
        for (name, function) in &app.functions {
            match load(sandbox, function, components.get(name), &mut loaded).await {
                Ok(module) => {
                    modules.insert(name.clone(), module);
                }
                Err(cause) => errors.push(DeployError { function: name.clone(), cause }),
            }
        }
        if errors.is_empty() { Ok(Arc::new(Self::new(app, modules))) } else { Err(errors) }
    }

    /// An app whose functions are not loaded: enough to look after its users, not to call anything.
    pub fn without_functions(app: App) -> Arc<Self> {
        Arc::new(Self::new(app, HashMap::new()))
    }

    fn new(app: App, modules: HashMap<String, Arc<Module>>) -> Self {
        let facts = value::bytes(&doc! { "id": &app.id, "name": &app.name }).unwrap_or_default();
        Self { app, modules, facts }
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
