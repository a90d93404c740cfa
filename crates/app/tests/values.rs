//! Values, environments and secrets.

mod common;

use common::{BASE, directory, load_both, write};
use serde_json::json;
use usher_app::{AppValue, Secrets, load_with};

#[test]
fn values_are_read_as_they_stand() {
    let files: Vec<_> = BASE
        .iter()
        .copied()
        .chain([
            (
                "values/a.json",
                r#"{"name": "plain text", "value": "v", "from_secret": false, "id": "5", "private": true}"#,
            ),
            (
                "values/b.json",
                r#"{"name": "größe", "value": {"z": {"$numberLong": "9007199254740993"}, "a": [1, null]}}"#,
            ),
            ("values/c.json", r#"{"name": "nothing", "value": null}"#),
            ("values/README.md", "not a value"),
        ])
        .collect();
    let loaded = load_both(&files).unwrap();
    assert_eq!(loaded.notices, []);
    let values = loaded.app.values;
    assert_eq!(values["plain text"], AppValue::Plain(json!("v")));
    assert_eq!(values["nothing"], AppValue::Plain(json!(null)));
    let AppValue::Plain(object) = &values["größe"] else { panic!("{values:?}") };
    assert_eq!(object.to_string(), r#"{"z":{"$numberLong":"9007199254740993"},"a":[1,null]}"#, "the order stays");
}

/// The secrets of a file, with a value for each of `a`, `b` and `c` and the name of its secret.
#[allow(clippy::unwrap_used, reason = "a test")]
fn with_secrets(own: &str, secrets: &str) -> (Vec<(String, AppValue)>, Vec<String>) {
    let files = directory(BASE);
    let value = |name: &str| format!("{{\"name\": \"{name}\", \"from_secret\": true,\n\"value\": \"{name} secret\"}}");
    let (a, b, c) = (value("a"), value("b"), value("c"));
    write(files.path(), &[("values/a.json", &a), ("values/b.json", &b), ("values/c.json", &c), ("secrets.json", own)]);
    let outside = directory(&[("given.json", secrets)]);
    let secrets = Secrets::from_file(&outside.path().join("given.json")).unwrap();
    let loaded = load_with(files.path(), &secrets).unwrap();
    let notices = loaded.notices.iter().map(ToString::to_string).collect();
    (loaded.app.values.into_iter().collect(), notices)
}

#[test]
fn values_take_their_secrets_from_a_file_and_each_missing_one_is_named() {
    let secret = |name: &str, secret: &str| (name.to_owned(), AppValue::Secret(secret.to_owned()));
    let (values, notices) = with_secrets("{}", r#"{"a secret": "one"}"#);
    assert_eq!(values, [secret("a", "one")]);
    assert_eq!(notices.len(), 2, "{notices:?}");
    assert!(notices[0].starts_with("values/b.json:2: the secret \"b secret\" is not known"), "{notices:?}");
    assert!(notices[0].contains("set USHER_SECRET_B_SECRET"), "{notices:?}");
    assert!(notices[1].starts_with("values/c.json:2: the secret \"c secret\" is not known"), "{notices:?}");

    // The app's own comes after the one that was given.
    let own = r#"{"auth_providers": {"custom-token": {"a secret": "own"}}, "services": {"mail": {"b secret": "two"}}}"#;
    let (values, notices) = with_secrets(own, r#"{"a secret": "one", "c secret": ""}"#);
    assert_eq!(values, [secret("a", "one"), secret("b", "two"), secret("c", "")]);
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert!(notices[0].starts_with("secrets.json: holds secrets, which should not be under version control"));
}

#[test]
fn secrets_are_never_printed() {
    let outside = directory(&[("given.json", "{\"key\": \"swordfish\"}"), ("broken.json", "{\"key\":\nswordfish}")]);
    let secrets = Secrets::from_file(&outside.path().join("given.json")).unwrap();
    assert!(!format!("{secrets:?}").contains("swordfish"));
    assert!(format!("{secrets:?}").contains("key"));
    assert!(!format!("{:?}", AppValue::Secret("swordfish".into())).contains("swordfish"));

    let broken = Secrets::from_file(&outside.path().join("broken.json")).unwrap_err();
    assert_eq!(broken.0[0].line, Some(2));
    assert!(!broken.to_string().contains("swordfish"), "{broken}");
    let missing = Secrets::from_file(&outside.path().join("missing.json")).unwrap_err();
    assert_eq!(missing.0[0].file, outside.path().join("missing.json"));
}

#[test]
fn the_environment_of_the_app_gives_its_values() {
    let tagged = |tag: &str| {
        let root = format!("{{\"config_version\": 20210101, \"name\": \"shop\", \"environment\": \"{tag}\"}}");
        let files: Vec<_> = BASE
            .iter()
            .copied()
            .chain([
                ("realm_config.json", root.as_str()),
                ("environments/no-environment.json", r#"{"values": {"bucket": "none"}}"#),
                ("environments/production.json", r#"{"values": {"bucket": "live", "size": {"$numberInt": "3"}}}"#),
                ("environments/testing.json", r#"{"values": {}}"#),
            ])
            .collect();
        let loaded = load_both(&files).unwrap();
        assert_eq!(loaded.notices, [], "{tag}");
        let environment = loaded.app.environment;
        assert_eq!(environment.tag, tag);
        serde_json::Value::from(environment.values)
    };
    assert_eq!(tagged(""), json!({"bucket": "none"}));
    assert_eq!(tagged("production"), json!({"bucket": "live", "size": {"$numberInt": "3"}}));
    assert_eq!(tagged("testing"), json!({}));
    assert_eq!(tagged("qa"), json!({"bucket": "none"}), "it has no file of its own");
}

#[test]
fn a_file_of_no_environment_is_told() {
    let files: Vec<_> = BASE.iter().copied().chain([("environments/staging.json", "{\"values\": {}}")]).collect();
    let notices = load_both(&files).unwrap().notices;
    assert!(notices[0].to_string().starts_with("environments/staging.json: is of no environment"), "{notices:?}");
}
