//! Preloading: a language engine evaluates scripts once, at deploy, and what it then holds in memory becomes the
//! beginning of every call.
//!
//! The engine's component is instrumented so that its memory can be read, instantiated without an invocation, told to
//! load the scripts, and written out again with the memory it has then. The result is an ordinary component.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use usher_contract::{Budget, Failure, limits};
use wasmtime::Store;
use wasmtime::component::{Component, ComponentNamedList, Instance, Lift, Lower, WasmList};
use wasmtime_wizer::Wizer;

use crate::bindings::usher::function::types;
use crate::engine::Sandbox;
use crate::inputs::Inputs;
use crate::load::LoadError;
use crate::nobody::Nobody;
use crate::run::explain;
use crate::state::State;

const LOADER: &str = "usher:function/loader@0.1.0";
const LOAD: &str = "load";
/// Where instrumentation puts what it exports.
const ACCESS: &str = "wasmtime:wizer/access";

/// A component made of an engine and the scripts it loaded.
pub struct Preloaded {
    /// The component.
    pub component: Vec<u8>,
    /// What the engine says about the scripts: a BSON document.
    pub facts: Vec<u8>,
}

/// Why scripts cannot be preloaded.
#[derive(Debug, thiserror::Error)]
pub enum PreloadError {
    /// The engine is not a component that can run here.
    #[error(transparent)]
    Engine(#[from] LoadError),
    /// The engine refused the scripts.
    #[error("{0}")]
    Scripts(Failure),
    /// The engine broke off: a trap, or a limit.
    #[error("while the scripts were loaded: {0}")]
    Ended(Failure),
}

impl Sandbox {
    /// Lets `engine` load `scripts`. What was made before is taken from the cache.
    ///
    /// # Errors
    /// See [`PreloadError`].
    pub async fn preload(&self, engine: &[u8], scripts: &[u8]) -> Result<Preloaded, PreloadError> {
        if let Some(kept) = self.cache.as_ref().and_then(|cache| cache.snapshot(engine, scripts)) {
            return Ok(kept);
        }
        let wizer = Wizer::new();
        let (context, instrumented) = wizer.instrument_component(engine).map_err(LoadError::Compile)?;
        let component = self.compile(instrumented).await?;
        let mut store = self.preloading_store();
        let loading = self.loaded(&mut store, &component, scripts);
        let deadline = Instant::now() + limits::PRELOAD_WALL_CLOCK;
        let (instance, facts) = match timeout_at(deadline, loading).await {
            Ok(loaded) => loaded?,
            Err(_) => return Err(PreloadError::Ended(out_of_time())),
        };
        let component = wizer
            .snapshot_component(&context, &mut Access { store: &mut store, instance })
            .await
            .map_err(|e| PreloadError::Engine(LoadError::Compile(e)))?;
        let preloaded = Preloaded { component, facts };
        if let Some(cache) = &self.cache {
            cache.keep_snapshot(engine, scripts, &preloaded);
        }
        Ok(preloaded)
    }

    fn preloading_store(&self) -> Store<State> {
        // What is left at the end is compared with each function's budget; large packages need more while they load.
        let budget =
            Budget { memory: limits::MEMORY_CEILING, host_bytes: limits::HOST_BYTES_CEILING, ..Budget::default() };
        // The same inputs each time: what the scripts make of them must not differ from one deployment to the next.
        let inputs = Inputs { now: Duration::ZERO, seed: [0; 32] };
        let mut store = self.store(Arc::new(Nobody), inputs, budget, Instant::now() + limits::PRELOAD_WALL_CLOCK);
        store.set_hostcall_fuel(limits::HOST_BYTES_CEILING);
        store
    }

    async fn loaded(
        &self,
        store: &mut Store<State>,
        component: &Component,
        scripts: &[u8],
    ) -> Result<(Instance, Vec<u8>), PreloadError> {
        let ended = |error| PreloadError::Ended(explain(error));
        let instance = self.linker.instantiate_async(&mut *store, component).await.map_err(ended)?;
        type Answer = (Result<Vec<u8>, types::Error>,);
        let load = function::<(&[u8],), Answer>(store, &instance, LOADER, LOAD).map_err(LoadError::World)?;
        let (answer,) = load.call_async(&mut *store, (scripts,)).await.map_err(ended)?;
        match answer {
            Ok(facts) => Ok((instance, facts)),
            Err(error) => Err(PreloadError::Scripts(Failure { code: error.code.into(), message: error.message })),
        }
    }
}

fn out_of_time() -> Failure {
    Failure::new(
        usher_contract::ErrorCode::ExecutionTimeLimitExceeded,
        format!("the top level of the scripts ran longer than {} s", limits::PRELOAD_WALL_CLOCK.as_secs()),
    )
}

fn function<P, R>(
    store: &mut Store<State>,
    instance: &Instance,
    interface: &str,
    name: &str,
) -> wasmtime::Result<wasmtime::component::TypedFunc<P, R>>
where
    P: ComponentNamedList + Lower,
    R: ComponentNamedList + Lift,
{
    let missing = || wasmtime::Error::msg(format!("the component does not export {interface}#{name}"));
    let (_, parent) = instance.get_export(&mut *store, None, interface).ok_or_else(missing)?;
    let (_, index) = instance.get_export(&mut *store, Some(&parent), name).ok_or_else(missing)?;
    instance.get_typed_func(&mut *store, index)
}

/// Reads an instrumented instance's memory and globals.
struct Access<'a> {
    store: &'a mut Store<State>,
    instance: Instance,
}

impl Access<'_> {
    async fn read<R: Lift + Send + Sync + 'static>(&mut self, interface: &str, name: &str) -> Option<R> {
        debug_assert_eq!(interface, ACCESS);
        let read = function::<(), (R,)>(self.store, &self.instance, interface, name).ok()?;
        read.call_async(&mut *self.store, ()).await.ok().map(|(value,)| value)
    }
}

// Instrumentation has just put these functions there, and they cannot fail: a default would only ever stand for a
// value that the snapshot then lacks, which its validation would show.
impl wasmtime_wizer::ComponentInstanceState for Access<'_> {
    async fn call_func_ret_list_u8(&mut self, interface: &str, name: &str, contents: impl FnOnce(&[u8]) + Send) {
        match self.read::<WasmList<u8>>(interface, name).await {
            Some(list) => contents(list.as_le_slice(&self.store)),
            None => tracing::error!(name, "a memory of a preloaded engine cannot be read"),
        }
    }

    async fn call_func_ret_s32(&mut self, interface: &str, name: &str) -> i32 {
        self.read(interface, name).await.unwrap_or_default()
    }

    async fn call_func_ret_s64(&mut self, interface: &str, name: &str) -> i64 {
        self.read(interface, name).await.unwrap_or_default()
    }

    async fn call_func_ret_f32(&mut self, interface: &str, name: &str) -> u32 {
        self.read::<f32>(interface, name).await.unwrap_or_default().to_bits()
    }

    async fn call_func_ret_f64(&mut self, interface: &str, name: &str) -> u64 {
        self.read::<f64>(interface, name).await.unwrap_or_default().to_bits()
    }
}
