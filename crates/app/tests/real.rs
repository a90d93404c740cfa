//! An app with what public exports hold (real-apps 1, 5, 6 and 7): all of it is read, or told.

mod common;

use common::load_both;
use usher_app::{AppValue, Occasion, RunAs, Shape, Validation};

const EXPORT: common::Files<'static> = &[
    (
        "realm_config.json",
        r#"{"app_id": "tracker-abcde", "config_version": 20210101, "name": "tracker", "location": "DE-FF",
            "provider_region": "aws-eu-central-1", "deployment_model": "LOCAL", "environment": "production"}"#,
    ),
    ("auth/providers.json", r#"{"anon-user": {"name": "anon-user", "type": "anon-user", "disabled": false}}"#),
    ("auth/custom_user_data.json", r#"{"enabled": false}"#),
    (
        "data_sources/Cluster0/config.json",
        r#"{"name": "Cluster0", "type": "mongodb-atlas", "config": {"clusterName": "Cluster0",
            "readPreference": "nearest", "wireProtocolEnabled": false}}"#,
    ),
    ("environments/no-environment.json", r#"{"values": {"base": "none"}}"#),
    ("environments/development.json", r#"{"values": {}}"#),
    ("environments/testing.json", r#"{"values": {}}"#),
    ("environments/qa.json", r#"{"values": {}}"#),
    ("environments/production.json", r#"{"values": {"base": "https://example.com", "limits": {"a": 1}}}"#),
    ("values/plain.json", r#"{"name": "plain", "value": "text", "from_secret": false}"#),
    ("values/object.json", r#"{"name": "object", "value": {"a": [1]}, "from_secret": false}"#),
    ("values/array.json", r#"{"name": "array", "value": [1, "b"], "from_secret": false}"#),
    ("values/flag.json", r#"{"name": "flag", "value": true}"#),
    ("values/key.json", r#"{"name": "key", "value": "known", "from_secret": true}"#),
    ("values/lost.json", r#"{"name": "lost", "value": "unknown", "from_secret": true}"#),
    ("secrets.json", r#"{"auth_providers": {}, "services": {"hooks": {"known": "s3cret"}}}"#),
    (
        "functions/config.json",
        r#"[{"name": "answer", "private": true, "run_as_system": true, "disable_arg_logs": true, "can_evaluate": {}},
            {"name": "folder/inner", "private": false, "can_evaluate": {"%%request.remoteIPAddress": {"$nin": ["192.0.2.1"]}}},
            {"name": "scripted", "run_as_user_id_script_source": "exports = () => '5f';"},
            {"name": "user", "run_as_user_id": "5f0000000000000000000001"}]"#,
    ),
    ("functions/answer.js", "exports = () => 1;"),
    ("functions/folder/inner.js", "exports = () => 1;"),
    ("functions/scripted.js", "exports = () => 1;"),
    ("functions/user.js", "exports = () => 1;"),
    ("functions/unlisted.js", "exports = () => 1;"),
    ("functions/package.json", r#"{"dependencies": {}}"#),
    (
        "triggers/onChange.json",
        r#"{"name": "onChange", "type": "DATABASE", "disabled": false,
            "config": {"clusterName": "Cluster0", "collection": "orders", "database": "shop", "full_document": true,
              "full_document_before_change": false, "match": {"updateDescription.updatedFields.status": {"$exists": true}},
              "maximum_throughput": false, "operation_types": ["INSERT", "UPDATE", "REPLACE"], "project": {},
              "service_name": "Cluster0", "skip_catchup_events": false, "tolerate_resume_errors": false, "unordered": false},
            "event_processors": {"FUNCTION": {"config": {"function_name": "answer"}}}}"#,
    ),
    (
        "triggers/wholeDatabase.json",
        r#"{"name": "wholeDatabase", "type": "DATABASE", "function_name": "answer", "disabled": false,
            "config": {"service_name": "Cluster0", "database": "shop", "collection": "", "operation_types": ["DELETE"],
              "match": {}, "full_document": false, "unordered": true}}"#,
    ),
    (
        "triggers/onLogin.json",
        r#"{"name": "onLogin", "type": "AUTHENTICATION", "disabled": false,
            "config": {"operation_type": "LOGIN", "providers": ["local-userpass", "custom-function", "oauth2-google"]},
            "event_processors": {"FUNCTION": {"config": {"function_name": "answer"}}}}"#,
    ),
    (
        "triggers/nightly.json",
        r#"{"name": "nightly", "type": "SCHEDULED", "disabled": false, "event_processors": {},
            "function_name": "folder/inner",
            "config": {"schedule": "0 9 * * MON-FRI", "skip_catchup_events": false}}"#,
    ),
    (
        "triggers/bridge.json",
        r#"{"name": "bridge", "type": "DATABASE", "config": {"service_name": "Cluster0", "database": "shop"},
            "event_processors": {"AWS_EVENTBRIDGE": {"config": {"account_id": "1", "region": "us-east-1"}}}}"#,
    ),
    (
        "http_endpoints/config.json",
        r#"[{"route": "/open", "http_method": "GET", "function_name": "answer", "validation_method": "NO_VALIDATION",
             "respond_result": true, "fetch_custom_user_data": false, "create_user_on_auth": false, "disabled": false,
             "return_type": "JSON"},
            {"route": "/any", "http_method": "*", "function_name": "answer", "respond_result": false, "disabled": false},
            {"route": "/secret", "http_method": "POST", "function_name": "folder/inner", "disabled": false,
             "validation_method": "SECRET_AS_QUERY_PARAM", "secret_name": "known", "return_type": "EJSON"},
            {"route": "/signed", "httpMethod": "PUT", "function_name": "scripted", "disabled": false,
             "validation_method": "VERIFY_PAYLOAD", "secret_name": "known"}]"#,
    ),
    (
        "http_endpoints/data_api_config.json",
        r#"{"disabled": false, "versions": ["v1"], "return_type": "JSON", "validation_method": "NO_VALIDATION"}"#,
    ),
    ("services/hooks/config.json", r#"{"name": "hooks", "type": "http", "config": {}, "version": 1}"#),
    (
        "services/hooks/incoming_webhooks/in/config.json",
        r#"{"name": "in", "can_evaluate": {}, "run_as_authed_user": false, "run_as_user_id": "",
            "run_as_user_id_script_source": "", "respond_result": true, "fetch_custom_user_data": false,
            "create_user_on_auth": false, "disable_arg_logs": false,
            "options": {"httpMethod": "POST", "validationMethod": "NO_VALIDATION"}}"#,
    ),
    ("services/hooks/incoming_webhooks/in/source.js", "exports = (payload, response) => 1;"),
    ("services/sms/config.json", r#"{"name": "sms", "type": "twilio", "config": {"sid": "AC"}, "secret_config": {}}"#),
    ("sync/config.json", r#"{"development_mode_enabled": false}"#),
    ("graphql/config.json", r#"{"use_natural_pluralization": true}"#),
    ("hosting/metadata.json", "[]"),
];

#[test]
fn what_public_exports_hold_is_read_or_told() {
    let loaded = load_both(EXPORT).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let app = loaded.app;
    assert_eq!((app.environment.tag.as_str(), app.environment.values.len()), ("production", 2));
    assert_eq!(app.values.keys().collect::<Vec<_>>(), ["array", "flag", "key", "object", "plain"]);
    assert_eq!(app.values["key"], AppValue::Secret("s3cret".into()));
    assert_eq!(app.triggers.keys().collect::<Vec<_>>(), ["nightly", "onChange", "onLogin", "wholeDatabase"]);
    let Occasion::Database(wide) = &app.triggers["wholeDatabase"].occasion else { panic!("{:?}", app.triggers) };
    assert_eq!((wide.database.as_deref(), &wide.collection, wide.unordered), (Some("shop"), &None, true));
    let endpoints: Vec<_> = app.endpoints.iter().map(|it| (it.route.as_str(), it.shape, &it.run_as)).collect();
    let script = RunAs::Script("run_as/scripted".into());
    assert_eq!(
        endpoints,
        [
            ("/open", Shape::Json, &RunAs::System),
            ("/any", Shape::Json, &RunAs::System),
            ("/secret", Shape::Ejson, &RunAs::Caller),
            ("/signed", Shape::Json, &script),
            ("in", Shape::Ejson, &RunAs::System),
        ]
    );
    assert_eq!(app.endpoints[2].validation, Validation::Query("s3cret".into()));
    assert_eq!(app.endpoints[3].validation, Validation::Signature("s3cret".into()));

    let told: Vec<String> = loaded.notices.iter().map(ToString::to_string).collect();
    let wanted = [
        "functions/unlisted.js: has no entry in functions/config.json",
        "http_endpoints/data_api_config.json: not run by Usher: the Data API",
        "secrets.json: holds secrets",
        "services/sms/config.json: not run by Usher: the service, of type \"twilio\"",
        "triggers/bridge.json:2: not run by Usher: the event processor AWS_EVENTBRIDGE",
        "values/lost.json:1: the secret \"unknown\" is not known",
    ];
    assert_eq!(told.len(), wanted.len(), "{told:#?}");
    for (told, wanted) in told.iter().zip(wanted) {
        assert!(told.starts_with(wanted), "{told}\nis not\n{wanted}");
    }
}

/// What was pulled over an older export, written by hand or left out of version control is read as it was meant.
#[test]
fn what_public_exports_have_besides_is_no_mistake() {
    let changed: common::Files<'_> = &[
        ("root_config.json", r#"{"name": "newer", "deployment_model": "Local"}"#),
        (
            "data_sources/Cluster1/shop/orders/rules.json",
            r#"{"roles": [{"name": "all", "apply_when": {}, "read": true}]}"#,
        ),
        (
            "auth/providers.json",
            r#"{"local-userpass": {"name": "local-userpass", "type": "local-userpass", "disabled": false,
                "config": {"autoConfirm": true, "runResetFunction": "", "runConfirmationFunction": false}}}"#,
        ),
        ("https_endpoints/config.json", r#"[{"route": "/a", "http_method": "GET", "function_name": "answer"}]"#),
        ("http_endpoints/config.json", r#"[{"route": "/a", "http_method": "GET", "function_name": "removed"}]"#),
        ("services/hooks/config.json", r#"{"name": "hooks", "type": "http", "config": {}}"#),
        (
            "services/hooks/incoming_webhooks/in/config.json",
            r#"{"name": "in", "options": {"httpMethod": "POST", "secret": "l1teral", "validationMethod": "VERIFY_PAYLOAD"}}"#,
        ),
        ("services/hooks/incoming_webhooks/in/source.js", "exports = () => 1;"),
        (
            "triggers/idle.json",
            r#"{"name": "idle", "type": "DATABASE", "disabled": false,
                "config": {"service_name": "Cluster0", "database": "shop", "collection": "orders", "operation_types": ["INSERT"]}}"#,
        ),
    ];
    let files: Vec<_> =
        EXPORT.iter().filter(|(path, _)| !path.starts_with("http_endpoints")).chain(changed).copied().collect();
    let loaded = load_both(&files).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let app = loaded.app;
    assert_eq!((app.id.as_str(), app.deployment_model.as_str()), ("newer", "LOCAL"));
    assert!(app.data_sources.iter().any(|name| name == "Cluster1"), "{:?}", app.data_sources);
    assert!(app.http_services.iter().any(|name| name == "hooks"), "{:?}", app.http_services);
    let webhook = app.endpoints.iter().find(|one| one.service.as_deref() == Some("hooks"));
    assert_eq!(webhook.map(|one| &one.validation), Some(&Validation::Signature("l1teral".into())));
    assert!(app.endpoints.iter().any(|one| one.route == "/a" && one.function == "answer"));
    let told = |file: &str| loaded.notices.iter().filter(|notice| notice.to_string().starts_with(file)).count();
    for file in ["realm_config.json", "data_sources/Cluster1/config.json", "http_endpoints/config.json: not read"] {
        assert_eq!(told(file), 1, "{file}: {:#?}", loaded.notices);
    }
    assert_eq!(told("services/hooks/incoming_webhooks/in/config.json:1: the secret itself"), 1);
    assert_eq!((told("triggers/idle.json:1: names no function"), app.triggers.contains_key("idle")), (1, false));
    assert!(!loaded.notices.iter().any(|notice| notice.to_string().contains("l1teral")));
}
