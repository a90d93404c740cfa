//! HTTPS endpoints, webhooks, and on whose behalf they and functions run.

mod common;

use common::{BASE, Files, load_both};
use usher_app::{Endpoint, Loaded, Method, RunAs, Shape, Source, Validation};

const SECRETS: (&str, &str) = ("secrets.json", r#"{"hook": "s3cret"}"#);

#[allow(clippy::unwrap_used, reason = "a test")]
fn loaded(files: Files<'_>) -> Loaded {
    let all: Vec<_> = BASE.iter().chain([&SECRETS]).chain(files).copied().collect();
    load_both(&all).unwrap()
}

fn endpoint(fields: &str) -> Endpoint {
    let content = format!(r#"[{{"route": "/a", "http_method": "GET", "function_name": "hello", {fields}}}]"#);
    loaded(&[("https_endpoints/config.json", &content)]).app.endpoints.remove(0)
}

#[test]
fn every_field_of_an_endpoint_is_read() {
    let content = r#"[
        {"route": "/orders/new", "http_method": "*", "function_name": "hello", "function_id": "5f",
         "validation_method": "VERIFY_PAYLOAD", "secret_name": "hook", "secret_id": "5f", "respond_result": true,
         "return_type": "EJSON", "fetch_custom_user_data": true, "create_user_on_auth": true, "disabled": false,
         "can_evaluate": {"%%request.httpMethod": "POST"}},
        {"route": "/orders", "httpMethod": "post", "function_name": "hello", "validation_method": "NO_VALIDATION",
         "disabled": true}]"#;
    let read = loaded(&[("http_endpoints/config.json", content)]);
    let [new, orders] = &read.app.endpoints[..] else { panic!("{:?}", read.app.endpoints) };
    assert_eq!((new.route.as_str(), new.method, new.function.as_str()), ("/orders/new", None, "hello"));
    assert_eq!((&new.service, &new.validation), (&None, &Validation::Signature("s3cret".into())));
    assert_eq!((new.respond_result, new.shape), (true, Shape::Ejson));
    assert!(new.fetch_custom_user_data && new.create_user_on_auth && !new.disabled && new.can_evaluate.is_some());
    assert!(!format!("{new:?}").contains("s3cret"));
    assert_eq!((orders.method, orders.shape, orders.disabled), (Some(Method::Post), Shape::Json, true));
    assert!(!orders.respond_result && orders.can_evaluate.is_none());
    assert_eq!((&orders.validation, &orders.run_as), (&Validation::None, &RunAs::Caller));
    let notices: Vec<String> = read.notices.iter().map(ToString::to_string).collect();
    assert!(notices.len() == 1 && notices[0].starts_with("secrets.json"), "{notices:?}");
}

#[test]
fn a_validation_is_read_under_both_of_its_names() {
    let secret = r#""secret_name": "hook""#;
    for key in ["validation_method", "verification_method"] {
        let read = endpoint(&format!(r#""{key}": "SECRET_AS_QUERY_PARAM", {secret}"#));
        assert_eq!(read.validation, Validation::Query("s3cret".into()), "{key}");
    }
    let both = |other: &str| {
        format!(
            r#"[{{"route": "/a", "http_method": "GET", "function_name": "hello", {secret},
                 "validation_method": "{other}", "verification_method": "VERIFY_PAYLOAD"}}]"#
        )
    };
    for other in ["NO_VALIDATION", "VERIFY_PAYLOAD"] {
        let read = loaded(&[("http_endpoints/config.json", &both(other))]);
        assert_eq!(read.app.endpoints[0].validation, Validation::Signature("s3cret".into()), "{other}");
    }
    let content = both("SECRET_AS_QUERY_PARAM");
    let all: Vec<_> = BASE.iter().chain([&SECRETS, &("http_endpoints/config.json", &content)]).copied().collect();
    assert!(load_both(&all).unwrap_err().to_string().contains("differ"));
}

#[test]
fn one_route_may_have_an_endpoint_for_each_method_and_others_switched_off() {
    let entry = |method: &str, disabled: bool| {
        format!(r#"{{"route": "/a", "http_method": "{method}", "function_name": "hello", "disabled": {disabled}}}"#)
    };
    let entries = [entry("GET", false), entry("POST", false), entry("*", false), entry("GET", true)];
    let read = loaded(&[("http_endpoints/config.json", &format!("[{}]", entries.join(",")))]);
    assert_eq!(read.app.endpoints.len(), 4);
    let gone = r#"[{"route": "/a", "http_method": "GET", "function_name": "gone", "disabled": true}]"#;
    let read = loaded(&[("http_endpoints/config.json", gone)]);
    assert!(read.app.endpoints.is_empty());
    assert!(read.notices.iter().any(|it| it.message.contains("the endpoint is switched off and was left out")));
}

#[test]
fn an_endpoint_runs_as_its_function_does_unless_it_says_otherwise() {
    assert_eq!(endpoint(r#""run_as_system": true"#).run_as, RunAs::System);
    assert_eq!(endpoint(r#""run_as_user_id": "5f""#).run_as, RunAs::User("5f".into()));
    for (function, wanted) in [
        (r#""run_as_system": true"#, RunAs::System),
        (r#""run_as_user_id": "5f""#, RunAs::User("5f".into())),
        (r#""run_as_system": false"#, RunAs::Caller),
    ] {
        let manifest = format!(r#"[{{"name": "hello", {function}}}]"#);
        let config = r#"[{"route": "/a", "http_method": "GET", "function_name": "hello"}]"#;
        let read = loaded(&[("functions/config.json", &manifest), ("http_endpoints/config.json", config)]);
        assert_eq!(read.app.endpoints[0].run_as, wanted, "{function}");
    }
    let content = r#"[{"route": "/a", "http_method": "GET", "function_name": "hello",
                       "run_as_user_id_script_source": "exports = () => '5f';"}]"#;
    let app = loaded(&[("http_endpoints/config.json", content)]).app;
    let RunAs::Script(name) = &app.endpoints[0].run_as else { panic!("{:?}", app.endpoints) };
    assert_eq!(name, "run_as/endpoint/GET/a");
    let Source::Inline { file, source } = &app.functions[name].source else { panic!("{:?}", app.functions[name]) };
    assert_eq!((file.as_str(), source.as_str()), ("http_endpoints/config.json", "exports = () => '5f';"));
}

#[test]
fn webhooks_of_both_places_become_private_functions() {
    let read = loaded(&[
        ("http_endpoints/mail/config.json", r#"{"name": "mailer", "type": "http", "config": {}}"#),
        (
            "http_endpoints/mail/incoming_webhooks/in/config.json",
            r#"{"name": "in", "respond_result": true, "fetch_custom_user_data": true, "run_as_authed_user": true,
                "options": {"httpMethod": "POST", "validationMethod": "SECRET_AS_QUERY_PARAM", "secret": "hook"}}"#,
        ),
        ("http_endpoints/mail/incoming_webhooks/in/source.js", "exports = () => 1;"),
        ("services/old/config.json", r#"{"type": "http"}"#),
        (
            "services/old/incoming_webhooks/ping/config.json",
            r#"{"run_as_user_id_script_source": "() => '5f'", "options": {"httpMethod": "HEAD"}}"#,
        ),
        ("services/old/incoming_webhooks/ping/source.js", "exports = () => 1;"),
        ("usher.json", r#"{"http": [{"origin": "https://a.b", "functions": ["incoming_webhooks/old/ping"]}]}"#),
    ]);
    let app = read.app;
    let names: Vec<&String> = app.functions.keys().collect();
    assert_eq!(
        names,
        ["hello", "incoming_webhooks/mailer/in", "incoming_webhooks/old/ping", "run_as/incoming_webhooks/old/ping"]
    );
    assert!(app.functions.values().filter(|it| it.name != "hello").all(|it| it.private));
    let [ping, inbox] = &app.endpoints[..] else { panic!("{:?}", app.endpoints) };
    assert_eq!((inbox.service.as_deref(), inbox.route.as_str()), (Some("mailer"), "in"));
    assert_eq!((inbox.method, &inbox.run_as), (Some(Method::Post), &RunAs::Caller));
    assert_eq!(inbox.validation, Validation::Query("s3cret".into()));
    assert_eq!((inbox.shape, inbox.respond_result), (Shape::Ejson, true));
    assert!(!app.functions[&inbox.function].run_as_system);
    assert_eq!((ping.service.as_deref(), ping.route.as_str(), ping.method), (Some("old"), "ping", Some(Method::Head)));
    assert_eq!(ping.run_as, RunAs::Script("run_as/incoming_webhooks/old/ping".into()));
    let Source::Inline { source, .. } = &app.functions["run_as/incoming_webhooks/old/ping"].source else { panic!() };
    assert_eq!(source, "exports = () => '5f'", "a bare function is exported");
    let told: Vec<String> = read.notices.iter().map(ToString::to_string).collect();
    assert!(!told.iter().any(|notice| notice.contains("not run")), "{told:?}");
}

#[test]
fn functions_run_as_whom_their_entry_says() {
    let function = |fields: &str| {
        let manifest = format!(r#"[{{"name": "hello", {fields}}}]"#);
        loaded(&[("functions/config.json", &manifest)]).app.functions
    };
    let of = |fields: &str| {
        let mut functions = function(fields);
        let hello = functions.remove("hello").expect("it is there");
        assert!(!hello.private, "clients may call it");
        (hello.run_as_system, hello.run_as_user)
    };
    let user = r#""run_as_user_id": "5f0000000000000000000001""#;
    assert_eq!(of(user), (false, Some(RunAs::User("5f0000000000000000000001".into()))));
    assert_eq!(of(&format!(r#""run_as_system": true, {user}"#)), (true, None));
    assert_eq!(of(r#""run_as_user_id": "", "run_as_user_id_script_source": """#), (false, None));
    let script = r#""run_as_user_id_script_source": "exports = function () { return '5f'; }""#;
    assert_eq!(of(script), (false, Some(RunAs::Script("run_as/hello".into()))));
    let functions = function(script);
    let asked = &functions["run_as/hello"];
    assert!(asked.private && asked.run_as_system);
    let wanted = Source::Inline {
        file: "functions/config.json".into(),
        source: "exports = function () { return '5f'; }".into(),
    };
    assert_eq!(asked.source, wanted);
}

#[test]
fn who_may_call_is_an_expression() {
    let given = |fields: &str| {
        let manifest = format!(r#"[{{"name": "hello", {fields}}}]"#);
        let loaded = loaded(&[("functions/config.json", &manifest)]);
        let hello = &loaded.app.functions["hello"];
        assert!(!hello.private, "{fields}");
        hello.can_evaluate.is_some()
    };
    for fields in [
        r#""can_evaluate": {"%%user.custom_data.admin": true}"#,
        r#""can_evaluate": {"%%request.remoteIPAddress": {"$nin": ["192.0.2.1"]}}"#,
        r#""can_evaluate": {"%%args.0.name": {"$exists": true}}"#,
    ] {
        assert!(given(fields), "{fields}");
    }
    for fields in [r#""can_evaluate": {}"#, r#""can_evaluate": null"#, r#""can_evaluate": {"%%true": true}"#] {
        assert!(!given(fields), "{fields}");
    }
}
