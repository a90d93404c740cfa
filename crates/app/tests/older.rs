//! The older layouts, `config.json` (20200603) and `stitch.json` (20180301), and which layout a directory has.

mod common;

use common::{directory, load_both, write};
use usher_app::{Confirmation, Occasion, Source, load};

/// As Stitch exported it: ids everywhere, a directory for each function and service.
const OLDER: common::Files<'static> = &[
    ("auth_providers/anon-user.json", r#"{"id": "5d", "name": "anon-user", "type": "anon-user", "disabled": false}"#),
    ("auth_providers/api-key.json", r#"{"id": "5d", "name": "api-key", "type": "api-key", "disabled": true}"#),
    (
        "auth_providers/local-userpass.json",
        r#"{"id": "5d", "name": "local-userpass", "type": "local-userpass", "disabled": false,
            "config": {"autoConfirm": true, "runConfirmationFunction": false}}"#,
    ),
    (
        "functions/addTask/config.json",
        r#"{"id": "5d", "name": "addTask", "private": false, "run_as_system": true, "can_evaluate": {}}"#,
    ),
    ("functions/addTask/source.js", "exports = async () => 1;"),
    ("functions/teams/list/config.json", r#"{"name": "teams/list", "private": true}"#),
    ("functions/teams/list/source.js", "exports = async () => [];"),
    (
        "services/cluster/config.json",
        r#"{"id": "5d", "name": "cluster", "type": "mongodb-atlas", "version": 1, "config": {"clusterName": "Cluster0",
            "readPreference": "primary", "wireProtocolEnabled": false}}"#,
    ),
    ("services/cluster/rules/app.tasks.json", r#"{"id": "5d", "database": "app", "collection": "tasks", "roles": []}"#),
    ("services/cluster/rules/app.users.json", r#"{"database": "app", "roles": [], "schema": {"title": "user"}}"#),
    ("services/hooks/config.json", r#"{"name": "hooks", "type": "http", "config": {}, "version": 1}"#),
    ("services/hooks/incoming_webhooks/ping/config.json", r#"{"name": "ping", "run_as_user_id": ""}"#),
    ("services/hooks/incoming_webhooks/ping/source.js", "exports = () => 'pong';"),
    (
        "triggers/onLogin.json",
        r#"{"id": "5d", "name": "onLogin", "type": "AUTHENTICATION", "disabled": false, "function_id": "5d",
            "function_name": "addTask", "config": {"operation_type": "login", "providers": ["anon-user"]}}"#,
    ),
    ("values/limit.json", r#"{"id": "5d", "name": "limit", "value": 3, "private": false}"#),
];
const ROOT: &str = r#"{"app_id": "tracker-abcde", "config_version": VERSION, "name": "tracker", "location": "IE",
    "deployment_model": "GLOBAL", "security": {"allowed_request_origins": ["https://example.com"]},
    "custom_user_data_config": {"enabled": true, "mongo_service_name": "cluster", "database_name": "app",
        "collection_name": "users", "user_id_field": "_id", "on_user_creation_function_name": "addTask"},
    "sync": {"development_mode_enabled": false}, "hosting": {"enabled": true}}"#;

#[test]
fn both_older_layouts_are_read_like_the_current_one() {
    for (root, version) in [("config.json", "20200603"), ("stitch.json", "20180301")] {
        let files = directory(OLDER);
        write(files.path(), &[(root, &ROOT.replace("VERSION", version))]);
        let loaded = load(files.path()).unwrap();
        let app = loaded.app;
        assert_eq!((app.id.as_str(), app.name.as_str(), app.location.as_str()), ("tracker-abcde", "tracker", "IE"));
        assert_eq!(app.allowed_request_origins, ["https://example.com"]);
        assert!(
            app.providers.anon_user && app.providers.local_userpass.unwrap().confirmation == Confirmation::Automatic
        );
        assert_eq!(app.data_sources, ["cluster"]);
        let custom = app.custom_user_data;
        assert!(custom.enabled);
        assert_eq!((custom.database.as_str(), custom.collection.as_str()), ("app", "users"));
        assert_eq!((custom.user_id_field.as_str(), custom.on_user_creation.as_deref()), ("_id", Some("addTask")));
        assert_eq!(app.values.len(), 1);

        assert_eq!(app.functions.keys().collect::<Vec<_>>(), ["addTask", "incoming_webhooks/hooks/ping", "teams/list"]);
        let (add, list) = (&app.functions["addTask"], &app.functions["teams/list"]);
        assert!(add.run_as_system && !add.private && list.private);
        assert_eq!(add.source, Source::JavaScript(files.path().join("functions/addTask/source.js")));
        assert_eq!(list.source, Source::JavaScript(files.path().join("functions/teams/list/source.js")));

        let ping = &app.functions["incoming_webhooks/hooks/ping"];
        assert!(ping.private && ping.run_as_system);
        let source = files.path().join("services/hooks/incoming_webhooks/ping/source.js");
        assert_eq!(ping.source, Source::JavaScript(source));
        assert_eq!(app.endpoints.len(), 1);
        let Occasion::Authentication(login) = &app.triggers["onLogin"].occasion else { panic!("{:?}", app.triggers) };
        assert_eq!((&login.operations[..], &login.providers[..]), (&["LOGIN".into()][..], &["anon-user".into()][..]));
        let ruled: Vec<_> = app.rules.collections["cluster"].keys().collect();
        assert_eq!(ruled, [&("app".into(), "tasks".into()), &("app".into(), "users".into())]);

        let notices: Vec<String> = loaded.notices.iter().map(ToString::to_string).collect();
        let hosting = format!("{root}:5: not run by Usher: static hosting, because");
        let wanted = [&hosting];
        let mut wanted = wanted.to_vec();
        wanted.sort_unstable();
        assert_eq!(notices.len(), wanted.len(), "{notices:#?}");
        for (notice, wanted) in notices.iter().zip(wanted) {
            assert!(notice.starts_with(wanted), "{notice}\nis not\n{wanted}");
        }
    }
}

const STITCH: (&str, &str) = ("stitch.json", r#"{"config_version": 20180301, "name": "a", "app_id": ""}"#);

#[test]
fn mistakes_of_the_older_layouts_are_told_at_once() {
    let mistakes = load_both(&[
        (
            "stitch.json",
            "{\"config_version\": 20180301, \"name\": \"a\",\n\"custom_user_data_config\": {\"enabled\": true,\n\
             \"mongo_service_name\": \"cluster\", \"database_name\": \"app\", \"collection_name\": \"users\",\n\
             \"user_id_field\": \"id\", \"on_user_creation_function_name\": \"create\"}}",
        ),
        ("auth_providers/anon-user.json", "{\"name\": \"anon-user\",}"),
        ("functions/gone/config.json", "{\"name\":\n\"gone\"}"),
        ("functions/one/config.json", "{\"name\": \"one\"}"),
        ("functions/one/source.js", ""),
        ("functions/two/config.json", "{\"name\": \"one\"}"),
        ("functions/two/source.js", ""),
        ("functions/three/config.json", "{\n"),
        ("services/mail/incoming_webhooks/a/config.json", "["),
    ])
    .unwrap_err();
    let shown: Vec<String> = mistakes.0.iter().map(ToString::to_string).collect();
    let wanted = [
        "auth_providers/anon-user.json:1: not JSON",
        "functions/gone/config.json:2: the function \"gone\" has no source",
        "functions/three/config.json:1: not JSON",
        "functions/two/config.json:1: a second function named \"one\" on line 1, the first is in functions/one",
        "services/mail/incoming_webhooks/a/config.json:1: not JSON",
        "stitch.json:3: no data source is named \"cluster\"",
        "stitch.json:4: no function is named \"create\"",
    ];
    assert_eq!(shown.len(), wanted.len(), "{mistakes}");
    for (shown, wanted) in shown.iter().zip(wanted) {
        assert!(shown.starts_with(wanted), "{shown}\nis not\n{wanted}");
    }
    assert!(mistakes.to_string().contains("add the JavaScript functions/gone/source.js"), "{mistakes}");
}

#[test]
fn an_older_app_needs_little_and_may_hold_functions_of_all_kinds() {
    let loaded = load_both(&[
        STITCH,
        ("auth_providers/anon-user.json", r#"{"name": "anon-user", "type": "anon-user"}"#),
        ("functions/new/source.js", "exports = () => 1;"),
        ("functions/notes/helper.js", "exports = 1"),
        ("functions/fast.wasm", ""),
        ("functions/fast/config.json", r#"{"name": "fast", "private": true}"#),
        ("functions/crate/Cargo.toml", "[package]\nname = \"c\"\n[lib]\ncrate-type = [\"cdylib\"]"),
        ("functions/crate/config.json", r#"{"name": "crate", "private": true}"#),
    ])
    .unwrap();
    assert_eq!(loaded.app.id, "a");
    assert_eq!(loaded.app.data_sources, ["mongodb-atlas"]);
    assert_eq!(loaded.app.functions.keys().collect::<Vec<_>>(), ["crate", "fast", "new"]);
    assert!(loaded.app.functions["fast"].private && loaded.app.functions["crate"].private);
    let notices: Vec<String> = loaded.notices.iter().map(ToString::to_string).collect();
    assert_eq!(notices.len(), 2, "{notices:#?}");
    assert!(notices[0].starts_with("functions/new/source.js: has no entry in functions/new/config.json"));
    assert!(notices[1].starts_with("functions/notes/helper.js: is not a function: in this layout"));
}

#[test]
fn a_directory_has_one_layout() {
    let fails = |files: common::Files<'_>, wanted: &str| {
        let mistakes = load_both(files).unwrap_err().0;
        assert_eq!(mistakes.len(), 1, "{mistakes:#?}");
        assert!(mistakes[0].to_string().starts_with(wanted), "{}", mistakes[0]);
    };
    let realm = ("realm_config.json", r#"{"config_version": 20210101, "name": "a"}"#);
    fails(&[STITCH, realm], "realm_config.json: there is stitch.json as well");
    fails(&[("config.json", "{\"port\": 1}")], "config.json: has no \"config_version\", so it is not the root file");
    fails(&[("stitch.json", "{,")], "stitch.json:1: not JSON");
    fails(&[("README.md", "")], "realm_config.json: is missing, and so are root_config.json, config.json");
    let loaded = load_both(&[STITCH, ("config.json", "{\"port\": 1}")]).unwrap();
    assert_eq!(loaded.app.id, "a");
}

/// Nothing of an app is dropped in silence because it stands where the other layout has it.
#[test]
fn files_of_the_other_layout_are_told() {
    let notices = |files: common::Files<'_>| {
        let loaded = load_both(files).unwrap();
        loaded.notices.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let found = notices(&[
        ("realm_config.json", r#"{"config_version": 20210101, "name": "a"}"#),
        ("auth_providers/anon-user.json", "{}"),
    ]);
    assert!(found.iter().any(|n| n.starts_with("auth_providers: not run by Usher: this, because it belongs to the")));
    let found = notices(&[STITCH, ("functions/config.json", "[]"), ("auth/providers.json", "{}")]);
    assert!(found.iter().any(|n| n.starts_with("functions/config.json: not run by Usher: this, because")), "{found:?}");
    assert!(found.iter().any(|n| n.starts_with("auth/providers.json: not run by Usher: this, because")), "{found:?}");
}
