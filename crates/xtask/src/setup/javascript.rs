//! What `usher` embeds for JavaScript: the engine, compiled to a component, and Node's own modules.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::programs::WASM;
use super::{node, programs};
use crate::progress;
use crate::workspace::{foreign_cargo, on_path, output, root};

/// The workspace of the engine.
const ENGINE: &str = "crates/js/engine";
/// Node's own modules, made of packages of npm.
const BUILTINS: &str = "crates/js/builtins";
/// The clang that Debian has for WASI, and what comes with it.
const DEBIAN: [&str; 5] = ["clang-19", "lld-19", "llvm", "wasi-libc", "libclang-rt-19-dev-wasm32"];
/// The clangs that will do, the one that the engine is tested with first.
const CLANGS: [&str; 9] =
    ["clang-19", "clang-20", "clang-21", "clang-22", "clang-23", "clang-18", "clang-17", "clang-16", "clang"];
/// The oldest of them.
const OLDEST: u32 = 16;
/// Where distributions put the headers of WASI's C library.
const HEADERS: [&str; 3] =
    ["/usr/include/wasm32-wasi", "/usr/share/wasi-sysroot/include/wasm32-wasi", "/usr/share/wasi-sysroot/include"];

/// Makes all of it; cargo and npm see for themselves what is up to date.
pub(crate) fn ensure() -> Result<()> {
    programs::wasm_target()?;
    engine()?;
    builtins()
}

/// What C is compiled with for WASI.
struct Compiler {
    clang: &'static str,
    archiver: &'static str,
    headers: &'static str,
}

fn engine() -> Result<()> {
    let compiler = match compiler() {
        Some(compiler) => compiler,
        None => {
            install()?;
            compiler().context("clang is installed now, but it cannot compile for wasm32 yet")?
        }
    };
    let mut build = foreign_cargo();
    build.current_dir(root().join(ENGINE));
    build.args(["build", "--release", "--target", WASM, "--target-dir"]).arg(root().join("target/js-engine"));
    // Otherwise QuickJS's build downloads a compiler.
    build.env("RQUICKJS_SYS_NO_WASI_SDK", "1");
    build.env("CC_wasm32_wasip2", compiler.clang).env("AR_wasm32_wasip2", compiler.archiver);
    build.env("CFLAGS_wasm32_wasip2", format!("-isystem {}", compiler.headers));
    progress::run("Building the JavaScript engine", &mut build).context("the JavaScript engine does not build")
}

/// The engine's own tests, which run it on this machine: Node says what its `crypto` should answer.
pub(crate) fn tests() -> Result<()> {
    let mut test = foreign_cargo();
    test.current_dir(root().join(ENGINE));
    test.args(["test", "--quiet", "--target-dir"]).arg(root().join("target/js-engine"));
    progress::run("Testing the JavaScript engine", &mut test).context("the tests of the JavaScript engine fail")
}

fn compiler() -> Option<Compiler> {
    let clang = CLANGS.into_iter().find(|clang| compiles_for_wasm(clang))?;
    let archiver = ["llvm-ar", "llvm-ar-19"].into_iter().find(|archiver| on_path(archiver).is_some())?;
    let headers = HEADERS.into_iter().find(|headers| Path::new(headers).join("stdio.h").is_file())?;
    Some(Compiler { clang, archiver, headers })
}

fn compiles_for_wasm(clang: &str) -> bool {
    let version = output(clang, &["-dumpversion"]).unwrap_or_default();
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    major.is_some_and(|major| major >= OLDEST)
        && output(clang, &["--print-targets"]).is_some_and(|targets| targets.contains("wasm32"))
}

/// Installs the compiler where that is possible.
fn install() -> Result<()> {
    let names = DEBIAN.join(" ");
    if !programs::can_install() {
        bail!(
            "the JavaScript engine is C, compiled with clang {OLDEST} or newer that knows wasm32, llvm-ar and WASI's C \
             library. Debian, Ubuntu: `sudo apt-get install {names}`; Fedora: `sudo dnf install clang lld llvm \
             wasi-libc-devel compiler-rt`. A component that is built elsewhere can be named in USHER_JS_ENGINE when \
             Usher is built"
        );
    }
    programs::install(&DEBIAN)
}

fn builtins() -> Result<()> {
    node::present(node::FOR_CLIENT)?;
    node::packages(&[BUILTINS])?;
    let mut build = Command::new("node");
    build.arg(root().join(BUILTINS).join("build.mjs")).arg(root().join("target/js-builtins"));
    progress::run("Bundling Node's own modules for the engine", &mut build)
        .context("the modules in crates/js/builtins cannot be bundled")
}
