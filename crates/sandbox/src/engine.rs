//! The engine: one per process, with one constructor for its configuration.

use std::path::PathBuf;
use std::sync::Arc;

use usher_contract::limits;
use wasmtime::component::Linker;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::admission::{Pool, instances};
use crate::cache::Cache;
use crate::imports;
use crate::incremental::Incremental;
use crate::load::LoadError;
use crate::state::State;

/// What one component may be made of. A Rust component is one module with its memory and table, and two small ones
/// that tie it to its imports; a language runtime may bring adapters. The pool holds this much for every call, so
/// that a component which fits can always start.
pub(crate) struct Parts;

impl Parts {
    pub(crate) const CORE_INSTANCES: u32 = 8;
    pub(crate) const MEMORIES: u32 = 2;
    pub(crate) const TABLES: u32 = 4;
}

/// Memory of a slot that stays mapped between calls, so that a small call causes no page faults.
const KEEP_RESIDENT: usize = 1024 * 1024;

/// How the sandbox is set up.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// Calls that run at once; the pool is sized from this number.
    pub concurrent_calls: u32,
    /// Where compiled code is kept; only the host may be able to write there. Without it every start compiles.
    pub cache: Option<PathBuf>,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self { concurrent_calls: limits::CONCURRENT_CALLS, cache: None }
    }
}

/// The engine with its pool, linker and compile cache.
pub struct Sandbox {
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<State>,
    pub(crate) pool: Pool,
    pub(crate) cache: Option<Arc<Cache>>,
    pub(crate) incremental: Arc<Incremental>,
}

impl Sandbox {
    /// Sets up the engine and reserves the pool's address space.
    ///
    /// # Errors
    /// [`LoadError::Engine`] where the machine cannot give what the pool needs, and [`LoadError::Cache`] where the
    /// cache directory cannot be made.
    pub fn new(options: &SandboxOptions) -> Result<Self, LoadError> {
        let instances = instances(options.concurrent_calls).sum();
        let incremental = Incremental::new();
        let engine =
            config(instances, &incremental).and_then(|config| Engine::new(&config)).map_err(LoadError::Engine)?;
        let linker = imports::linker(&engine).map_err(LoadError::Engine)?;
        let cache = options.cache.as_ref().map(|directory| Cache::open(directory, &engine)).transpose()?.map(Arc::new);
        if let Some(cache) = &cache {
            incremental.keep_in(cache.directory());
        }
        tick(&engine);
        Ok(Self { linker, pool: Pool::new(options.concurrent_calls), cache, incremental, engine })
    }

    /// The engine, for benchmarks that measure the floor with the same settings.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }
}

/// The one constructor of the engine's configuration. Compiler and executor share it, so an artifact of the cache
/// always fits the engine that loads it.
fn config(instances: u32, incremental: &Arc<Incremental>) -> wasmtime::Result<Config> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(instances * Parts::CORE_INSTANCES)
        .total_memories(instances * Parts::MEMORIES)
        .total_tables(instances * Parts::TABLES)
        .total_stacks(instances)
        .max_core_instances_per_component(Parts::CORE_INSTANCES)
        .max_memories_per_component(Parts::MEMORIES)
        .max_tables_per_component(Parts::TABLES)
        .max_memory_size(limits::MEMORY_CEILING)
        .table_elements(limits::TABLE_ELEMENTS)
        .linear_memory_keep_resident(KEEP_RESIDENT)
        .table_keep_resident(KEEP_RESIDENT / 16)
        // Page faults, not instantiation, were the cost of a call before the kernel could say which pages are dirty.
        .pagemap_scan(Enabled::Auto);

    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .memory_init_cow(true)
        .epoch_interruption(true)
        .max_wasm_stack(limits::STACK)
        // The guest's stack and room for the host functions it calls.
        .async_stack_size(limits::STACK + 1024 * 1024)
        .concurrency_support(false)
        .cranelift_nan_canonicalization(true)
        .wasm_memory64(false)
        .wasm_relaxed_simd(false)
        .enable_incremental_compilation(incremental.clone())?;
    Ok(config)
}

/// Advances the engine's epoch for as long as the engine lives.
fn tick(engine: &Engine) {
    let engine = engine.weak();
    std::thread::Builder::new()
        .name("usher-epoch".into())
        .spawn(move || {
            while let Some(engine) = engine.upgrade() {
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(limits::EPOCH_TICK);
            }
        })
        .map_or_else(
            |error| tracing::error!(%error, "no thread for the epoch: wall-clock budgets would not hold"),
            drop,
        );
}
