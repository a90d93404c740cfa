//! JavaScript functions: which files are functions, and who may call them.

mod common;

use common::{BASE, directory, load_both, write};
use usher_app::{Loaded, Source, load};

/// [`BASE`] with more files, and the notices as text.
#[allow(clippy::unwrap_used, reason = "a test")]
fn loaded(files: common::Files<'_>) -> (Loaded, Vec<String>) {
    let all: Vec<_> = BASE.iter().chain(files).copied().collect();
    let loaded = load_both(&all).unwrap();
    let notices = loaded.notices.iter().map(ToString::to_string).collect();
    (loaded, notices)
}

#[test]
fn scripts_are_functions_with_slashes_in_their_names() {
    let files = directory(BASE);
    write(
        files.path(),
        &[
            (
                "functions/config.json",
                r#"[{"name": "hello"}, {"name": "utils/math/add", "private": true, "run_as_system": true}]"#,
            ),
            ("functions/utils/math/add.js", "exports = (a, b) => a + b;"),
        ],
    );
    let loaded = load(files.path()).unwrap();
    let add = &loaded.app.functions["utils/math/add"];
    assert!(add.private && add.run_as_system);
    assert_eq!(add.source, Source::JavaScript(files.path().join("functions/utils/math/add.js")));
    assert_eq!(loaded.notices, []);
}

#[test]
fn a_script_without_an_entry_is_a_function_if_it_exports_something() {
    let (loaded, notices) = loaded(&[
        ("functions/plain.js", "exports = function () { return 1; };"),
        ("functions/guarded.js", "if (typeof module !== 'undefined') { module.exports = f }"),
        ("functions/module.js", "export default async () => 1;"),
        ("functions/setup.js", "exported = 1; const exportsAll = 2;"),
        ("functions/empty.js", ""),
        ("functions/add.test.js", "exports = 1"),
        ("functions/two words/a.js", "exports = 1"),
    ]);
    assert_eq!(loaded.app.functions.keys().collect::<Vec<_>>(), ["guarded", "hello", "module", "plain"]);
    let wanted = [
        "functions/add.test.js: is not a function, since \"add.test\" cannot name one",
        "functions/empty.js: is not a function, since it exports nothing",
        "functions/guarded.js: has no entry in functions/config.json, so it runs with the defaults",
        "functions/module.js: has no entry",
        "functions/plain.js: has no entry",
        "functions/setup.js: is not a function, since it exports nothing",
        "functions/two words/a.js: is not a function, since \"two words/a\" cannot name one",
    ];
    assert_eq!(notices.len(), wanted.len(), "{notices:#?}");
    for (notice, wanted) in notices.iter().zip(wanted) {
        assert!(notice.starts_with(wanted), "{notice}\nis not\n{wanted}");
    }
}

/// An entry says that it is meant to be one: the mistake is told when the script is evaluated.
#[test]
fn a_script_with_an_entry_is_a_function_whatever_it_holds() {
    let entry = ("functions/config.json", r#"[{"name": "hello"}, {"name": "setup"}]"#);
    let (loaded, notices) = loaded(&[entry, ("functions/setup.js", "const a = 1;")]);
    assert!(loaded.app.functions.contains_key("setup"));
    assert_eq!(notices, [""; 0]);
}

#[test]
fn what_else_lies_among_functions_is_told_where_it_may_be_missed() {
    let (loaded, notices) = loaded(&[
        ("functions/typed.ts", "export default 1"),
        ("functions/usher.d.ts", "declare const context: any;"),
        ("functions/modern.mjs", "export default 1"),
        ("functions/package.json", "{}"),
        ("functions/README.md", "no JSON, no script"),
        ("functions/node_modules/a/index.js", "module.exports = 1"),
        ("functions/.eslintrc.js", "module.exports = {}"),
    ]);
    assert_eq!(loaded.app.functions.len(), 1);
    assert_eq!(notices.len(), 2, "{notices:#?}");
    assert!(notices[0].starts_with("functions/modern.mjs: not run by Usher: this file, because only files .js"));
    assert!(notices[1].starts_with("functions/typed.ts: not run by Usher: TypeScript, because"));
}

#[test]
fn an_app_directory_may_be_the_root_of_a_node_project() {
    let (loaded, notices) = loaded(&[
        ("package.json", "{\"name\": \"site\"}"),
        ("package-lock.json", "{}"),
        ("config.json", "{\"port\": 8080}"),
        ("stitch.json", "not ours"),
        ("tsconfig.json", "{ // comments\n}"),
        ("src/index.js", "import React from 'react';"),
        ("services/api.js", "export const get = 1;"),
        ("services/mail/index.js", "export const send = 1;"),
        ("auth/index.js", ""),
        ("environments/environment.ts", ""),
        ("node_modules/react/package.json", "{}"),
        (".github/workflows/ci.yml", ""),
    ]);
    assert_eq!((loaded.app.id.as_str(), loaded.app.functions.len()), ("shop", 1));
    assert_eq!(notices, [""; 0]);
}
