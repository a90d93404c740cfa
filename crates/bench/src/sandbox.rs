//! The sandbox beside bare wasmtime: the same engine settings, the same component, no budget, log or admission.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use bson::doc;
use usher_contract::host::{Bytes, Level};
use usher_contract::{Budget, Collection, CollectionName, ErrorCode, Failure, Host, Reason, Transaction, limits};
use usher_sandbox::{Admission, Inputs, Invocation, Module, Sandbox, SandboxOptions};
use wasmtime::component::{
    Component, ComponentExportIndex, ComponentType, InstancePre, Lift, Linker, Lower, ResourceTable,
};
use wasmtime::{Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::measure::{Row, in_turn, microseconds};

const CALLS: u32 = 20_000;

/// A host without powers; the echo function asks it nothing.
struct Nothing;

#[async_trait]
impl Host for Nothing {
    fn id(&self) -> &str {
        "000000000000000000000000"
    }
    fn reason(&self) -> Reason {
        Reason::Call
    }
    async fn caller(&self) -> Result<Bytes, Failure> {
        Err(nothing())
    }
    fn running_as_system(&self) -> bool {
        false
    }
    fn app(&self) -> Bytes {
        vec![5, 0, 0, 0, 0]
    }
    fn value(&self, _name: &str) -> Option<Bytes> {
        None
    }
    fn environment(&self) -> Bytes {
        Bytes::new()
    }
    fn request(&self) -> Bytes {
        Bytes::new()
    }
    fn open_collection(&self, _name: &CollectionName) -> Result<Box<dyn Collection>, Failure> {
        Err(nothing())
    }
    async fn begin(&self) -> Result<Box<dyn Transaction>, Failure> {
        Err(nothing())
    }
    async fn send(&self, _acting: &str, _request: Bytes) -> Result<Bytes, Failure> {
        Err(nothing())
    }
    fn custom_data(&self) -> Result<Box<dyn Collection>, Failure> {
        Err(nothing())
    }
    fn grant(&self, _name: &str) -> Result<Box<dyn Collection>, Failure> {
        Err(nothing())
    }
    async fn call_function(&self, _name: &str, _arguments: Bytes) -> Result<Bytes, Failure> {
        Err(nothing())
    }
    async fn delete_account(&self) -> Result<(), Failure> {
        Err(nothing())
    }
    fn log(&self, _level: Level, _message: &str) {}
}

fn nothing() -> Failure {
    Failure::new(ErrorCode::GrantNotFound, "nothing is granted here")
}

/// Instantiating and dropping an instance.
pub(crate) async fn instantiate(component: &[u8]) -> Result<Row> {
    let (ours, bare) = sides(component).await?;
    in_turn(
        "sandbox-instantiate",
        "µs",
        || async {
            let begin = Instant::now();
            for _ in 0..CALLS {
                ours.sandbox.instantiate(&ours.module, ours.invocation().await?).await?;
            }
            Ok(microseconds(begin.elapsed(), CALLS))
        },
        || async {
            let begin = Instant::now();
            for _ in 0..CALLS {
                let mut store = bare.store();
                bare.pre.instantiate_async(&mut store).await?;
            }
            Ok(microseconds(begin.elapsed(), CALLS))
        },
    )
    .await
}

/// A whole call: a fresh instance, the call, its answer.
pub(crate) async fn call(component: &[u8]) -> Result<Row> {
    let (ours, bare) = sides(component).await?;
    in_turn(
        "sandbox-call",
        "µs",
        || async {
            let begin = Instant::now();
            for _ in 0..CALLS {
                let answer = ours.sandbox.run(&ours.module, ours.invocation().await?).await?;
                std::hint::black_box(answer);
            }
            Ok(microseconds(begin.elapsed(), CALLS))
        },
        || async {
            let begin = Instant::now();
            for _ in 0..CALLS {
                std::hint::black_box(bare.call().await?);
            }
            Ok(microseconds(begin.elapsed(), CALLS))
        },
    )
    .await
}

/// The sandbox with a function to run.
pub(crate) struct Ours {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) module: Arc<Module>,
    arguments: Vec<u8>,
    host: Arc<Nothing>,
}

impl Ours {
    /// The function `echo` of a component, with the argument of all these benchmarks.
    pub(crate) async fn new(sandbox: Arc<Sandbox>, component: Vec<u8>) -> Result<Self> {
        let argument = doc! { "nickname": "Ada", "visits": 7, "tags": ["a", "b"] };
        let arguments = usher_contract::value::array_bytes([argument.into()])?;
        let module = sandbox.load(component).await?;
        Ok(Self { sandbox, module, arguments, host: Arc::new(Nothing) })
    }

    pub(crate) async fn invocation(&self) -> Result<Invocation> {
        let permit = self.sandbox.admit(Admission::Outer, None).await?;
        Ok(Invocation {
            function: "echo".to_owned(),
            arguments: self.arguments.clone(),
            budget: Budget::default(),
            deadline: tokio::time::Instant::now() + limits::WALL_CLOCK,
            inputs: Inputs::fresh(),
            host: self.host.clone(),
            permit,
        })
    }
}

struct Bare {
    engine: Engine,
    pre: InstancePre<BareState>,
    export: ComponentExportIndex,
    arguments: Vec<u8>,
}

struct BareState {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for BareState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

#[derive(ComponentType, Lift, Lower)]
#[component(record)]
struct GuestError {
    code: String,
    message: String,
}

impl Bare {
    fn store(&self) -> Store<BareState> {
        let mut store =
            Store::new(&self.engine, BareState { wasi: WasiCtx::builder().build(), table: ResourceTable::new() });
        // The engine counts epochs; a store without a deadline would stop at once.
        store.set_epoch_deadline(u64::MAX / 2);
        store
    }

    async fn call(&self) -> Result<Vec<u8>> {
        let mut store = self.store();
        let instance = self.pre.instantiate_async(&mut store).await?;
        let call = instance.get_typed_func::<(&str, &[u8]), (Result<Vec<u8>, GuestError>,)>(&mut store, self.export)?;
        match call.call_async(&mut store, ("echo", &self.arguments)).await? {
            (Ok(answer),) => Ok(answer),
            (Err(error),) => bail!("{}: {}", error.code, error.message),
        }
    }
}

async fn sides(component: &[u8]) -> Result<(Ours, Bare)> {
    let sandbox = Arc::new(Sandbox::new(&SandboxOptions { concurrent_calls: 8, cache: None })?);
    let ours = Ours::new(sandbox, component.to_vec()).await?;

    // The same engine, so the same settings and the same pool.
    let engine = ours.sandbox.engine().clone();
    let component: &Component = ours.module.component();
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    let handler =
        component.get_export_index(None, "usher:function/handler@0.1.0").context("the component exports no handler")?;
    let export = component.get_export_index(Some(&handler), "call").context("the handler has no call")?;
    let bare = Bare { pre: linker.instantiate_pre(component)?, engine, export, arguments: ours.arguments.clone() };
    // Both must answer the same, or the comparison means nothing.
    let answer = ours.sandbox.run(&ours.module, ours.invocation().await?).await?;
    if answer != bare.call().await? {
        bail!("the sandbox and bare wasmtime answer differently");
    }
    Ok((ours, bare))
}
