//! From a directory of JavaScript to calls: what is refused, what is swapped, what is kept apart.

use std::path::Path;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::javascript_app::{app, int, system};
use crate::support::{AppDirectory, Client, Usher, guest, program, repository};

/// `usher build` of an app that is refused; gives what it printed.
fn refusal(app: &Path) -> String {
    let data = tempfile::tempdir().unwrap();
    let output = program().arg("build").arg(app).arg("--data").arg(data.path()).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "deployed: {text}");
    text
}

async fn value(client: &Client, token: &str, function: &str, arguments: Value) -> Value {
    let reply = client.call(token, function, arguments).await;
    assert_eq!(reply.status, StatusCode::OK, "{function}: {reply:?}");
    reply.body
}

#[test]
fn every_source_that_cannot_run_is_named_with_its_place() {
    let text = refusal(&repository("tests/javascript/broken"));
    for place in [
        "functions/syntax.js:2:21: ",
        "functions/missing.js:1:24: there is no file \"./no_such_helper\"",
        "functions/impossible.js:2:28: \"child_process\" cannot work in a sandbox: it starts programs",
    ] {
        assert!(text.contains(place), "{place:?} is not in:\n{text}");
    }
    assert!(!text.contains("whole.js"), "{text}");
}

#[test]
fn every_top_level_that_fails_is_named_with_its_place() {
    let source = |name: &str| {
        std::fs::read_to_string(repository(&format!("tests/javascript/broken/functions/{name}.js"))).unwrap()
    };
    let (throws, calls_nothing) = (source("throws"), source("deep/calls_nothing"));
    let app = app(
        "top-levels",
        &[
            ("throws", &throws, json!({})),
            ("deep/calls_nothing", &calls_nothing, json!({})),
            ("whole", "exports = () => 'I am well';", json!({})),
            ("nothing", "exports = 7;", json!({})),
        ],
    );
    let text = refusal(app.path());
    for place in [
        "function \"throws\": functions/throws.js:4:28: RangeError: the limit is below five",
        "function \"deep/calls_nothing\": functions/deep/calls_nothing.js:2:23: TypeError: 'mapp' is not a function",
    ] {
        assert!(text.contains(place), "{place:?} is not in:\n{text}");
    }
    assert!(!text.contains("whole.js"), "{text}");
}

#[test]
fn a_top_level_that_takes_all_memory_is_refused() {
    let app =
        app("greedy", &[("greedy", "const all = []; for (;;) all.push([1, 2, 3]); exports = () => 1;", json!({}))]);
    let text = refusal(app.path());
    assert!(text.contains("while the scripts were loaded: MemoryLimitExceeded"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dev_swaps_an_edit_in_and_keeps_what_ran_while_one_is_broken() {
    let app = app("dev-js", &[("greet", "exports = (name) => `Hello, ${name}`;", json!({}))]);
    let usher = Usher::dev(app.path());
    let client = usher.client("dev-js");
    let token = client.token().await;
    assert_eq!(value(&client, &token, "greet", json!(["Ada"])).await, "Hello, Ada");

    app.write_text("functions/greet.js", "exports = (name) => {\n  return `Hello, ${name`;\n};\n");
    let log = usher.wait_for_log("goes on running");
    assert!(log.contains("functions/greet.js:2:"), "{log}");
    assert_eq!(value(&client, &token, "greet", json!(["Ada"])).await, "Hello, Ada");

    app.write_text(
        "functions/greet.js",
        "// A slip.\nconst greeting = [].first();\nexports = (name) => greeting + name;\n",
    );
    let log = usher.wait_for_log("functions/greet.js:2:21: TypeError: 'first' is not a function");
    assert_eq!(log.matches("swapped in").count(), 0, "{log}");
    assert_eq!(value(&client, &token, "greet", json!(["Ada"])).await, "Hello, Ada");

    app.write_text("functions/greet.js", "exports = (name) => `Good morning, ${name}`;");
    usher.wait_for_log("swapped in");
    assert_eq!(value(&client, &token, "greet", json!(["Ada"])).await, "Good morning, Ada");
}

/// Every file below a directory that holds this text, links followed.
fn holding(directory: &Path, text: &str, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            holding(&path, text, found);
            continue;
        }
        match std::fs::read(&path) {
            Ok(content) if content.windows(text.len()).any(|window| window == text.as_bytes()) => {
                found.push(path.display().to_string());
            }
            // The database removes files of its own while it runs.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            outcome => drop(outcome.unwrap()),
        }
    }
}

#[tokio::test]
async fn a_secret_is_in_no_file_no_log_and_no_error() {
    const SECRET: &str = "c0rrect-h0rse-battery-staple-9f3";
    let app = app(
        "secretive",
        &[
            // The top level reads it, and what the top level made is kept in the snapshot.
            ("length", "const key = context.values.get('key');\nexports = () => key.length;", json!({})),
            ("lazily", "exports = () => context.values.get('key').length;", json!({})),
            ("breaks", "exports = () => { const key = context.values.get('key'); key.no.such.thing(); };", json!({})),
            ("lists", "exports = () => Object.keys(context.values).concat(JSON.stringify(context.values));", json!({})),
        ],
    );
    app.write("values/key.json", &json!({ "name": "key", "value": "theKey", "from_secret": true }));
    let secrets = tempfile::tempdir().unwrap();
    let file = secrets.path().join("secrets.json");
    std::fs::write(&file, json!({ "theKey": SECRET }).to_string()).unwrap();
    let arguments = ["--secrets", file.to_str().unwrap(), "--log", "debug"];
    let usher = Usher::serve_with(&[app.path()], &arguments);
    let client = usher.client("secretive");
    let token = client.token().await;
    let length = int(i32::try_from(SECRET.len()).unwrap());
    assert_eq!(value(&client, &token, "length", json!([])).await, length);
    assert_eq!(value(&client, &token, "lazily", json!([])).await, length);
    let lists = value(&client, &token, "lists", json!([])).await;
    assert!(!lists.to_string().contains(SECRET), "{lists}");
    let broken = client.call(&token, "breaks", json!([])).await;
    broken.assert_error(400, "FunctionExecutionError", "Cannot access member 'such' of undefined");
    assert!(!broken.body.to_string().contains(SECRET), "{broken:?}");

    assert!(!usher.log().contains(SECRET), "{}", usher.log());
    let mut found = Vec::new();
    // The search works: what the functions are made of is found.
    holding(&usher.data(), "no.such.thing()", &mut found);
    assert!(!found.is_empty(), "no compiled code below {}", usher.data().display());
    found.clear();
    holding(&usher.data(), SECRET, &mut found);
    assert_eq!(found, Vec::<String>::new());
}

#[tokio::test]
async fn two_hundred_functions_some_with_slashes() {
    let sources: Vec<(String, String)> = (0..200)
        .map(|index| {
            let name = if index % 2 == 0 { format!("number{index}") } else { format!("group/of/number{index}") };
            let source = format!("const own = {index};\nexports = (add) => own + add;");
            (name, source)
        })
        .collect();
    let functions: Vec<_> = sources.iter().map(|(name, source)| (name.as_str(), source.as_str(), json!({}))).collect();
    let app = app("many", &functions);
    let mut usher = Usher::serve(&[app.path()]);
    usher.terminate();
    assert!(usher.wait());
    usher.restart();
    let client = usher.client("many");
    let token = client.token().await;
    for (name, sum) in [("number0", 1), ("group/of/number1", 2), ("number198", 199), ("group/of/number199", 200)] {
        assert_eq!(value(&client, &token, name, json!([int(1)])).await, int(sum), "{name}");
    }
    client.call(&token, "number1", json!([])).await.assert_error(404, "FunctionNotFound", "number1");
}

#[tokio::test]
async fn two_apps_of_one_host_share_nothing() {
    let source = "let calls = 0;\nexports = function () {\n  calls += 1;\n  leaked = (typeof leaked === 'undefined' ? 0 : leaked) + 1;\n  \
                  Object.prototype.seen = true;\n  return { calls, leaked, name: context.values.get('name'), app: context.app.id };\n};";
    let peek = "exports = () => [typeof leaked, ({}).seen === undefined, context.values.get('only') === undefined];";
    let functions = [("count", source, json!({})), ("peek", peek, json!({}))];
    let (one, two) = (app("one-js", &functions), app("two-js", &functions));
    one.write("values/name.json", &json!({ "name": "name", "value": "of one" }));
    two.write("values/name.json", &json!({ "name": "name", "value": "of two" }));
    one.write("values/only.json", &json!({ "name": "only", "value": 1 }));
    let usher = Usher::serve(&[one.path(), two.path()]);
    let (one, two) = (usher.client("one-js"), usher.client("two-js"));
    let (first, second) = (one.token().await, two.token().await);
    for (client, token, name, app) in [(&one, &first, "of one", "one-js"), (&two, &second, "of two", "two-js")] {
        for _ in 0..2 {
            let expected = json!({ "calls": int(1), "leaked": int(1), "name": name, "app": app });
            assert_eq!(value(client, token, "count", json!([])).await, expected);
        }
    }
    assert_eq!(value(&two, &second, "peek", json!([])).await, json!(["undefined", true, true]));
    two.call(&first, "peek", json!([])).await.assert_error(401, "InvalidSession", "invalid session");
}

#[tokio::test]
async fn components_and_scripts_of_one_app_call_each_other() {
    let app = AppDirectory::new("mixed");
    let script = |name: &str, source: &str| {
        app.write_text(&format!("functions/{name}.js"), source);
        json!({ "name": name })
    };
    let mut manifest = vec![
        script("ask", "exports = async () => (await context.functions.execute('who_am_i')).caller.id;"),
        script("there_and_back", "exports = () => context.functions.execute('calls_another', 'scripted');"),
        script(
            "scripted",
            "exports = () => ({ from: 'a script', long: BSON.Long.fromNumber(7), id: context.user.id });",
        ),
        script("fails", "exports = () => context.functions.execute('return_error');"),
        script(
            "catches",
            "exports = async () => { try { await context.functions.execute('return_error'); } catch (error) { return [error instanceof Error, error.code, error.message]; } };",
        ),
        script("nobody", "exports = () => context.functions.execute('nobody_at_all');"),
    ];
    for name in ["who_am_i", "calls_another", "return_error"] {
        std::fs::write(app.path().join(format!("functions/{name}.wasm")), guest("hostile")).unwrap();
        manifest.push(json!({ "name": name, "private": name == "return_error" }));
    }
    app.write("functions/config.json", &Value::Array(manifest));
    let usher = Usher::serve(&[app.path()]);
    let client = usher.client("mixed");
    let login = client.log_in_anonymously().await;
    let (id, token) = (login.text("user_id"), login.text("access_token"));

    assert_eq!(value(&client, token, "ask", json!([])).await, id);
    let scripted = json!({ "from": "a script", "long": { "$numberLong": "7" }, "id": id });
    assert_eq!(value(&client, token, "calls_another", json!(["scripted"])).await, scripted);
    assert_eq!(value(&client, token, "there_and_back", json!([])).await, scripted);
    let failed = client.call(token, "fails", json!([])).await;
    failed.assert_error(400, "FunctionExecutionError", "short and stout");
    let caught = value(&client, token, "catches", json!([])).await;
    assert_eq!((&caught[0], &caught[1]), (&json!(true), &json!("Teapot")), "{caught}");
    let nobody = client.call(token, "nobody", json!([])).await;
    nobody.assert_error(400, "FunctionExecutionError", "function not found: 'nobody_at_all'");
}

#[tokio::test]
async fn live_objects_pass_only_where_the_app_shares_instances() {
    let functions = [
        (
            "asks",
            "exports = function () {\n  const given = context.functions.execute('gives');\n  \
             return { sync: !(given instanceof Promise), find: typeof given.find, made: given.made instanceof Function };\n};",
            json!({}),
        ),
        (
            "reads",
            "exports = async function () {\n  const given = await context.functions.execute('gives');\n  return given.count({});\n};",
            json!({}),
        ),
        (
            "gives",
            "exports = () => {\n  const all = context.services.get('mongodb-atlas').db('e2e').collection('custom_data');\n  \
             all.made = () => 1;\n  return all;\n};",
            system(),
        ),
        (
            "own",
            "exports = () => context.services.get('mongodb-atlas').db('e2e').collection('custom_data').count({});",
            json!({}),
        ),
        (
            "write",
            "exports = () => context.services.get('mongodb-atlas').db('e2e').collection('custom_data').insertOne({ n: 1 });",
            json!({}),
        ),
    ];
    for shared in [false, true] {
        let app = app("sharing", &functions);
        app.write("usher.json", &json!({ "share_instance": shared }));
        let usher = Usher::serve(&[app.path()]);
        let client = usher.client("sharing");
        for _ in 0..2 {
            let token = client.token().await;
            value(&client, &token, "write", json!([])).await;
        }
        let token = client.token().await;
        let asked = client.call(&token, "asks", json!([])).await;
        let read = client.call(&token, "reads", json!([])).await;
        if shared {
            assert_eq!(asked.body, json!({ "sync": true, "find": "function", "made": true }));
            assert_eq!(read.body, int(2), "the handle is the system's");
        } else {
            assert_eq!(asked.body, json!({ "sync": false, "find": "undefined", "made": false }));
            read.assert_error(400, "FunctionExecutionError", "TypeError");
        }
        assert_eq!(value(&client, &token, "own", json!([])).await, int(0), "its own handle is still the caller's");
    }
}

#[tokio::test]
async fn budgets_hold_for_scripts_too() {
    let allocate = "exports = (mib) => new Uint8Array(mib * 1024 * 1024).fill(1).length;";
    let app = app(
        "budgets",
        &[
            ("usual", allocate, json!({})),
            ("small", allocate, json!({ "budget": { "memory_mib": 16 } })),
            ("large", allocate, json!({ "budget": { "memory_mib": 256 } })),
            ("quick", "exports = () => { for (;;); };", json!({ "budget": { "wall_clock_ms": 300 } })),
            (
                "calls_quick",
                "exports = () => context.functions.execute('quick');",
                json!({ "budget": { "wall_clock_ms": 20000 } }),
            ),
            ("calls_large", "exports = (mib) => context.functions.execute('large', mib);", json!({})),
        ],
    );
    let usher = Usher::serve(&[app.path()]);
    let client = usher.client("budgets");
    let token = client.token().await;
    let call = async |name: &str, mib: i32| client.call(&token, name, json!([int(mib)])).await;
    for (name, fits, fails) in [("usual", 40, 100), ("small", 6, 20), ("large", 200, 300)] {
        assert_eq!(call(name, fits).await.status, StatusCode::OK, "{name}");
        call(name, fails).await.assert_error(400, "FunctionExecutionError", "MemoryLimitExceeded");
    }
    call("quick", 0).await.assert_error(400, "ExecutionTimeLimitExceeded", "(300 ms)");
    // A function that is called by another has the budget that its own entry says.
    call("calls_quick", 0).await.assert_error(400, "ExecutionTimeLimitExceeded", "(300 ms)");
    assert_eq!(call("calls_large", 200).await.status, StatusCode::OK);
}
