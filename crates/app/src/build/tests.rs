//! Builds with a real Cargo, and with scripts that stand in for one.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::*;

const MANIFEST: &str = "[package]\nname = \"same\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
                        [lib]\ncrate-type = [\"cdylib\"]\n[workspace]\n";

/// An app directory with the crates `(function, lib.rs)`.
fn app(crates: &[(&str, &str)]) -> (TempDir, App) {
    let directory = tempfile::tempdir().unwrap();
    let put = |path: String, content: &str| {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    };
    put("root_config.json".into(), "{\"name\": \"a\"}");
    for (name, code) in crates {
        put(format!("functions/{name}/Cargo.toml"), MANIFEST);
        put(format!("functions/{name}/src/lib.rs"), code);
    }
    let app = crate::load(directory.path()).unwrap().app;
    (directory, app)
}

/// A script in place of Cargo.
fn fake(directory: &TempDir, script: &str) -> std::ffi::OsString {
    let path = directory.path().join("cargo.sh");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.into()
}

#[test]
fn crates_of_one_name_become_a_component_each() {
    let one = "#[unsafe(no_mangle)] pub extern \"C\" fn one() -> i32 { 1 }";
    let two = "#[unsafe(no_mangle)] pub extern \"C\" fn two() -> i32 { 2 }";
    let (directory, app) = app(&[("one", one), ("deep/two", two)]);
    fs::write(directory.path().join("plain.wasm"), "").unwrap();
    let mut app = app;
    let mut plain = app.functions["one"].clone();
    plain.source = Source::Component(directory.path().join("plain.wasm"));
    app.functions.insert("plain".into(), plain);

    let target = directory.path().join("build");
    let mut told = Vec::new();
    let components = build(&app, &target, &mut |line| told.push(line.to_owned())).unwrap();
    assert_eq!(components.keys().collect::<Vec<_>>(), ["deep/two", "one", "plain"]);
    assert_eq!(components["plain"], directory.path().join("plain.wasm"));
    assert_eq!(components["deep/two"], target.join("usher/a/deep.two.wasm"));
    let (one, two) = (fs::read(&components["one"]).unwrap(), fs::read(&components["deep/two"]).unwrap());
    // The preamble of a component, as against that of a core module.
    assert!(one.starts_with(b"\0asm\x0d\0\x01\0") && two.starts_with(b"\0asm\x0d\0\x01\0"));
    assert!(one != two, "one function has the code of the other");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(text(&one).contains("\u{3}one") && text(&two).contains("\u{3}two"));
    assert!(told.contains(&"building the function one".to_owned()), "{told:?}");
    assert!(told.iter().any(|line| line.starts_with("Compiling same v0.1.0")), "{told:?}");
}

#[test]
fn members_of_a_workspace_share_what_they_have_in_common() {
    let code = "#[unsafe(no_mangle)] pub extern \"C\" fn one() -> i32 { shared::one() }";
    let (directory, app) = app(&[("one", code), ("two", code)]);
    let functions = directory.path().join("functions");
    let write = |path: &str, content: &str| {
        fs::create_dir_all(functions.join(path).parent().unwrap()).unwrap();
        fs::write(functions.join(path), content).unwrap();
    };
    let manifest = |name: &str, rest: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{rest}")
    };
    write("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"*\"]\n");
    write("shared/Cargo.toml", &manifest("shared", ""));
    write("shared/src/lib.rs", "pub fn one() -> i32 { 1 }");
    let member = "[lib]\ncrate-type = [\"cdylib\"]\n[dependencies]\nshared = { path = \"../shared\" }\n";
    write("one/Cargo.toml", &manifest("one", member));
    write("two/Cargo.toml", &manifest("two", member));

    let mut told = Vec::new();
    let target = directory.path().join("build");
    let components = build(&app, &target, &mut |line| told.push(line.to_owned())).unwrap();
    assert_eq!(components.len(), 2);
    let compiled = told.iter().filter(|line| line.starts_with("Compiling shared")).count();
    assert_eq!(compiled, 1, "{told:#?}");
}

#[test]
fn all_functions_that_do_not_compile_are_told_together() {
    let (directory, app) = app(&[("bad", "fn f() -> i32 { missing_one }"), ("good", ""), ("worse", "fn f( {")]);
    let error = build(&app, &directory.path().join("build"), &mut |_| ()).unwrap_err();
    let BuildError::Failed(failed) = &error else { panic!("{error}") };
    assert_eq!(failed.iter().map(|failed| failed.function.as_str()).collect::<Vec<_>>(), ["bad", "worse"]);
    assert!(failed[0].diagnostics.contains("cannot find value `missing_one`"), "{}", failed[0].diagnostics);
    assert!(failed[0].diagnostics.contains("src/lib.rs:1:17"), "{}", failed[0].diagnostics);
    assert!(!failed[0].diagnostics.contains("Compiling"), "{}", failed[0].diagnostics);
    assert!(error.to_string().contains("function \"worse\" was not built:\nerror"), "{error}");
}

#[test]
fn a_missing_cargo_is_told() {
    let (directory, app) = app(&[("one", "")]);
    let error = build_with(OsStr::new("/nowhere/cargo"), &app, directory.path(), &mut |_| ()).unwrap_err();
    assert!(matches!(error, BuildError::CargoMissing(_)));
    assert!(error.to_string().contains("https://rustup.rs"), "{error}");
}

#[test]
fn a_missing_target_is_told() {
    let (directory, app) = app(&[("one", "")]);
    let script = "echo \"error[E0463]: can't find crate for \\`core\\`\n  = note: the \\`wasm32-wasip2\\` target may not be \
                  installed\" >&2; exit 101";
    let error = build_with(&fake(&directory, script), &app, directory.path(), &mut |_| ()).unwrap_err();
    assert!(error.to_string().contains("rustup target add wasm32-wasip2"), "{error}");
}

#[test]
fn a_cargo_that_makes_nothing_is_told() {
    let (directory, app) = app(&[("one", "")]);
    for (script, wanted) in [("exit 0", "cargo made no component"), ("exit 3", "exit status: 3")] {
        let error = build_with(&fake(&directory, script), &app, directory.path(), &mut |_| ()).unwrap_err();
        assert!(error.to_string().contains(wanted), "{error}");
    }
}

#[test]
fn much_output_on_both_streams_does_not_block() {
    let (directory, app) = app(&[("one", "")]);
    let script = "i=0; while [ $i -lt 3000 ]; do echo '{\"reason\": \"noise, and a good deal of it\"}'; \
                  echo 'warning: noise, and a good deal of it' >&2; i=$((i+1)); done; exit 1";
    let error = build_with(&fake(&directory, script), &app, directory.path(), &mut |_| ()).unwrap_err();
    let BuildError::Failed(failed) = error else { panic!("{error}") };
    assert_eq!(failed[0].diagnostics.lines().count(), 3000);
}

#[test]
fn the_surroundings_do_not_reach_the_inner_build() {
    for name in
        ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_TARGET_DIR", "CARGO_BUILD_TARGET", "CARGO_BUILD_RUSTFLAGS"]
    {
        assert!(disturbs(OsStr::new(name)), "{name}");
    }
    for name in ["RUSTUP_TOOLCHAIN", "CARGO_HOME", "PATH", "CARGO_NET_OFFLINE"] {
        assert!(!disturbs(OsStr::new(name)), "{name}");
    }
}
