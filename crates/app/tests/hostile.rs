//! Directories made to mislead: links that lead out, files too large, arbitrary bytes.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use common::{BASE, directory, load_both};
use proptest::prelude::*;
use usher_app::{Source, load, load_files};
use usher_contract::limits;

/// The mistakes of [`BASE`] after `change`, as text.
#[allow(clippy::unwrap_used, reason = "a test")]
fn mistakes(change: impl FnOnce(&std::path::Path)) -> Vec<String> {
    let files = directory(BASE);
    change(files.path());
    load(files.path()).unwrap_err().0.iter().map(ToString::to_string).collect()
}

#[test]
fn links_that_leave_the_app_are_refused() {
    let outside =
        directory(&[("secret.json", "{\"name\": \"stolen\"}"), ("more/a.wasm", ""), ("more/Cargo.toml", "[package]")]);
    let target = |name: &str| outside.path().join(name);
    let leads_out = |path: &str| format!("{path}: a symbolic link leads out of the app directory");

    let found = mistakes(|app| {
        fs::remove_file(app.join("realm_config.json")).unwrap();
        symlink(target("secret.json"), app.join("realm_config.json")).unwrap();
    });
    assert_eq!(found, [leads_out("realm_config.json")]);
    let found = mistakes(|app| symlink(target("more/a.wasm"), app.join("functions/a.wasm")).unwrap());
    assert_eq!(found, [leads_out("functions/a.wasm")]);
    let found = mistakes(|app| symlink(target("more"), app.join("functions/more")).unwrap());
    assert_eq!(found, [leads_out("functions/more")]);
    let found = mistakes(|app| symlink(outside.path(), app.join("values")).unwrap());
    assert_eq!(found, [leads_out("values")]);
}

#[test]
fn links_that_lead_nowhere_or_in_circles_are_refused() {
    let found = mistakes(|app| symlink("gone", app.join("functions/a.wasm")).unwrap());
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("functions/a.wasm: a symbolic link that leads nowhere"), "{found:?}");
    let found = mistakes(|app| symlink(".", app.join("functions/again")).unwrap());
    assert_eq!(found, ["functions/again: a symbolic link to a folder of functions is not followed"]);
    let found = mistakes(|app| symlink("itself", app.join("functions/itself")).unwrap());
    assert!(found[0].starts_with("functions/itself: a symbolic link that leads nowhere"), "{found:?}");
}

#[test]
fn links_inside_the_app_are_followed() {
    let files = directory(BASE);
    common::write(
        files.path(),
        &[("src/a.wasm", ""), ("src/lib/Cargo.toml", "[package]\n[lib]\ncrate-type = [\"cdylib\"]")],
    );
    symlink("../src/a.wasm", files.path().join("functions/a.wasm")).unwrap();
    symlink("../src/lib", files.path().join("functions/lib")).unwrap();
    let app = load(files.path()).unwrap().app;
    assert_eq!(app.functions["a"].source, Source::Component(files.path().join("functions/a.wasm")));
    assert_eq!(app.functions["lib"].source, Source::Crate(files.path().join("functions/lib")));
}

#[test]
fn large_files_are_refused() {
    let found = mistakes(|app| {
        let file = fs::File::create(app.join("realm_config.json")).unwrap();
        file.set_len(limits::APP_FILE_BYTES as u64 + 1).unwrap();
        let component = fs::File::create(app.join("functions/hello.wasm")).unwrap();
        component.set_len(limits::COMPONENT_BYTES as u64 + 1).unwrap();
    });
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("functions/hello.wasm: is larger than the 67108864 bytes of a component"));
    assert!(found[1].starts_with("realm_config.json: is larger than the 4194304 bytes of a configuration file"));
}

#[test]
fn things_that_are_not_what_they_should_be_are_refused() {
    let found = mistakes(|app| {
        fs::create_dir(app.join("auth/custom_user_data.json")).unwrap();
        fs::write(app.join("triggers"), "").unwrap();
        fs::create_dir_all(app.join("functions").join("x".repeat(70))).unwrap();
    });
    assert_eq!(found.len(), 3, "{found:?}");
    assert_eq!(found[0], "auth/custom_user_data.json: is not a file");
    assert!(found[1].ends_with("no function below this folder could have a name of allowed length"));
    assert_eq!(found[2], "triggers: is a file where a directory belongs");
}

/// In memory they are refused as on disk; otherwise `realm_config.json/x` would pass for a root file that says nothing.
#[test]
fn files_and_directories_in_each_others_place_are_refused_in_memory_too() {
    let found = |files| load_both(files).unwrap_err().0.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(found(&[("realm_config.json/x", "")]), ["realm_config.json: is not a file"]);
    let root = ("realm_config.json", "{\"config_version\": 20210101, \"name\": \"shop\"}");
    assert_eq!(found(&[root, ("functions", "")]), ["functions: is a file where a directory belongs"]);

    let impossible: BTreeMap<PathBuf, Vec<u8>> =
        [root, ("realm_config.json/x", "")].map(|(path, content)| (path.into(), content.as_bytes().to_vec())).into();
    assert_eq!(
        load_files(&impossible).unwrap_err().to_string().lines().next(),
        Some("realm_config.json: is not a file")
    );
}

#[test]
fn paths_in_memory_that_lead_out_are_refused() {
    for path in ["../a", "/etc/passwd", "functions/../../a"] {
        let files = BTreeMap::from([(PathBuf::from(path), Vec::new())]);
        let mistakes = load_files(&files).unwrap_err().0;
        assert_eq!(mistakes[0].message, "leads out of the app directory");
    }
}

const PATHS: [&str; 24] = [
    "realm_config.json",
    "root_config.json",
    "stitch.json",
    "auth/providers.json",
    "auth/custom_user_data.json",
    "data_sources/a/config.json",
    "data_sources/a/default_rule.json",
    "functions/config.json",
    "functions/a/Cargo.toml",
    "functions/a.wasm",
    "triggers/a.json",
    "sync/config.json",
    "http_endpoints/config.json",
    "environments/a.json",
    "config.json",
    "auth_providers/anon-user.json",
    "functions/a/config.json",
    "functions/a/source.js",
    "functions/b.js",
    "services/a/config.json",
    "services/a/rules/d.c.json",
    "values/a.json",
    "secrets.json",
    "usher.json",
];

/// Text that looks like configuration, with keys that mean something in one file or another.
fn json() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "name",
        "hello",
        "budget",
        "grants",
        "account",
        "operations",
        "own",
        "database",
        "collection",
        "read",
        "private",
        "anon-user",
        "local-userpass",
        "config",
        "autoConfirm",
        "enabled",
        "mongodb-atlas",
        "type",
        "can_evaluate",
        "",
        "../x",
        "a/b",
        "$",
        "é\\u00e9",
        "\\ud800",
        "roles",
        "disabled",
        "state",
        "values",
        "memory_mib",
        "wall_clock_ms",
        "config_version",
        "custom_user_data_config",
        "value",
        "from_secret",
        "http",
        "origin",
        "https://a.b:1",
        "data_source",
        "functions",
        "*",
    ]);
    let text = word.prop_map(|word| format!("\"{word}\""));
    let number = prop_oneof![any::<i64>().prop_map(|n| n.to_string()), any::<f64>().prop_map(|n| n.to_string())];
    let leaf = prop_oneof![text.clone(), number, Just("true".into()), Just("false".into()), Just("null".into())];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        let field = (text.clone(), inner.clone()).prop_map(|(key, value)| format!("{key}:\n{value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec(field, 0..6).prop_map(|fields| format!("{{{}}}", fields.join(","))),
        ]
    })
}

fn content() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => json().prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..200),
        1 => r#"[\[\]{}",:/*'\\.0-9a-zA-Z \n\x0b\u{2028}\u{feff}+-]{0,60}"#.prop_map(String::into_bytes),
        1 => (json(), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(json, at, byte)| {
            let mut bytes = json.into_bytes();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            bytes
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_files_never_panic(files in prop::collection::btree_map(prop::sample::select(&PATHS[..]), content(), 0..8)) {
        let files: BTreeMap<PathBuf, Vec<u8>> = files.into_iter().map(|(path, content)| (path.into(), content)).collect();
        if let Err(mistakes) = load_files(&files) {
            prop_assert!(!mistakes.0.is_empty());
            for mistake in mistakes.0 {
                prop_assert!(!mistake.message.is_empty() && !mistake.help.is_empty());
                if let Some(line) = mistake.line {
                    let content = files.get(&mistake.file).expect("a line is of a file");
                    let lines = 1 + content.iter().filter(|byte| **byte == b'\n').count();
                    prop_assert!((1..=lines).contains(&line), "{mistake} of {lines} lines");
                }
            }
        }
    }
}

#[test]
fn deep_nesting_is_a_mistake() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        let files = BTreeMap::from([(PathBuf::from("realm_config.json"), deep.into_bytes())]);
        let mistakes = load_files(&files).unwrap_err().0;
        assert!(mistakes[0].message.contains("nesting depth exceeded"), "{}", mistakes[0]);
    }
}
