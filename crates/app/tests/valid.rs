//! App directories without mistakes: what is read, and what is told about the rest.

mod common;

use std::time::Duration;

use common::{BASE, directory, load_both, write};
use usher_app::{Account, Confirmation, Grant, Reach, Source, load};
use usher_contract::{Budget, Operations, limits};

const COMPLETE: common::Files<'static> = &[
    (
        "realm_config.json",
        r#"{"app_id": "shop-abcde", "config_version": 20210101, "name": "shop", "location": "IE",
            "provider_region": "aws-eu-west-1", "deployment_model": "GLOBAL", "environment": "",
            "allowed_request_origins": ["https://example.com", "http://localhost:8080/"]}"#,
    ),
    (
        "auth/providers.json",
        r#"{"anon-user": {"name": "anon-user", "type": "anon-user", "disabled": false},
            "api-key": {"name": "api-key", "type": "api-key", "disabled": true},
            "local-userpass": {"name": "local-userpass", "type": "local-userpass", "disabled": false,
              "config": {"autoConfirm": true, "resetPasswordUrl": "", "runResetFunction": false}}}"#,
    ),
    (
        "auth/custom_user_data.json",
        r#"{"enabled": true, "mongo_service_name": "cluster", "database_name": "app", "collection_name": "profiles",
            "user_id_field": "_id", "on_user_creation_function_name": "users/create"}"#,
    ),
    (
        "data_sources/main/config.json",
        r#"{"name": "cluster", "type": "mongodb-atlas", "config": {"clusterName": "Cluster0"}}"#,
    ),
    (
        "functions/config.json",
        r#"[{"name": "users/create", "private": true, "run_as_system": true, "can_evaluate": {}, "run_as_user_id": ""},
            {"name": "report", "private": false, "disable_arg_logs": true, "can_evaluate": null,
             "budget": {"wall_clock_ms": 1500, "memory_mib": 8, "host_calls": 7, "database_calls": 6, "host_bytes": 5,
                        "handles": 4, "log_bytes": 3, "table_elements": 2},
             "grants": [{"name": "orders", "database": "app", "collection": "orders", "operations": ["read", "update"],
                         "own": "owner_id"},
                        {"name": "all", "database": "app", "collection": "stock"}],
             "account": ["delete"]}]"#,
    ),
    ("functions/users/create/Cargo.toml", "[package]\nname = \"create\"\n[lib]\ncrate-type = [\"cdylib\"]"),
    ("functions/report.wasm", ""),
];

#[test]
fn everything_is_read() {
    let files = directory(COMPLETE);
    let loaded = load(files.path()).unwrap();
    let app = loaded.app;
    assert_eq!((app.id.as_str(), app.name.as_str()), ("shop-abcde", "shop"));
    assert_eq!((app.deployment_model.as_str(), app.location.as_str()), ("GLOBAL", "IE"));
    assert_eq!(app.allowed_request_origins, ["https://example.com", "http://localhost:8080/"]);
    assert_eq!(app.directory, files.path());
    assert!(app.providers.anon_user);
    assert!(app.providers.local_userpass.unwrap().confirmation == Confirmation::Automatic);

    let custom = app.custom_user_data;
    assert!(custom.enabled);
    assert_eq!((custom.database.as_str(), custom.collection.as_str()), ("app", "profiles"));
    assert_eq!(custom.user_id_field, "_id");
    assert_eq!(custom.on_user_creation.as_deref(), Some("users/create"));

    assert_eq!(app.functions.keys().collect::<Vec<_>>(), ["report", "users/create"]);
    let create = &app.functions["users/create"];
    assert!(create.private && create.run_as_system && !create.disable_arg_logs);
    assert_eq!(create.source, Source::Crate(files.path().join("functions/users/create")));
    assert_eq!(create.budget, Budget { wall_clock: limits::CREATION_WALL_CLOCK, ..Budget::default() });
    assert_eq!((create.grants.as_slice(), create.account), (&[][..], Account::default()));

    let report = &app.functions["report"];
    assert!(!report.private && !report.run_as_system && report.disable_arg_logs);
    assert_eq!(report.source, Source::Component(files.path().join("functions/report.wasm")));
    let budget = Budget {
        wall_clock: Duration::from_millis(1500),
        memory: 8 * 1024 * 1024,
        table_elements: 2,
        host_calls: 7,
        database_calls: 6,
        host_bytes: 5,
        handles: 4,
        log_bytes: 3,
    };
    assert_eq!(report.budget, budget);
    let read_update = Operations { read: true, insert: false, update: true, delete: false };
    let grant = |name: &str, collection: &str, reach, operations| Grant {
        name: name.into(),
        database: "app".into(),
        collection: collection.into(),
        reach,
        operations,
    };
    let own = Reach::Own { field: "owner_id".into() };
    assert_eq!(
        report.grants,
        [grant("orders", "orders", own, read_update), grant("all", "stock", Reach::Collection, Operations::ALL)]
    );
    assert_eq!(report.account, Account { delete: true });

    let notices: Vec<String> = loaded.notices.iter().map(ToString::to_string).collect();
    assert_eq!(notices.len(), 1, "{notices:#?}");
    assert!(
        notices[0].starts_with("realm_config.json:3: \"http://localhost:8080/\" matches no request"),
        "{notices:?}"
    );
}

#[test]
fn a_root_config_and_nothing_else_is_an_app() {
    let loaded = load_both(&[("root_config.json", r#"{"name": "tiny", "provider_region": "aws-us-east-1"}"#)]).unwrap();
    let app = loaded.app;
    assert_eq!((app.id.as_str(), app.location.as_str()), ("tiny", "aws-us-east-1"));
    assert_eq!(app.deployment_model, "LOCAL");
    assert!(!app.custom_user_data.enabled && app.functions.is_empty());
    let notices: Vec<String> = loaded.notices.iter().map(ToString::to_string).collect();
    assert_eq!(notices.len(), 1);
    assert!(notices[0].starts_with("auth/providers.json: there is nothing here, so nobody can log in"), "{notices:?}");
    let loaded = load_both(&[("root_config.json", r#"{"name": "tiny"}"#)]).unwrap();
    assert_eq!(loaded.app.location, "US-VA");
}

#[test]
fn the_metadata_of_the_command_line_client_is_not_the_app_id() {
    let mut files = BASE.to_vec();
    files.push((".mdb/app_meta.json", r#"{"app_id": "0123456789abcdef01234567"}"#));
    assert_eq!(load_both(&files).unwrap().app.id, "shop");
}

/// The newest layout has no `app_id`, and clients ask for the client app id.
#[test]
fn the_client_app_id_is_found_beside_a_root_file_that_does_not_say_it() {
    let pulled = (".mdb/meta.json", r#"{"app_id": "0123456789abcdef01234567", "client_app_id": "tiny-abcde"}"#);
    let id = |root: &str| load_both(&[("root_config.json", root), pulled]).unwrap().app.id;
    assert_eq!(id(r#"{"name": "tiny"}"#), "tiny-abcde");
    assert_eq!(id(r#"{"name": "tiny two"}"#), "tiny-abcde");
    assert_eq!(id(r#"{"name": "tiny", "app_id": "tiny-fghij"}"#), "tiny-fghij");
    let bad = [("root_config.json", r#"{"name": "tiny"}"#), (".mdb/meta.json", "{\"client_app_id\": \"a b\"}")];
    let mistakes = load_both(&bad).unwrap_err().0;
    assert!(mistakes[0].to_string().starts_with(".mdb/meta.json:1: \"a b\" cannot be an app id"), "{mistakes:?}");
}

#[test]
fn custom_user_data_that_is_off_needs_nothing_more() {
    for content in [
        r#"{"enabled": false}"#,
        r#"{"enabled": false, "mongo_service_name": "", "database_name": "", "collection_name": "", "user_id_field": ""}"#,
    ] {
        let mut files = BASE.to_vec();
        files.push(("auth/custom_user_data.json", content));
        assert_eq!(load_both(&files).unwrap().notices, []);
    }
    let mut files = BASE.to_vec();
    files.push(("auth/custom_user_data.json", r#"{"database_name": "a"}"#));
    let loaded = load_both(&files).unwrap();
    assert!(!loaded.app.custom_user_data.enabled);
    assert!(loaded.notices[0].message.contains("\"enabled\" is missing"));
    let mut files = BASE.to_vec();
    files.push(("auth/custom_user_data.json", r#"{"enabled": false, "on_user_creation_function_name": "hello"}"#));
    let loaded = load_both(&files).unwrap();
    assert_eq!(loaded.app.custom_user_data.on_user_creation.as_deref(), Some("hello"));
    assert!(loaded.notices[0].message.contains("still runs before a user is created"), "{:?}", loaded.notices);
}

#[test]
fn without_data_sources_there_is_the_one_of_app_services() {
    let mut files = BASE.to_vec();
    files.push((
        "auth/custom_user_data.json",
        r#"{"enabled": true, "mongo_service_name": "mongodb-atlas", "database_name": "a", "collection_name": "b",
            "user_id_field": "c"}"#,
    ));
    assert!(load_both(&files).unwrap().app.custom_user_data.enabled);
}

#[test]
fn sources_without_an_entry_are_added_and_shared_code_is_not() {
    let mut files = BASE.to_vec();
    files.extend([
        ("functions/Cargo.toml", "[workspace]\nmembers = [\"*\"]"),
        ("functions/Cargo.lock", ""),
        ("functions/README.md", ""),
        ("functions/target/wasm32-wasip2/release/extra.wasm", ""),
        ("functions/node_modules/axios/index.js", ""),
        ("functions/.cache/x.js", ""),
        ("functions/shared/Cargo.toml", "[package]\nname = \"shared\""),
        ("functions/shared/build.js", "not a function: inside a crate"),
        ("functions/more/Cargo.toml", "[workspace]"),
        ("functions/more/extra/Cargo.toml", "[package]\nname = \"e\"\n[lib]\ncrate-type = [\"rlib\", \"cdylib\"]"),
        ("functions/utils/plain.wasm", ""),
    ]);
    let loaded = load_both(&files).unwrap();
    assert_eq!(loaded.app.functions.keys().collect::<Vec<_>>(), ["hello", "more/extra", "utils/plain"]);
    let extra = &loaded.app.functions["more/extra"];
    assert!(!extra.private && !extra.run_as_system);
    assert_eq!(extra.budget, Budget::default());
    let notices: Vec<String> = loaded.notices.iter().map(ToString::to_string).collect();
    assert_eq!(notices.len(), 2, "{notices:#?}");
    assert!(notices[0].starts_with("functions/more/extra/Cargo.toml: has no entry in functions/config.json"));
    assert!(notices[1].starts_with("functions/utils/plain.wasm: has no entry"));
}

#[test]
fn an_old_script_beside_its_replacement_is_only_noticed() {
    let mut files = BASE.to_vec();
    files.push(("functions/hello.js", "exports = () => 1;"));
    let loaded = load_both(&files).unwrap();
    assert!(matches!(loaded.app.functions["hello"].source, Source::Component(_)));
    let notice = loaded.notices[0].to_string();
    assert!(notice.contains("functions/hello.wasm stands in its place"), "{notice}");
}

/// As App Services exports an app that uses most of what it has.
#[test]
fn an_export_is_read_and_what_is_left_out_is_told() {
    let files = directory(BASE);
    write(
        files.path(),
        &[
            (".mdb/app_meta.json", r#"{"group_id": "5f", "app_id": "60", "config_version": 20210101}"#),
            (
                "realm_config.json",
                r#"{"config_version": 20210101, "name": "shop", "location": "US-VA",
            "provider_region": "aws-us-east-1", "deployment_model": "LOCAL", "environment": "production",
            "hosting": {}}"#,
            ),
            (
                "auth/providers.json",
                r#"{
            "anon-user": {"name": "anon-user", "type": "anon-user", "disabled": false, "notes": 1},
            "api-key": {"name": "api-key", "type": "api-key", "disabled": false},
            "oauth2-google": {"name": "oauth2-google", "type": "oauth2-google", "disabled": false,
               "config": {"clientId": "x", "openId": true}},
            "local-userpass": {"name": "local-userpass", "type": "local-userpass", "config": {"autoConfirm": true,
               "runResetFunction": true, "resetFunctionName": "hello", "resetPasswordUrl": ""}}}"#,
            ),
            ("auth/custom_user_data.json", r#"{"enabled": false, "on_user_creation_function_id": "5"}"#),
            (
                "data_sources/mongodb-atlas/config.json",
                r#"{"name": "mongodb-atlas", "type": "mongodb-atlas",
            "config": {"clusterName": "Cluster0", "readPreference": "primary", "wireProtocolEnabled": true,
            "flexible_sync": {"state": "enabled"}}}"#,
            ),
            (
                "data_sources/mongodb-atlas/default_rule.json",
                r#"{"roles": [{"name": "all", "apply_when": {}}], "filters": []}"#,
            ),
            ("data_sources/mongodb-atlas/db/items/rules.json", r#"{"roles": []}"#),
            ("data_sources/mongodb-atlas/db/items/schema.json", r#"{"title": "item"}"#),
            ("data_sources/mongodb-atlas/db/empty/schema.json", "{}"),
            ("data_sources/mongodb-atlas/db/items/relationships.json", "{}"),
            ("functions/config.json", r#"[{"name": "hello", "last_modified": 5, "can_evaluate": {}}]"#),
            ("functions/package.json", "{}"),
            (
                "triggers/onLogin.json",
                r#"{"name": "onLogin", "type": "AUTHENTICATION", "disabled": false, "function_name": "hello",
                "config": {"operation_type": "LOGIN", "providers": ["anon-user"]}}"#,
            ),
            (
                "triggers/off.json",
                r#"{"name": "off", "type": "SCHEDULED", "disabled": true, "function_name": "gone",
                "config": {"schedule": "0 3 * * *"}}"#,
            ),
            ("values/key.json", r#"{"name": "key", "value": "v", "from_secret": false}"#),
            ("environments/no-environment.json", r#"{"values": {}}"#),
            ("environments/production.json", r#"{"values": {"a": 1}}"#),
            ("http_endpoints/config.json", r#"[{"route": "/a", "http_method": "POST", "function_name": "hello"}]"#),
            ("https_endpoints/config.json", "[]"),
            ("http_endpoints/data_api_config.json", r#"{"disabled": false}"#),
            ("http_endpoints/hook/config.json", "{}"),
            ("sync/config.json", r#"{"state": "enabled", "development_mode_enabled": true}"#),
            ("graphql/config.json", r#"{"use_natural_pluralization": true}"#),
            ("graphql/custom_resolvers/total.json", "{}"),
            ("log_forwarders/forward.json", "{}"),
            ("hosting/files/index.html", ""),
            ("services/sms/config.json", r#"{"name": "sms", "type": "twilio"}"#),
        ],
    );
    let loaded = load(files.path()).unwrap();
    let app = &loaded.app;
    assert_eq!((app.functions.len(), app.endpoints.len(), app.triggers.len()), (1, 1, 1));
    assert!(app.providers.api_key && app.providers.google.is_some());
    let notices: Vec<String> = loaded.notices.iter().map(ToString::to_string).collect();
    let wanted = [
        "auth/custom_user_data.json:1: unknown field \"on_user_creation_function_id\"",
        "auth/providers.json:2: unknown field \"notes\"",
        "auth/providers.json:4: there is no \"clientSecret\", so nobody can log in through the browser",
        "data_sources/mongodb-atlas/config.json:2: not run by Usher: the wire protocol, because",
        "data_sources/mongodb-atlas/config.json:3: not run by Usher: Device Sync, because",
        "functions/config.json:1: unknown field \"last_modified\"; it has no effect",
        "graphql/custom_resolvers/total.json: not run by Usher: the custom resolver, because",
        "hosting/files: not run by Usher: static hosting, because",
        "http_endpoints/data_api_config.json: not run by Usher: the Data API, because",
        "log_forwarders/forward.json: not run by Usher: the log forwarder, because",
        "realm_config.json:3: unknown field \"hosting\"",
        "services/sms/config.json: not run by Usher: the service, of type \"twilio\", because",
        "sync/config.json: not run by Usher: Device Sync, because",
        "triggers/off.json:1: no function is named \"gone\"; the trigger is switched off and was left out",
    ];
    assert_eq!(notices.len(), wanted.len(), "{notices:#?}");
    for (notice, wanted) in notices.iter().zip(wanted) {
        assert!(notice.starts_with(wanted), "{notice}\nis not\n{wanted}");
    }
}
