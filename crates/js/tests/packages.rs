//! Packages of npm, bundled with the real esbuild; one test installs them with the real npm.

mod common;

use std::fs;
use std::fs::File;

use common::{Fixture, function, module};
use flate2::Compression;
use flate2::write::GzEncoder;

/// A package beside the functions, with one file.
fn package(app: &Fixture, name: &str, manifest: &str, source: &str) {
    app.write(&format!("functions/node_modules/{name}/package.json"), manifest);
    app.write(&format!("functions/node_modules/{name}/index.js"), source);
}

fn plain(name: &str) -> String {
    format!("{{ \"name\": {name:?}, \"version\": \"1.0.0\", \"main\": \"index.js\" }}")
}

#[test]
fn packages_become_one_script_of_thunks() {
    let mut app = Fixture::new(&[
        ("functions/f.js", "exports = (n) => require('twice')(n) + require('@scope/pair/lib/left').value;"),
        ("functions/g.js", "exports = () => { require('angry'); };"),
    ]);
    package(
        &app,
        "twice",
        &plain("twice"),
        "const { inspect } = require('util'); module.exports = (n) => Number(inspect(n * 2));",
    );
    package(&app, "@scope/pair", &plain("@scope/pair"), "");
    app.write(
        "functions/node_modules/@scope/pair/lib/left.js",
        "exports.value = process.env.NODE_ENV === 'production' ? 1 : 0;",
    );
    package(&app, "angry", &plain("angry"), "throw new Error('evaluated though nobody asked');");
    let scripts = app.scripts();
    let requires = &function(&scripts, "f")["requires"];
    assert_eq!(requires["twice"], "dependencies#twice");
    assert_eq!(requires["@scope/pair/lib/left"], "dependencies#@scope/pair/lib/left");
    assert_eq!(module(&scripts, "dependencies").unwrap()["requires"]["util"], "node:util");
    assert!(module(&scripts, "node:util").is_some());
    assert_eq!(app.run("f", "4"), "9");
}

#[test]
fn what_a_package_has_for_browsers_is_taken() {
    let mut app = Fixture::new(&[("functions/f.js", "exports = () => require('both').where + require('fields')();")]);
    let manifest = r#"{ "name": "both", "exports": { ".": { "browser": "./browser.js", "default": "./index.js" } } }"#;
    package(&app, "both", manifest, "require('http2'); exports.where = 'node';");
    app.write(
        "functions/node_modules/both/browser.js",
        "exports.where = typeof self === 'object' && typeof window === 'undefined' ? 'browser' : 'page';",
    );
    let manifest =
        r#"{ "name": "fields", "main": "index.js", "module": "module.mjs", "browser": { "./node.js": "./web.js" } }"#;
    package(&app, "fields", manifest, "module.exports = () => require('./node.js');");
    app.write("functions/node_modules/fields/module.mjs", "export default 1;");
    app.write("functions/node_modules/fields/node.js", "module.exports = ' node';");
    app.write("functions/node_modules/fields/web.js", "module.exports = ' web';");
    assert_eq!(app.run("f", "0"), "\"browser web\"");
}

#[test]
fn a_package_that_cannot_work_is_refused_by_the_way_it_comes_in() {
    let mut app = Fixture::new(&[
        ("functions/mail.js", "exports = () => {\n  return require('mailer').send();\n};"),
        ("functions/fine.js", "exports = () => require('fine');"),
    ]);
    package(&app, "mailer", &plain("mailer"), "const wire = require('wire'); exports.send = () => wire;");
    package(&app, "wire", &plain("wire"), "const net = require('net'); module.exports = net.Socket;");
    package(&app, "fine", &plain("fine"), "module.exports = 1;");
    let errors = app.errors();
    assert_eq!(errors.len(), 1, "{errors:#?}");
    assert!(
        errors[0].starts_with("functions/mail.js:2:18: the package \"mailer\" needs Node's \"net\""),
        "{errors:#?}"
    );
    assert!(errors[0].contains("mailer/index.js → wire/index.js → net"), "{errors:#?}");
}

#[test]
fn a_package_that_can_do_without_is_taken() {
    let mut app = Fixture::new(&[("functions/f.js", "exports = () => require('careful')();")]);
    package(
        &app,
        "careful",
        r#"{ "name": "careful", "browser": { "tls": false } }"#,
        "let threads; try { threads = require('worker_threads'); } catch (error) { threads = error.code; }
         let native; try { native = require('not-there'); } catch (error) { native = error.code; }
         const tls = require('tls');
         function later() { return require('child_process').exec('ls'); }
         function never() { return require('not-there-either'); }
         let compiled; try { compiled = require('./lib/native'); } catch (error) { compiled = error.code; }
         const agent = require('https-proxy-agent');
         module.exports = () => {
           let used; try { later(); } catch (error) { used = error.message; }
           let proxied; try { agent.connect(); } catch (error) { proxied = error.message; }
           return [threads, native, used, proxied, typeof tls, typeof never, compiled];
         };",
    );
    package(
        &app,
        "https-proxy-agent",
        &plain("https-proxy-agent"),
        "const net = require('net'); exports.connect = () => net.connect(1);",
    );
    app.write("functions/node_modules/careful/lib/native.js", "module.exports = require('../build/Release/native');");
    let result = app.run("f", "0");
    let expected = "[\"MODULE_NOT_FOUND\",\"MODULE_NOT_FOUND\",\"Node's \\\"child_process\\\" cannot work in a sandbox";
    assert!(result.starts_with(expected), "{result}");
    assert!(result.contains("Node's \\\"net\\\" cannot work in a sandbox"), "{result}");
    assert!(result.ends_with("\"function\",\"function\",\"MODULE_NOT_FOUND\"]"), "{result}");
}

#[test]
fn functions_and_files_with_import_are_turned_into_scripts() {
    let mut app = Fixture::new(&[
        (
            "functions/main.js",
            "import twice from 'twice';\nimport { three } from './lib/numbers.js';\nimport path from 'node:path';\n\nexport default async function main(n) {\n  return twice(n) + three + path.sep;\n}\n",
        ),
        ("functions/lib/numbers.js", "import helper from '../helper';\nexport const three = helper();\n"),
        ("functions/helper.js", "module.exports = () => 3;"),
    ]);
    package(
        &app,
        "twice",
        r#"{ "name": "twice", "type": "module", "exports": "./index.js" }"#,
        "export default (n) => n * 2;",
    );
    let scripts = app.scripts();
    let source = function(&scripts, "main")["source"].as_str().unwrap();
    assert!(!source.contains("export default"), "{source}");
    assert_eq!(app.run("main", "4"), "\"11/\"");
}

#[test]
fn a_syntax_error_in_a_module_has_its_place() {
    let mut app = Fixture::new(&[("functions/f.js", "import a from 'a';\nexport default (;")]);
    let errors = app.errors();
    assert!(errors[0].starts_with("functions/f.js:2:17: "), "{errors:#?}");
}

#[test]
fn packages_that_are_not_there_are_named_with_their_askers() {
    let mut app = Fixture::new(&[
        ("functions/f.js", "exports = () => require('nowhere');"),
        ("functions/g.js", "exports = () => require('f');"),
        ("functions/h.js", "exports = () => require('broken');"),
    ]);
    let errors = app.bundle().unwrap_err();
    assert_eq!(errors.len(), 3, "{errors:#?}");
    assert!(errors[0].to_string().starts_with("functions/f.js:1:25: there is no package \"nowhere\""));
    assert!(errors[0].help.contains("functions/package.json"), "{}", errors[0].help);
    assert!(errors[1].help.contains("\"./f\""), "{}", errors[1].help);
    package(&app, "broken", &plain("broken"), "\nrequire('its-own-dependency');");
    app.write("functions/f.js", "exports = 1;");
    app.write("functions/g.js", "exports = 1;");
    let errors = app.errors();
    assert!(errors[0].starts_with("broken/index.js:2:9: Could not resolve \"its-own-dependency\""), "{errors:#?}");
}

#[test]
fn packages_that_may_follow_fail_when_they_are_used() {
    let mut app = Fixture::new(&[
        ("functions/f.js", "const nowhere = require('nowhere');\nexports = (use) => (use ? nowhere.x : 'loaded');"),
        ("functions/g.js", "exports = () => { try { require('nowhere'); } catch { return 'prepared'; } };"),
    ]);
    app.packages_may_follow = true;
    assert_eq!(app.run("f", "false"), "\"loaded\"");
    let [told] = app.told.as_slice() else { panic!("{:#?}", app.told) };
    assert!(told.starts_with("functions/f.js:1:25: there is no package \"nowhere\""), "{told}");
    assert!(app.fails("f", "true").contains("Cannot find module 'nowhere'"));
}

#[test]
fn archives_of_packages_are_unpacked_once() {
    let mut app = Fixture::new(&[("functions/f.js", "exports = () => require('packed');")]);
    let gzip =
        GzEncoder::new(File::create(app.path().join("functions/node_modules.tar.gz")).unwrap(), Compression::fast());
    let mut builder = tar::Builder::new(gzip);
    // Never the archive of an earlier run.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    let source = format!("module.exports = 'unpacked'; // {now}");
    for (path, text) in [("package.json", plain("packed")), ("index.js", source)] {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, format!("node_modules/packed/{path}"), text.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap();
    assert_eq!(app.run("f", "0"), "\"unpacked\"");
    assert!(app.told.iter().any(|line| line.contains("unpacking")), "{:#?}", app.told);
    app.told.clear();
    app.scripts();
    assert!(!app.told.iter().any(|line| line.contains("unpacking")), "{:#?}", app.told);
}

#[test]
fn the_packages_of_package_json_are_installed_once() {
    let mut app = Fixture::new(&[
        ("functions/package.json", r#"{ "dependencies": { "axios": "1.3.6", "ms": "2.1.3" } }"#),
        (
            "functions/f.js",
            "exports = async (url) => {
               const axios = require('axios');
               const { data, status } = await axios.post(url, { a: require('ms')('1s') }, { adapter: undefined });
               return [status, data];
             };",
        ),
    ]);
    let scripts = app.scripts();
    let requires = module(&scripts, "dependencies").unwrap()["requires"].as_object().unwrap();
    assert!(!requires.contains_key("http"), "axios comes as for browsers: {requires:?}");
    app.told.clear();
    app.scripts();
    assert!(!app.told.iter().any(|line| line.contains("installing")), "{:#?}", app.told);
}

#[test]
fn without_npm_the_error_says_what_to_install() {
    let mut app = Fixture::new(&[
        ("functions/package.json", r#"{ "dependencies": { "ms": "2.1.3" } }"#),
        ("functions/f.js", "exports = () => require('ms');"),
    ]);
    // A process of its own: the environment belongs to all tests of this one.
    if std::env::var_os("USHER_TEST_WITHOUT_NPM").is_some() {
        let tools = tempfile::tempdir().unwrap();
        let errors = app.bundle_with(tools.path()).unwrap_err();
        assert!(errors[0].message.contains("npm, which was not found"), "{errors:#?}");
        assert!(errors[0].help.contains("apt-get install nodejs npm"), "{errors:#?}");
        fs::create_dir_all(app.path().join("functions/node_modules/ms")).unwrap();
        app.write("functions/node_modules/ms/index.js", "module.exports = 1;");
        let errors = app.bundle_with(tools.path()).unwrap_err();
        assert!(errors[0].message.contains("esbuild, which was not found"), "{errors:#?}");
        assert!(errors[0].help.contains("USHER_ESBUILD"), "{errors:#?}");
        return;
    }
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", "without_npm_the_error_says_what_to_install"]);
    let output = again.env("USHER_TEST_WITHOUT_NPM", "1").env("PATH", "").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}
