//! `usher.json`: what it grants, and how it is written.

mod common;

use std::time::Duration;

use common::{BASE, directory, load_both};
use usher_app::{DataGrant, HttpGrant, UsersConfig, UsherConfig, load, write_grants};
use usher_contract::Operations;

#[allow(clippy::unwrap_used, reason = "a test")]
fn read(content: &str) -> UsherConfig {
    let files: Vec<_> = BASE
        .iter()
        .copied()
        .chain([
            ("data_sources/main/config.json", r#"{"name": "Cluster0", "type": "mongodb-atlas"}"#),
            ("usher.json", content),
        ])
        .collect();
    load_both(&files).unwrap().app.usher
}

fn http(scheme: &str, host: &str, port: u16, functions: &[&str]) -> HttpGrant {
    let functions = functions.iter().map(ToString::to_string).collect();
    HttpGrant { scheme: scheme.into(), host: host.into(), port, functions }
}

#[test]
fn grants_are_read() {
    let config = read(
        r#"{"share_instance": true,
            "http": ["https://API.example.com", {"origin": "http://127.0.0.1:8080", "functions": ["hello"]}],
            "grants": [{"data_source": "Cluster0", "database": "shop", "collection": "*"},
                       {"data_source": "Cluster0", "database": "shop", "collection": "orders.open",
                        "operations": ["read", "insert"], "functions": ["hello"]}]}"#,
    );
    assert!(config.present && config.share_instance);
    assert_eq!(config.http, [http("https", "api.example.com", 443, &[]), http("http", "127.0.0.1", 8080, &["hello"]),]);
    let grant = |collection: Option<&str>, operations, functions: &[&str]| DataGrant {
        data_source: "Cluster0".into(),
        database: "shop".into(),
        collection: collection.map(str::to_owned),
        operations,
        functions: functions.iter().map(ToString::to_string).collect(),
    };
    let read_insert = Operations { read: true, insert: true, update: false, delete: false };
    assert_eq!(
        config.grants,
        [grant(None, Operations::ALL, &[]), grant(Some("orders.open"), read_insert, &["hello"]),]
    );
}

/// Without the file, and with an empty one, functions reach custom data and nothing else.
#[test]
fn nothing_is_granted_unless_it_is_written() {
    let loaded = load_both(BASE).unwrap();
    assert_eq!(loaded.app.usher, UsherConfig::default());
    assert_eq!(read("{}"), UsherConfig { present: true, ..UsherConfig::default() });
}

#[test]
fn origins_are_taken_strictly() {
    let one = |origin: &str| read(&serde_json::json!({ "http": [origin] }).to_string()).http.remove(0);
    assert_eq!(one("https://a.example.com:8443"), http("https", "a.example.com", 8443, &[]));
    assert_eq!(one("HTTP://localhost"), http("http", "localhost", 80, &[]));
    assert_eq!(one("https://*.example.com"), http("https", "*.example.com", 443, &[]));
    assert_eq!(one("http://[::1]:9000"), http("http", "[::1]", 9000, &[]));
    assert_eq!(one("http://[::1]"), http("http", "[::1]", 80, &[]));

    for refused in [
        "api.example.com",
        "ftp://example.com",
        "https://",
        "https://example.com/",
        "https://example.com/v1",
        "https://example.com?x",
        "https://user:password@example.com",
        "https://example.com:0",
        "https://example.com:99999",
        "https://example.com:",
        "https://exa mple.com",
        "https://*",
        "https://*.com",
        "https://a.*.com",
        "https://*.0.0.1",
        "https://127.1",
        "https://256.0.0.1",
        "https://[::1",
        "https://[fe80::1%25eth0]",
        "https://example.com.",
        "https://.example.com",
        "https://bücher.example",
    ] {
        let content = serde_json::json!({ "http": [refused] }).to_string();
        let files: Vec<_> = BASE.iter().copied().chain([("usher.json", content.as_str())]).collect();
        let mistakes = load_both(&files).expect_err(refused).0;
        assert_eq!(mistakes.len(), 1, "{refused}: {mistakes:?}");
        assert!(mistakes[0].help.contains("https://api.example.com"), "{refused}: {mistakes:?}");
    }
}

#[test]
fn what_is_written_is_read_again() {
    let files = directory(BASE);
    let grant = |collection: Option<&str>, operations, functions: &[&str]| DataGrant {
        data_source: "mongodb-atlas".into(),
        database: "shop".into(),
        collection: collection.map(str::to_owned),
        operations,
        functions: functions.iter().map(ToString::to_string).collect(),
    };
    let read_only = Operations { read: true, insert: false, update: false, delete: false };
    let config = UsherConfig {
        present: true,
        share_instance: false,
        http: vec![http("https", "api.example.com", 443, &[]), http("http", "[::1]", 8080, &["hello"])],
        grants: vec![grant(None, Operations::ALL, &[]), grant(Some("orders"), read_only, &["hello"])],
        users: UsersConfig::default(),
    };
    write_grants(files.path(), &config).unwrap();
    let text = std::fs::read_to_string(files.path().join("usher.json")).unwrap();
    assert_eq!(load(files.path()).unwrap().app.usher, config, "{text}");
    assert!(
        text.starts_with("{\n  \"share_instance\": false,\n  \"http\": [\n    \"https://api.example.com\","),
        "{text}"
    );

    // The same grants in another order, one of them twice, make the same file.
    let mut shuffled = config.clone();
    shuffled.grants.reverse();
    shuffled.http.reverse();
    shuffled.grants.push(shuffled.grants[0].clone());
    write_grants(files.path(), &shuffled).unwrap();
    assert_eq!(std::fs::read_to_string(files.path().join("usher.json")).unwrap(), text);

    let names: Vec<_> = std::fs::read_dir(files.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().contains("part")), "{names:?}");
}

#[test]
fn users_are_kept_as_the_file_says() {
    let users = r#"{"users": {"case_insensitive_email": true, "refresh_token_seconds": 1800, "anonymous_days": 30,
                    "delete_custom_data": true}}"#;
    let wanted = UsersConfig {
        case_insensitive_email: true,
        refresh_token_lifetime: Some(Duration::from_secs(1800)),
        anonymous_lifetime: Some(Duration::from_secs(30 * 86_400)),
        delete_custom_data: true,
    };
    assert_eq!(read(users).users, wanted);
    assert_eq!(read(r#"{"users": {}}"#).users, UsersConfig::default());
}

#[test]
fn writing_grants_leaves_everything_else_in_the_file() {
    let files = directory(BASE);
    let there = r#"{"users": {"anonymous_days": 7}, "http": ["https://old.example.com"], "oauth2": {}}"#;
    common::write(files.path(), &[("usher.json", there)]);
    let config = UsherConfig { http: vec![http("https", "new.example.com", 443, &[])], ..UsherConfig::default() };
    write_grants(files.path(), &config).unwrap();
    let text = std::fs::read_to_string(files.path().join("usher.json")).unwrap();
    let written: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        written,
        serde_json::json!({ "share_instance": false, "http": ["https://new.example.com"], "grants": [],
                            "users": { "anonymous_days": 7 }, "oauth2": {} })
    );

    common::write(files.path(), &[("usher.json", "[1]")]);
    assert!(write_grants(files.path(), &config).is_err(), "what is there is no object");
    assert_eq!(std::fs::read_to_string(files.path().join("usher.json")).unwrap(), "[1]");
}
