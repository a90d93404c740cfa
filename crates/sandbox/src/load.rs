//! Loading: everything that can be decided once, at deploy, so that a call has nothing left to decide.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use usher_contract::{Budget, limits};
use wasmtime::component::Component;

use crate::bindings::FunctionPre;
use crate::engine::{Parts, Sandbox};
use crate::imports;
use crate::state::State;

/// A component that was checked, compiled and linked; instantiating it is all that a call has to do.
pub struct Module {
    pub(crate) pre: FunctionPre<State>,
    component: Component,
    /// Bytes of memory that an instance begins with.
    initial_memory: usize,
}

/// Why a component cannot be deployed.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The engine could not be set up.
    #[error("the WASM engine cannot be set up: {0:#}")]
    Engine(wasmtime::Error),
    /// The cache directory cannot be used.
    #[error("the directory {path} cannot hold compiled code: {source}")]
    Cache {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Larger than a component may be.
    #[error("the component has {0} bytes; at most {max} are loaded", max = limits::COMPONENT_BYTES)]
    TooLarge(usize),
    /// Not a component, or one that uses features that are switched off.
    #[error("not a component that can run here: {0:#}; functions are built for wasm32-wasip2")]
    Compile(wasmtime::Error),
    /// It imports what a function may not import.
    #[error("the component imports what a function may not have: {0}; remove what pulls it in")]
    Imports(String),
    /// It does not export the handler, or imports an interface with another shape.
    #[error("the component does not fit the world usher:function/function: {0:#}; build it with the matching SDK")]
    World(wasmtime::Error),
    /// It needs more than a sandbox has.
    #[error("the component does not fit a sandbox: {0}")]
    Pool(String),
}

impl Module {
    /// Checks that an instance can begin within a budget.
    ///
    /// # Errors
    /// [`LoadError::Pool`] where the initial memory alone exceeds it.
    pub fn fits(&self, budget: &Budget) -> Result<(), LoadError> {
        if self.initial_memory > budget.memory {
            return Err(LoadError::Pool(format!(
                "it begins with {} MiB of memory and its budget is {}; raise \"memory_mib\" in functions/config.json",
                self.initial_memory >> 20,
                budget.memory >> 20
            )));
        }
        Ok(())
    }

    /// The compiled component, for benchmarks that measure the floor with the same code.
    pub fn component(&self) -> &Component {
        &self.component
    }
}

impl Sandbox {
    /// Checks and compiles a component, on a thread of its own; the cache is asked first.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub async fn load(&self, bytes: Vec<u8>) -> Result<Arc<Module>, LoadError> {
        if bytes.len() > limits::COMPONENT_BYTES {
            return Err(LoadError::TooLarge(bytes.len()));
        }
        let component = self.compile(bytes).await?;
        imports::check(&self.engine, &component)?;
        let initial_memory = fits_pool(&component)?;
        let pre = self.linker.instantiate_pre(&component).and_then(FunctionPre::new).map_err(LoadError::World)?;
        Ok(Arc::new(Module { pre, component, initial_memory }))
    }
}

impl Sandbox {
    /// The compiled form of a component, from the cache or made on a thread of its own.
    pub(crate) async fn compile(&self, bytes: Vec<u8>) -> Result<Component, LoadError> {
        let engine = self.engine.clone();
        let cache = self.cache.clone();
        let incremental = self.incremental.clone();
        tokio::task::spawn_blocking(move || {
            if let Some(component) = cache.as_ref().and_then(|cache| cache.get(&engine, &bytes)) {
                return Ok(component);
            }
            let _compiling = incremental.compiling();
            let component = Component::from_binary(&engine, &bytes)?;
            if let Some(cache) = &cache {
                cache.put(&bytes, &component);
            }
            Ok(component)
        })
        .await
        .map_err(|panic| LoadError::Compile(wasmtime::Error::new(panic)))?
        .map_err(LoadError::Compile)
    }
}

/// A page of linear memory, in bytes.
const PAGE: u64 = 64 * 1024;

/// Compares what an instance needs with what a slot of the pool has; gives the initial memory in bytes.
fn fits_pool(component: &Component) -> Result<usize, LoadError> {
    let needs = component
        .resources_required()
        .ok_or_else(|| LoadError::Pool("it imports core modules, so its needs are not known".into()))?;
    // The engine counts memory in pages here, whatever the name of the field says.
    let memory = needs.max_initial_memory_size.unwrap_or(0).saturating_mul(PAGE);
    let memory = usize::try_from(memory).unwrap_or(usize::MAX);
    let table = usize::try_from(needs.max_initial_table_size.unwrap_or(0)).unwrap_or(usize::MAX);
    if needs.num_memories > Parts::MEMORIES || needs.num_tables > Parts::TABLES {
        return Err(LoadError::Pool(format!(
            "it has {} memories and {} tables; a sandbox has {} and {}",
            needs.num_memories,
            needs.num_tables,
            Parts::MEMORIES,
            Parts::TABLES
        )));
    }
    if memory > limits::MEMORY_CEILING {
        return Err(LoadError::Pool(format!(
            "it begins with {} MiB of memory; a sandbox has at most {}",
            memory >> 20,
            limits::MEMORY_CEILING >> 20
        )));
    }
    if table > limits::TABLE_ELEMENTS {
        return Err(LoadError::Pool(format!(
            "it begins with a table of {table} elements; a sandbox has at most {}",
            limits::TABLE_ELEMENTS
        )));
    }
    Ok(memory)
}
