//! Embeds the engine and the built-in modules, both made by `cargo xtask setup`.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// Where the engine is, if not where set-up puts it.
const ENGINE: &str = "USHER_JS_ENGINE";

fn main() {
    if let Err(message) = embed() {
        // Cargo shows the lines of a failed build script; a panic would bury the message.
        eprintln!("{message}");
        std::process::exit(1);
    }
}

fn embed() -> Result<(), String> {
    let target = PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join("../../target");
    let output = PathBuf::from(variable("OUT_DIR")?);
    println!("cargo:rerun-if-env-changed={ENGINE}");
    let engine = env::var_os(ENGINE)
        .map_or_else(|| target.join("js-engine/wasm32-wasip2/release/usher_js_engine.wasm"), PathBuf::from);
    copy(&engine, &output.join("engine.wasm"), "the JavaScript engine")?;
    builtins(&target.join("js-builtins"), &output)
}

/// Writes the table of built-ins, each as `(name, source)`, in order of their names.
fn builtins(from: &Path, output: &Path) -> Result<(), String> {
    println!("cargo:rerun-if-changed={}", from.display());
    let listed = fs::read_dir(from).map_err(|e| missing("the built-in modules", from, &e))?;
    let mut files: Vec<PathBuf> = listed.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "js"));
    files.sort();
    if files.is_empty() {
        return Err(missing("the built-in modules", from, &"the directory is empty"));
    }
    let mut table = String::from("&[\n");
    for file in files {
        // A dot stands for the slash of `stream/promises`.
        let name = file.file_stem().unwrap_or_default().to_string_lossy().replace('.', "/");
        let copied = output.join(format!("builtin-{}.js", name.replace('/', ".")));
        copy(&file, &copied, "a built-in module")?;
        table.push_str(&format!("    ({name:?}, include_str!({:?})),\n", copied.display().to_string()));
    }
    table.push_str("]\n");
    let file = output.join("builtins.rs");
    fs::write(&file, table).map_err(|e| format!("{}: {e}", file.display()))
}

fn copy(from: &Path, to: &Path, what: &str) -> Result<(), String> {
    println!("cargo:rerun-if-changed={}", from.display());
    fs::copy(from, to).map(drop).map_err(|e| missing(what, from, &e))
}

fn missing(what: &str, path: &Path, why: &dyn std::fmt::Display) -> String {
    format!("{what} cannot be embedded: {}: {why}\nrun `cargo xtask setup` first, which makes it", path.display())
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|e| format!("{name}: {e}"))
}
