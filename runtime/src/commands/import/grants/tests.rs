use std::path::PathBuf;

use usher_js::HttpUse;

use super::super::table;
use super::*;

const READ: Operations = Operations { read: true, insert: false, update: false, delete: false };

/// An app with custom data in `app.custom_data` and the functions given, those of `system` running as the system.
fn app(functions: &[&str], system: &[&str]) -> App {
    let mut files: BTreeMap<PathBuf, Vec<u8>> = [
        ("root_config.json", r#"{"config_version": 20210101, "name": "a"}"#.to_owned()),
        (
            "auth/custom_user_data.json",
            r#"{"enabled": true, "mongo_service_name": "mongodb-atlas", "database_name": "app",
                "collection_name": "custom_data", "user_id_field": "user_id"}"#
                .to_owned(),
        ),
        ("data_sources/mongodb-atlas/config.json", r#"{"name": "mongodb-atlas", "type": "mongodb-atlas"}"#.to_owned()),
        (
            "functions/config.json",
            serde_json::json!(
                functions
                    .iter()
                    .map(|name| serde_json::json!({ "name": name, "run_as_system": system.contains(name) }))
                    .collect::<Vec<_>>()
            )
            .to_string(),
        ),
    ]
    .into_iter()
    .map(|(path, text)| (path.into(), text.into_bytes()))
    .collect();
    for function in functions {
        files.insert(format!("functions/{function}.js").into(), b"exports = () => 1;".to_vec());
    }
    usher_app::load_files(&files).unwrap().app
}

/// Source, database, collection, and what is done.
type Use<'a> = (Option<&'a str>, Option<&'a str>, Option<&'a str>, Option<Operations>);

fn scan(collections: &[Use<'_>]) -> Scan {
    let collections =
        collections.iter().enumerate().map(|(index, (source, database, collection, operations))| CollectionUse {
            data_source: source.map(str::to_owned),
            database: database.map(str::to_owned),
            collection: collection.map(str::to_owned),
            line: u32::try_from(index).unwrap() + 1,
            operations: *operations,
        });
    Scan {
        requires: Vec::new(),
        is_module: false,
        collections: collections.collect(),
        writes: READ,
        executes: Vec::new(),
        executes_unknown: Vec::new(),
        http_hosts: Vec::new(),
        http: Vec::new(),
        uses_context_http: false,
    }
}

fn used(function: &str, scan: Scan) -> Used {
    Used { function: function.to_owned(), scans: vec![(format!("functions/{function}.js"), scan)] }
}

/// Each grant in a line.
fn lines(proposal: &Proposal) -> Vec<String> {
    let mut lines: Vec<String> = proposal
        .config
        .grants
        .iter()
        .map(|grant| {
            format!(
                "{} {}.{} {} {}",
                grant.data_source,
                grant.database,
                grant.collection.as_deref().unwrap_or("*"),
                operations(grant.operations).join("+"),
                grant.functions.join("+")
            )
        })
        .collect();
    lines.sort();
    lines
}

fn warnings(proposal: &Proposal) -> Vec<String> {
    proposal.warnings.iter().map(ToString::to_string).collect()
}

const CUSTOM: &str = "mongodb-atlas app.custom_data read+insert+update+delete ";

#[test]
fn a_collection_is_granted_to_the_functions_that_name_it_and_no_others() {
    let app = app(&["a", "b", "c"], &["a", "b"]);
    let insert = Operations { insert: true, ..READ };
    let shop = |operations| scan(&[(Some("mongodb-atlas"), Some("shop"), Some("orders"), operations)]);
    let used = [used("a", shop(Some(READ))), used("b", shop(Some(insert))), used("c", scan(&[]))];
    let proposal = propose(&app, &used, &[]);
    assert_eq!(
        lines(&proposal),
        [CUSTOM, "mongodb-atlas shop.orders read a", "mongodb-atlas shop.orders read+insert b"]
    );
    assert!(proposal.warnings.is_empty());
}

#[test]
fn several_uses_of_one_function_add_up_and_an_unknown_one_is_everything() {
    let app = app(&["a"], &["a"]);
    let delete = Operations { read: false, insert: false, update: false, delete: true };
    let place = (Some("mongodb-atlas"), Some("shop"), Some("orders"));
    let (source, database, collection) = place;
    let two = scan(&[(source, database, collection, Some(READ)), (source, database, collection, Some(delete))]);
    assert_eq!(lines(&propose(&app, &[used("a", two)], &[]))[1], "mongodb-atlas shop.orders read+delete a");
    let handed_on = scan(&[(source, database, collection, None)]);
    assert_eq!(
        lines(&propose(&app, &[used("a", handed_on)], &[]))[1],
        "mongodb-atlas shop.orders read+insert+update+delete a"
    );
}

#[test]
fn a_dynamic_name_is_granted_as_widely_as_it_may_mean_and_warned_of() {
    let app = app(&["a", "b"], &["a", "b"]);
    let collection = used("a", scan(&[(Some("mongodb-atlas"), Some("shop"), None, Some(READ))]));
    let proposal = propose(&app, &[collection], &[]);
    assert_eq!(lines(&proposal), [CUSTOM, "mongodb-atlas shop.* read a"]);
    assert_eq!(warnings(&proposal).len(), 1);
    assert!(warnings(&proposal)[0].starts_with("functions/a.js:1: the collection is known only at run time"));

    let anywhere = used("a", scan(&[(None, None, None, Some(READ))]));
    let elsewhere = used("b", scan(&[(Some("mongodb-atlas"), Some("shop"), Some("orders"), Some(READ))]));
    let proposal = propose(&app, &[anywhere, elsewhere], &[]);
    assert_eq!(
        lines(&proposal),
        ["mongodb-atlas app.* read a", CUSTOM, "mongodb-atlas shop.* read a", "mongodb-atlas shop.orders read b"]
    );
    assert!(warnings(&proposal)[0].contains("every collection of app, shop"), "{:?}", warnings(&proposal));
}

#[test]
fn what_cannot_be_granted_is_warned_of_and_left_out() {
    let app = app(&["a"], &["a"]);
    let bad = scan(&[
        (Some("Cluster0"), Some("shop"), Some("orders"), Some(READ)),
        (Some("mongodb-atlas"), Some("usher"), Some("users"), Some(READ)),
        (Some("mongodb-atlas"), Some("shop"), Some("system.users"), Some(READ)),
    ]);
    let proposal = propose(&app, &[used("a", bad)], &[]);
    assert_eq!(lines(&proposal), [CUSTOM]);
    let warnings = warnings(&proposal);
    assert!(warnings[0].starts_with("functions/a.js:1: the app has no data source \"Cluster0\""), "{warnings:?}");
    assert!(warnings[1].contains("\"users\" of the database \"usher\""), "{warnings:?}");
    assert_eq!(warnings.len(), 3);
}

#[test]
fn collections_with_rules_that_no_function_names_are_for_all() {
    let app = app(&["a"], &["a"]);
    let ruled = |collection: &str| Named {
        data_source: "mongodb-atlas".to_owned(),
        database: "shop".to_owned(),
        collection: collection.to_owned(),
    };
    let orders = scan(&[(Some("mongodb-atlas"), Some("shop"), Some("orders"), Some(READ))]);
    let proposal = propose(&app, &[used("a", orders)], &[ruled("orders"), ruled("invoices")]);
    assert_eq!(
        lines(&proposal),
        [CUSTOM, "mongodb-atlas shop.invoices read+insert+update+delete ", "mongodb-atlas shop.orders read a"]
    );
}

#[test]
fn origins_are_granted_to_the_functions_that_call_them() {
    let app = app(&["a", "b"], &[]);
    let request = |origin: Option<&str>, line| HttpUse { origin: origin.map(str::to_owned), line };
    let mut a = scan(&[]);
    a.http = vec![request(Some("https://API.example.com"), 1), request(None, 7)];
    a.uses_context_http = true;
    let mut b = scan(&[]);
    b.http = vec![request(Some("http://example.com:8080"), 1)];
    let proposal = propose(&app, &[used("a", a), used("b", b)], &[]);
    let granted: Vec<(String, &[String])> =
        proposal.config.http.iter().map(|it| (super::super::origin(it), &it.functions[..])).collect();
    assert_eq!(
        granted,
        [
            ("https://api.example.com".to_owned(), &["a".to_owned()][..]),
            ("http://example.com:8080".to_owned(), &["b".to_owned()][..])
        ]
    );
    assert!(warnings(&proposal)[0].starts_with("functions/a.js:7: where this request goes"));
}

#[test]
fn what_a_required_file_and_rules_name_is_found_on_disk() {
    let directory = tempfile::tempdir().unwrap();
    let write = |file: &str, text: &str| {
        let path = directory.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("root_config.json", r#"{"config_version": 20210101, "name": "a"}"#);
    write("data_sources/main/config.json", r#"{"name": "Cluster0", "type": "mongodb-atlas"}"#);
    write("data_sources/main/shop/invoices/rules.json", r#"{"database": "shop", "collection": "Invoices"}"#);
    write("data_sources/main/shop/stock/schema.json", r#"{"bsonType": "object"}"#);
    write(
        "functions/config.json",
        r#"[{"name": "a", "run_as_system": true},
            {"name": "b", "run_as_user_id_script_source":
             "exports = () => require('../lib/names')(context.services.get('Cluster0').db('shop').collection('keys').findOne({}))"}]"#,
    );
    write("functions/b.js", "exports = () => 1;");
    write(
        "lib/names.js",
        "module.exports = () => context.services.get('Cluster0').db('shop').collection('names').find({});",
    );
    write("functions/a.js", "exports = () => require('../lib/orders')(context);");
    write(
        "lib/orders.js",
        "module.exports = (it) => context.services.get('Cluster0').db('shop').collection('orders').findOne({});",
    );
    let app = usher_app::load(directory.path()).unwrap_or_else(|mistakes| panic!("{mistakes}")).app;
    let proposal = grants(&app);
    let all = "read+insert+update+delete ";
    assert_eq!(
        lines(&proposal),
        [
            format!("Cluster0 shop.Invoices {all}"),
            "Cluster0 shop.keys read run_as/b".to_owned(),
            "Cluster0 shop.names read run_as/b".to_owned(),
            "Cluster0 shop.orders read a".to_owned(),
            format!("Cluster0 shop.stock {all}")
        ]
    );
    assert!(proposal.warnings.is_empty(), "{:?}", proposal.warnings);
    // What is proposed can be written and read again.
    usher_app::write_grants(directory.path(), &proposal.config).unwrap();
    let again = usher_app::load(directory.path()).unwrap_or_else(|mistakes| panic!("{mistakes}")).app;
    assert_eq!(again.usher.grants.len(), 5);
}

#[test]
fn the_table_says_on_whose_behalf() {
    let mut app = app(&["a", "b"], &["a"]);
    let orders = || scan(&[(Some("mongodb-atlas"), Some("shop"), Some("orders"), Some(READ))]);
    let proposal = propose(&app, &[used("a", orders()), used("b", orders())], &[]);
    let whom = |app: &App| -> Vec<serde_json::Value> {
        table::rows(app, &proposal.config).iter().map(|row| row.json()["as"].clone()).collect()
    };
    assert_eq!(
        whom(&app),
        ["system; the caller: own document only", "system", "the caller: nothing, for want of rules"]
    );
    let rules = usher_rules::Rules::compile(&serde_json::json!({ "roles": [] })).unwrap();
    app.rules.defaults.insert("mongodb-atlas".to_owned(), std::sync::Arc::new(rules));
    let ruled = "the caller: what the rules allow";
    assert_eq!(whom(&app), [&format!("system; {ruled}"), "system", ruled], "rules govern custom data, too");
}

#[test]
fn a_call_of_a_function_that_is_known_only_at_run_time_is_told() {
    let sources = [used("caller", Scan { executes_unknown: vec![7], ..scan(&[]) })];
    let warnings = propose(&app(&["caller"], &[]), &sources, &[]).warnings;
    let [warning] = &warnings[..] else { panic!("{warnings:?}") };
    assert!(
        warning.to_string().starts_with("functions/caller.js:7: which function is called is known only at run time")
    );
}

#[test]
fn functions_that_call_each_other_have_the_same_grants() {
    let collection = |name: &'static str| scan(&[(Some("mongodb-atlas"), Some("app"), Some(name), None)]);
    let calling = |name: &str, scan: Scan| Scan { executes: vec![name.to_owned()], ..scan };
    let app = app(&["caller", "callee", "alone", "risen"], &["risen"]);
    let sources = [
        used("caller", calling("callee", scan(&[]))),
        used("callee", calling("risen", collection("notes"))),
        used("alone", scan(&[])),
        used("risen", collection("secrets")),
    ];
    let proposal = propose(&app, &sources, &[]);
    let functions = |collection: &str| {
        let of = |grant: &&DataGrant| grant.collection.as_deref() == Some(collection);
        proposal.config.grants.iter().find(of).map(|grant| grant.functions.clone()).unwrap_or_default()
    };
    assert_eq!(functions("notes"), ["callee", "caller"]);
    assert_eq!(functions("secrets"), ["risen"], "a call that rises to the system shares nothing");
}
