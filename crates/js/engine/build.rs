//! Compiles the prelude to bytecode without its source. A function of QuickJS keeps the text that it was made from, and
//! the pages of a snapshot are looked at after every call: the fewer there are, the better.

use std::path::PathBuf;
use std::{env, fs};

use rquickjs::module::WriteOptions;
use rquickjs::{CatchResultExt, Context, Module, Runtime};

/// The parts, in the order in which they build on each other.
const PARTS: [&str; 19] = [
    "natives",
    "bson",
    "ejson",
    "errors",
    "console",
    "timers",
    "cursor",
    "collection",
    "mongo",
    "url",
    "web",
    "http",
    "fetch",
    "xhr",
    "utils",
    "context",
    "modules",
    "response",
    "functions",
];

fn main() {
    println!("cargo::rerun-if-changed=src/prelude");
    // The part of the stack that is in memory: with less, it would end before the sandbox's own.
    if env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|architecture| architecture == "wasm32") {
        println!("cargo::rustc-link-arg=-zstack-size=2097152");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let runtime = Runtime::new().expect("a runtime");
    let context = Context::full(&runtime).expect("a context");
    let mut list = String::from("[\n");
    context.with(|ctx| {
        for part in PARTS {
            let file = format!("src/prelude/{part}.js");
            let source = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
            let source = format!("export default {source}");
            let module = Module::declare(ctx.clone(), format!("usher:{part}.js"), source).catch(&ctx);
            let module = module.unwrap_or_else(|error| panic!("{file}: {error}"));
            let options = WriteOptions { strip_source: true, ..WriteOptions::default() };
            let bytecode = module.write(options).unwrap_or_else(|error| panic!("{file}: {error}"));
            fs::write(out.join(part), bytecode).expect("OUT_DIR can be written");
            list.push_str(&format!("    include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{part}\")),\n"));
        }
    });
    list.push(']');
    fs::write(out.join("prelude.rs"), list).expect("OUT_DIR can be written");
}
