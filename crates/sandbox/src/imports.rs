//! What a component may import: the contract, and the WASI interfaces that have no power here.

use wasmtime::Engine;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView};
use wasmtime_wasi::p2::bindings as wasi;
use wasmtime_wasi::random::{WasiRandom, WasiRandomView};

use crate::bindings;
use crate::load::LoadError;
use crate::state::State;

/// Packages and interfaces that are linked. Every file system is empty: no directory is ever opened in advance.
const ALLOWED: &[&str] = &[
    "usher:function/",
    "wasi:cli/",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:io/",
    "wasi:random/",
];

/// What usually pulls an interface in, for the message.
const USUAL: &[(&str, &str)] = &[
    ("wasi:sockets/", "networking, such as std::net or an HTTP client built on it"),
    ("wasi:http/", "an HTTP client or server"),
    ("wasi:keyvalue/", "a key-value store"),
    ("wasi:config/", "configuration at run time"),
    ("wasi:nn/", "machine learning"),
    ("wasi:", "an interface of the system"),
];

/// Refuses a component that imports anything else, naming each import and what in it is used.
pub(crate) fn check(engine: &Engine, component: &Component) -> Result<(), LoadError> {
    let ty = component.component_type();
    let refused: Vec<String> = ty
        .imports(engine)
        .filter(|(name, _)| !ALLOWED.iter().any(|allowed| name.starts_with(allowed)))
        .map(|(name, item)| describe(engine, name, &item.ty))
        .collect();
    if refused.is_empty() { Ok(()) } else { Err(LoadError::Imports(refused.join("; "))) }
}

fn describe(engine: &Engine, name: &str, item: &ComponentItem) -> String {
    let usual = USUAL
        .iter()
        .find(|(prefix, _)| name.starts_with(prefix))
        .map_or("code that expects another host", |(_, usual)| usual);
    let used: Vec<String> = match item {
        ComponentItem::ComponentInstance(instance) => instance
            .exports(engine)
            .filter(|(_, export)| matches!(export.ty, ComponentItem::ComponentFunc(_)))
            .map(|(function, _)| function.to_string())
            .collect(),
        _ => Vec::new(),
    };
    if used.is_empty() {
        format!("{name} (pulled in by {usual})")
    } else {
        format!("{name} (pulled in by {usual}: uses {})", used.join(", "))
    }
}

/// What a component imports of the contract: each interface with the functions that are used, such as
/// `documents (find-one, insert-one)`. The interfaces of the system, which have no power, are left out.
///
/// # Errors
/// [`LoadError::Compile`] where it is no component.
pub fn imports(component: &[u8]) -> Result<Vec<String>, LoadError> {
    let engine = Engine::default();
    let component = Component::from_binary(&engine, component).map_err(LoadError::Compile)?;
    let ty = component.component_type();
    let ours = ty.imports(&engine).filter_map(|(name, item)| {
        let interface = name.strip_prefix("usher:function/")?;
        let interface = interface.split_once('@').map_or(interface, |(interface, _)| interface);
        let ComponentItem::ComponentInstance(instance) = &item.ty else { return None };
        let functions: Vec<String> = instance
            .exports(&engine)
            .filter(|(_, export)| matches!(export.ty, ComponentItem::ComponentFunc(_)))
            .map(|(function, _)| function.rsplit(['.', ']']).next().unwrap_or(function).to_owned())
            .collect();
        // An interface that only lends its types is no power.
        (!functions.is_empty()).then(|| format!("{interface} ({})", functions.join(", ")))
    });
    Ok(ours.collect())
}

/// The linker with everything that [`check`] allows.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    let l = &mut linker;
    bindings::Function::add_to_linker::<_, HasSelf<State>>(l, |state| state)?;
    // What a proxy has, and then one by one: the convenience that links everything would link sockets too.
    wasmtime_wasi::p2::add_to_linker_proxy_interfaces_async(l)?;
    wasi::random::insecure::add_to_linker::<State, WasiRandom>(l, State::random)?;
    wasi::random::insecure_seed::add_to_linker::<State, WasiRandom>(l, State::random)?;
    wasi::filesystem::types::add_to_linker::<State, WasiFilesystem>(l, State::filesystem)?;
    wasi::filesystem::preopens::add_to_linker::<State, WasiFilesystem>(l, State::filesystem)?;
    wasi::cli::exit::add_to_linker::<State, WasiCli>(l, State::cli)?;
    wasi::cli::environment::add_to_linker::<State, WasiCli>(l, State::cli)?;
    wasi::cli::terminal_input::add_to_linker::<State, WasiCli>(l, State::cli)?;
    wasi::cli::terminal_output::add_to_linker::<State, WasiCli>(l, State::cli)?;
    wasi::cli::terminal_stdin::add_to_linker::<State, WasiCli>(l, State::cli)?;
    wasi::cli::terminal_stdout::add_to_linker::<State, WasiCli>(l, State::cli)?;
    wasi::cli::terminal_stderr::add_to_linker::<State, WasiCli>(l, State::cli)?;
    Ok(linker)
}
