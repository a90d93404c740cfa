//! The arrows of ARCHITECTURE.md hold: no crate imports a room that its own may not know, nor a library that is
//! another room's business; and no arrow stands there that nobody needs.

mod repository;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use repository::{root, table};
use serde_json::Value;

struct Crate {
    room: String,
    dependencies: Vec<String>,
}

/// The crates of the workspace with all their direct dependencies: ordinary, for build scripts and for tests.
fn crates() -> Vec<Crate> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let text = |value: &Value| value.as_str().expect("a string").to_owned();
    let mut crates: Vec<Crate> = Vec::new();
    for package in packages {
        let own = room(&text(&package["name"]));
        crates.push(Crate { room: own.clone(), dependencies: Vec::new() });
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            // What only tests need is the tests' business, in whichever crate they stand.
            let importer = if dependency["kind"] == "dev" { "tests" } else { &own };
            if !crates.iter().any(|it| it.room == importer) {
                crates.push(Crate { room: importer.to_owned(), dependencies: Vec::new() });
            }
            let importer = crates.iter_mut().find(|it| it.room == importer).expect("it was just added");
            importer.dependencies.push(text(&dependency["name"]));
        }
    }
    crates
}

/// The room that a package is: `usher` is the runtime, `usher-gateway` the gateway.
fn room(package: &str) -> String {
    match package {
        "usher" => "runtime".to_owned(),
        other => other.strip_prefix("usher-").unwrap_or(other).to_owned(),
    }
}

#[test]
fn every_crate_is_on_the_map() {
    let mapped: BTreeSet<String> = table("arrows").into_keys().collect();
    let present: BTreeSet<String> = crates().into_iter().map(|it| it.room).collect();
    assert_eq!(mapped, present, "left: rooms in ARCHITECTURE.md, right: crates of the workspace");
}

#[test]
fn crates_import_along_the_arrows() {
    let arrows = table("arrows");
    let mut imports: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for Crate { room: importer, dependencies } in crates() {
        let rooms = dependencies.iter().map(|name| room(name)).filter(|name| arrows.contains_key(name));
        imports.entry(importer).or_default().extend(rooms);
    }
    let mut wrong = Vec::new();
    for (importer, allowed) in &arrows {
        if allowed == &["*"] {
            continue;
        }
        let imported = &imports[importer];
        let against = imported.iter().filter(|it| *it != importer && !allowed.contains(it));
        wrong.extend(against.map(|it| format!("{importer} -> {it} is against the arrows")));
        let unused = allowed.iter().filter(|it| !imported.contains(it));
        wrong.extend(unused.map(|it| format!("{importer} -> {it} is an arrow that nobody needs")));
    }
    assert!(wrong.is_empty(), "ARCHITECTURE.md and the crates differ: {wrong:#?}");
}

#[test]
fn arrows_point_downward_only() {
    let arrows = table("arrows");
    // Take away, again and again, the rooms that import none of those left. What never goes is a circle.
    let mut left: BTreeSet<&str> = arrows.keys().map(String::as_str).collect();
    loop {
        let leaves: Vec<&str> = left
            .iter()
            .copied()
            .filter(|room| arrows[*room].iter().all(|to| to == "*" || !left.contains(to.as_str())))
            .collect();
        if leaves.is_empty() {
            break;
        }
        left.retain(|room| !leaves.contains(room));
    }
    assert!(left.is_empty(), "the arrows of ARCHITECTURE.md go in circles: {left:?}");
}

#[test]
fn libraries_stay_in_their_rooms() {
    let crates = crates();
    let mut wrong = Vec::new();
    for (library, rooms) in table("libraries") {
        let family = format!("{library}-");
        let is_it = |name: &String| *name == library || name.starts_with(&family);
        let users: BTreeSet<&String> =
            crates.iter().filter(|it| it.dependencies.iter().any(is_it)).map(|it| &it.room).collect();
        let listed: BTreeSet<&String> = rooms.iter().collect();
        if users != listed {
            wrong.push(format!("{library} is for {listed:?}, and used by {users:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
