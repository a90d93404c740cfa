//! From app directories to the document of scripts, without packages.

mod common;

use common::{Fixture, function, module};
use serde_json::json;
use usher_js::authorities;

#[test]
fn an_app_without_javascript_has_no_scripts() {
    assert_eq!(Fixture::new(&[]).bundle().unwrap(), None);
}

#[test]
fn functions_are_taken_as_they_are() {
    let source = "// Adds.\nexports = (a, b) => a + b;\n";
    let mut app = Fixture::new(&[
        ("functions/config.json", r#"[{ "name": "utils/add", "private": true, "run_as_system": true }]"#),
        ("functions/utils/add.js", source),
    ]);
    let scripts = app.scripts();
    assert_eq!(scripts["share_instance"], false);
    let add = function(&scripts, "utils/add");
    assert_eq!(add["file"], "functions/utils/add.js");
    assert_eq!(add["source"], source);
    assert_eq!((&add["system"], &add["private"]), (&true.into(), &true.into()));
    assert_eq!(add["authority"], 0);
    assert_eq!((&scripts["data_sources"], &scripts["others"]), (&json!(["mongodb-atlas"]), &json!([])));
    assert!(scripts["modules"].as_array().unwrap().is_empty());
}

#[test]
fn local_files_data_and_other_functions_are_required() {
    let mut app = Fixture::new(&[
        (
            "functions/main.js",
            "exports = (n) => require('./lib/table.js')(n) + require('../shared') + require('./other')();",
        ),
        ("functions/other.js", "exports = () => 1000;"),
        ("functions/lib/table.js", "const { rows } = require('./rows'); module.exports = (n) => rows[n];"),
        ("functions/lib/rows.json", r#"{ "rows": [10, 20] }"#),
        ("shared/index.js", "module.exports = 100;"),
    ]);
    let scripts = app.scripts();
    let expected = json!({
        "../shared": "shared/index.js",
        "./lib/table.js": "functions/lib/table.js",
        "./other": "functions/other.js",
    });
    assert_eq!(function(&scripts, "main")["requires"], expected);
    assert_eq!(module(&scripts, "functions/lib/rows.json").unwrap()["kind"], "json");
    assert_eq!(app.run("main", "1"), "1120");
}

#[test]
fn files_that_require_each_other_end() {
    let mut app = Fixture::new(&[
        ("functions/a.js", "exports = () => require('./lib/b').name;"),
        ("functions/lib/b.js", "exports.name = 'b'; exports.c = require('./c');"),
        ("functions/lib/c.js", "exports.b = require('./b');"),
    ]);
    assert_eq!(app.run("a", "0"), "\"b\"");
}

#[test]
fn every_mistake_is_told_at_once_with_its_place() {
    let mut app = Fixture::new(&[
        ("functions/broken.js", "exports = function () {\n  return 1 +;\n};"),
        ("functions/lost.js", "exports = () => {\n  require('./nowhere');\n  require('../../etc/passwd');\n};"),
        ("functions/spawner.js", "exports = () => require('child_process').exec('ls');"),
        ("functions/through.js", "exports = () => require('./lib/bad');"),
        ("functions/lib/bad.js", "exports.a = require('node:net');"),
        ("functions/typed.js", "exports = () => require('./data.json');"),
        ("functions/data.json", "{\n  broken"),
    ]);
    let errors = app.errors();
    let begins = |beginning: &str| errors.iter().any(|error| error.starts_with(beginning));
    assert!(begins("functions/broken.js:2:13: "), "{errors:#?}");
    assert!(begins("functions/lost.js:2:11: there is no file \"./nowhere\""), "{errors:#?}");
    assert!(begins("functions/lost.js:3:11: there is no file"), "{errors:#?}");
    assert!(begins("functions/spawner.js:1:25: \"child_process\" cannot work in a sandbox"), "{errors:#?}");
    assert!(begins("functions/lib/bad.js:1:21: \"node:net\" cannot work in a sandbox"), "{errors:#?}");
    assert!(begins("functions/data.json:2:3: not JSON"), "{errors:#?}");
    assert_eq!(errors.len(), 6, "{errors:#?}");
    let named = app.bundle().unwrap_err();
    assert_eq!(named.iter().filter(|error| error.function.is_some()).count(), 5);
    assert!(named.iter().all(|error| !error.help.is_empty()));
}

#[test]
fn what_a_source_is_prepared_to_miss_is_no_mistake() {
    let mut app = Fixture::new(&[(
        "functions/f.js",
        "let optional; try { optional = require('./nowhere'); require('net'); require('not-installed'); } catch (e) {}\n\
         if (typeof module !== 'undefined' && process.env.TEST) { require('jest'); }\n\
         exports = () => typeof optional;",
    )]);
    assert_eq!(app.run("f", "0"), "\"undefined\"");
    assert_eq!(app.told.iter().filter(|line| line.contains("functions/f.js:")).count(), 4, "{:#?}", app.told);
}

#[test]
fn built_ins_come_with_those_they_require() {
    let mut app = Fixture::new(&[(
        "functions/f.js",
        "exports = (text) => require('node:querystring').stringify({ a: [text, 2] }) + require('path').join('/a', '../b');",
    )]);
    let scripts = app.scripts();
    assert!(module(&scripts, "node:querystring").is_some() && module(&scripts, "node:path").is_some());
    assert!(module(&scripts, "node:stream").is_none(), "only what is required");
    assert_eq!(app.run("f", "\"x y\""), "\"a=x%20y&a=2/b\"");
}

#[test]
fn buffer_is_there_where_it_is_named() {
    let mut app = Fixture::new(&[("functions/f.js", "exports = (text) => Buffer.from(text).toString('base64url');")]);
    assert!(module(&app.scripts(), "node:buffer").is_some());
    assert_eq!(app.run("f", "\"~~~?\""), "\"fn5-Pw\"");
    let mut without = Fixture::new(&[("functions/f.js", "exports = () => new ArrayBuffer(1).byteLength;")]);
    assert!(module(&without.scripts(), "node:buffer").is_none());
}

#[test]
fn functions_with_the_same_grants_share_a_number() {
    let app = Fixture::new(&[
        ("functions/a.js", "exports = () => 1;"),
        ("functions/b.js", "exports = () => 1;"),
        ("functions/c.js", "exports = () => 1;"),
        ("functions/config.json", r#"[{ "name": "a", "run_as_system": true }, { "name": "b" }, { "name": "c" }]"#),
        ("data_sources/mongodb-atlas/config.json", r#"{ "name": "mongodb-atlas", "type": "mongodb-atlas" }"#),
        ("usher.json", r#"{ "http": [{ "origin": "https://api.example.com", "functions": ["c"] }] }"#),
    ]);
    let app = usher_app::load(app.path()).unwrap().app;
    let numbers = authorities(&app);
    assert_eq!(numbers["a"], numbers["b"], "as whom a function runs is not part of it");
    assert_ne!(numbers["a"], numbers["c"]);
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_source() {
    let mut app = Fixture::new(&[("functions/f.js", "\u{feff}exports = () => 7;")]);
    assert_eq!(function(&app.scripts(), "f")["source"], "exports = () => 7;");
}

#[test]
fn scripts_that_stand_in_configuration_are_functions_too() {
    let source = "exports = () => require('./ids').owner;";
    let manifest = json!([{ "name": "main", "run_as_user_id_script_source": source }]).to_string();
    let mut app = Fixture::new(&[
        ("functions/config.json", manifest.as_str()),
        ("functions/main.js", "exports = () => 1;"),
        ("functions/ids.js", "module.exports = { owner: '5f' };"),
    ]);
    let scripts = app.scripts();
    let script = function(&scripts, "run_as/main");
    assert_eq!((&script["file"], &script["source"]), (&"functions/config.json".into(), &source.into()));
    assert_eq!((&script["system"], &script["private"]), (&true.into(), &true.into()));
    assert_eq!(app.run("run_as/main", "0"), "\"5f\"");
    assert_eq!(app.run("main", "0"), "1");
}

#[test]
fn a_mistake_in_a_script_of_configuration_names_its_file_and_function() {
    let manifest = json!([{ "name": "main", "run_as_user_id_script_source": "exports = () =>\n  1 +;" }]).to_string();
    let mut app =
        Fixture::new(&[("functions/config.json", manifest.as_str()), ("functions/main.js", "exports = () => 1;")]);
    let errors = app.bundle().unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!((errors[0].file.as_str(), errors[0].line), ("functions/config.json", 2));
    assert_eq!(errors[0].function.as_deref(), Some("run_as/main"));
}
