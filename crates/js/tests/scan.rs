//! What a scan finds, in the styles that people write.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use usher_contract::Operations;
use usher_js::{Scan, scan};

const NONE: Operations = Operations { read: false, insert: false, update: false, delete: false };

fn found(source: &str) -> Scan {
    scan("functions/f.js", source).unwrap()
}

/// Collections as `source/database/collection`, with `?` for what is not known.
fn collections(source: &str) -> Vec<String> {
    let part = |part: Option<String>| part.unwrap_or_else(|| "?".into());
    let uses = found(source).collections.into_iter();
    uses.map(|one| format!("{}/{}/{}", part(one.data_source), part(one.database), part(one.collection))).collect()
}

#[test]
fn a_chain_names_a_collection() {
    let source = "exports = async function () {\n  return context.services.get('mongodb-atlas').db('shop').collection('orders').findOne({});\n};";
    let scan = found(source);
    assert_eq!(collections(source), ["mongodb-atlas/shop/orders"]);
    assert_eq!(scan.collections[0].line, 2);
    assert_eq!(scan.collections[0].operations, Some(Operations { read: true, ..NONE }));
}

#[test]
fn constants_variables_and_implicit_globals_are_followed() {
    let source = "
        const mongodb = context.services.get(`mongodb-atlas`);
        const DB = 'sh' + 'op';
        exports = function (id) {
            let db = mongodb.db(DB);
            users = db.collection('users');
            const { services } = context;
            const other = services.get('Cluster0').db('archive');
            other.collection('old').insertOne({});
            return users.updateOne({ _id: id }, { $set: { seen: true } });
        };";
    assert_eq!(collections(source), ["mongodb-atlas/shop/users", "Cluster0/archive/old"]);
    let uses = found(source).collections;
    assert_eq!(uses[0].operations, Some(Operations { insert: true, update: true, ..NONE }));
    assert_eq!(uses[1].operations, Some(Operations { insert: true, ..NONE }));
}

#[test]
fn helpers_parameters_and_tables_of_names_are_followed() {
    let source = "
        const NAMES = { users: 'users', posts: 'posts' };
        function database() { return context.services.get('mongodb-atlas').db('blog'); }
        const open = (db, name) => db.collection(name);
        exports = async () => {
            await open(database(), NAMES.users).find({}).toArray();
            for (const name of ['a', 'b']) database().collection(name).deleteMany({});
            const which = await other();
            database().collection(NAMES[which]);
        };";
    let mut all = collections(source);
    all.sort();
    assert_eq!(
        all,
        [
            "mongodb-atlas/blog/a",
            "mongodb-atlas/blog/b",
            "mongodb-atlas/blog/posts",
            "mongodb-atlas/blog/users",
            "mongodb-atlas/blog/users"
        ]
    );
}

#[test]
fn classes_are_followed_through_this() {
    let source = "
        class Store {
            constructor() { this.db = context.services.get('mongodb-atlas').db('app'); }
            users() { return this.db.collection('users'); }
            add(user) { return this.users().insertOne(user); }
        }
        exports = (user) => new Store().add(user);";
    let uses = found(source).collections;
    assert_eq!(collections(source), ["mongodb-atlas/app/users"]);
    assert_eq!(uses[0].operations, Some(Operations { insert: true, ..NONE }));
}

#[test]
fn what_is_not_literal_is_none() {
    assert_eq!(
        collections("exports = (a) => context.services.get(a).db(context.values.get('db')).collection(`${a}s`);"),
        ["?/?/?"]
    );
    assert_eq!(collections("exports = (db) => db.collection('users').count();"), ["?/?/users"]);
}

#[test]
fn a_handle_that_is_only_passed_on_has_unknown_operations() {
    let scan = found("exports = () => context.services.get('m').db('d').collection('c');");
    assert_eq!(scan.collections[0].operations, None);
    assert_eq!(scan.writes, NONE);
}

#[test]
fn stages_name_collections_of_the_same_database() {
    let source = "
        const db = context.services.get('m').db('d');
        const pipeline = [{ $lookup: { from: 'authors', as: 'author' } }, { $merge: { into: 'report' } }];
        exports = () => db.collection('posts').aggregate(pipeline);";
    assert_eq!(collections(source), ["m/d/posts", "m/d/authors", "m/d/report"]);
    let uses = found(source).collections;
    assert_eq!(uses[1].operations, Some(Operations { read: true, ..NONE }));
    assert_eq!(uses[2].operations, Some(Operations { insert: true, update: true, ..NONE }));
    assert_eq!(
        collections(
            "exports = () => context.services.get('m').db('d').collection('c').aggregate([{ $out: { db: 'e', coll: 'f' } }]);"
        ),
        ["m/d/c", "m/e/f"]
    );
}

#[test]
fn writes_are_found_by_the_names_of_methods() {
    let scan = found("exports = (handle) => { handle.deleteOne({}); [1].find(x => x); return 'x'.count; };");
    assert_eq!(scan.writes, Operations { delete: true, ..NONE });
}

#[test]
fn executed_functions_are_named() {
    let source = "
        const run = context.functions;
        exports = async (x) => {
            await context.functions.execute('utils/add', 1, 2);
            run.execute(x ? 'one' : 'two');
            context.functions.execute(x);
            other.execute('not this');
        };";
    let scan = found(source);
    assert_eq!(scan.executes, ["one", "two", "utils/add"]);
    assert_eq!(scan.executes_unknown, [6]);
}

#[test]
fn hosts_of_requests_are_named() {
    let source = "
        const axios = require('axios');
        const BASE = 'https://api.Example.com';
        exports = async (id) => {
            await context.http.get({ url: `${BASE}/users/${id}` });
            await axios.post('https://two.example.com:8443/x', {});
            await axios({ url: 'http://three.example.com' });
            await fetch(BASE + id);
            await context.http.post({ scheme: 'https', host: 'four.example.com', path: '/x' });
            await context.http.get({ url: context.values.get('url') });
            await context.services.get('mailer').put({ url: 'https://five.example.com' });
            await context.services.get('http').head({ url: 'https://six.example.com' });
        };";
    let scan = found(source);
    assert!(scan.uses_context_http);
    assert_eq!(
        scan.http_hosts,
        [
            "http://three.example.com",
            "https://api.example.com",
            "https://five.example.com",
            "https://four.example.com",
            "https://six.example.com",
            "https://two.example.com:8443"
        ]
    );
    let unknown: Vec<u32> = scan.http.iter().filter(|one| one.origin.is_none()).map(|one| one.line).collect();
    assert_eq!(unknown, [8, 10], "a host that an id is appended to is not known, nor is a value");
    assert!(!found("exports = () => [1].map(String);").uses_context_http);
}

#[test]
fn requires_have_their_place_and_whether_they_may_fail() {
    let source = "exports = () => {\n  const a = require('axios'), é = require('./é');\n  try { require('maybe'); } catch (e) { require('sure'); }\n  if (typeof module !== 'undefined') { require('node-only'); }\n  require(a);\n};";
    let requires = found(source).requires;
    let told: Vec<_> = requires.iter().map(|r| (&*r.specifier, r.line, r.column, r.optional)).collect();
    assert_eq!(
        told,
        [
            ("axios", 2, 21, false),
            ("./é", 2, 43, false),
            ("maybe", 3, 17, true),
            ("sure", 3, 49, false),
            ("node-only", 4, 48, true)
        ]
    );
}

#[test]
fn a_bundle_with_a_require_of_its_own_requires_nothing() {
    assert!(found("(function (require) { require('inner'); })(function () {});").requires.is_empty());
}

#[test]
fn modules_are_known_by_their_syntax() {
    let scan = found(
        "import axios from 'axios';\nexport { x } from './x';\nexport default () => axios.get('https://a.example/');",
    );
    assert!(scan.is_module);
    assert_eq!(scan.requires.iter().map(|r| &*r.specifier).collect::<Vec<_>>(), ["axios", "./x"]);
    assert_eq!(scan.http_hosts, ["https://a.example"]);
    assert!(!found("exports = 1;").is_module);
}

#[test]
fn sloppy_scripts_are_scripts() {
    assert!(
        !found("x = 010; with (Math) { y = sqrt(x); } var let_ = 1; exports = function (a, a) { delete x; };")
            .is_module
    );
}

#[test]
fn a_syntax_error_has_its_place() {
    let error = scan("functions/broken.js", "exports = function () {\n  return 1 +;\n};").unwrap_err();
    assert_eq!((error.line, error.column), (2, 13));
    assert!(error.to_string().starts_with("functions/broken.js:2:13: "), "{error}");
    let module = scan("m.js", "import x from 'x';\nexport default function ( {").unwrap_err();
    assert_eq!(module.line, 2, "the error is that of the module, not that a script has no import");
}

#[test]
fn sources_nested_without_measure_are_parsed_or_refused() {
    let deep = format!("exports = {}1{};", "(".repeat(20_000), ")".repeat(20_000));
    assert!(scan("deep.js", &deep).is_ok());
    let long = format!("exports = 'a'{};", " + 'a'".repeat(50_000));
    assert!(scan("long.js", &long).is_ok());
    let doubling: String = (1..60).map(|n| format!("var v{n} = v{} + v{};\n", n - 1, n - 1)).collect();
    let source = format!("var v0 = 'a';\n{doubling}context.services.get(v59).db(v59).collection(v59);");
    assert_eq!(found(&source).collections.len(), 1, "what would take for ever is given up");
    let growing: String = (1..4).map(|n| format!("var v{n} = v{} + v{};\n", n - 1, n - 1)).collect();
    let source =
        format!("var v0 = '{}';\n{growing}context.services.get('s').db('d').collection(v3);", "a".repeat(2000));
    assert_eq!(collections(&source), ["s/d/?"], "no name is that long, and sums could take all memory");
}
