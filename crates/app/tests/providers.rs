//! `auth/providers.json`: every provider in full, in both layouts.

mod common;

use common::{BASE, load_both};
use usher_app::{Confirmation, Loaded, Mail, MetadataField, OAuth2Services, Providers, Reset, TokenKeys};

/// An app with these providers, and a secret of 32 characters.
#[allow(clippy::unwrap_used, reason = "a test")]
fn loaded(providers: &str, usher: &str) -> Loaded {
    let mut files = BASE.to_vec();
    files.push(("secrets.json", r#"{"jwt": "0123456789abcdef0123456789abcdef", "google": "g-secret"}"#));
    files.push(("auth/providers.json", providers));
    files.push(("usher.json", usher));
    load_both(&files).unwrap()
}

fn providers(providers: &str) -> Providers {
    loaded(providers, "{}").app.providers
}

#[test]
fn registrations_are_confirmed_in_one_of_three_ways() {
    let mail = |url: &str, subject: &str| Confirmation::Mail(Mail { url: url.into(), subject: subject.into() });
    for (config, wanted, pending) in [
        (r#"{"autoConfirm": true}"#, Confirmation::Automatic, false),
        (
            r#"{"autoConfirm": false, "emailConfirmationUrl": "https://example.com/c?x=1", "confirmEmailSubject": "Hi"}"#,
            mail("https://example.com/c?x=1", "Hi"),
            false,
        ),
        (r#"{"emailConfirmationUrl": "my-app://confirm"}"#, mail("my-app://confirm", ""), false),
        // The stricter of the two.
        (
            r#"{"autoConfirm": true, "runConfirmationFunction": true, "confirmationFunctionName": "hello"}"#,
            Confirmation::Function("hello".into()),
            false,
        ),
        ("{}", mail("", ""), true),
    ] {
        let loaded = loaded(&format!(r#"{{"local-userpass": {{"config": {config}}}}}"#), "{}");
        assert_eq!(loaded.app.providers.local_userpass.unwrap().confirmation, wanted, "{config}");
        let told = loaded.notices.iter().any(|notice| notice.message.contains("nothing confirms a registration"));
        assert_eq!(told, pending, "{config}: {:?}", loaded.notices);
    }
    let nothing_said = providers(r#"{"local-userpass": {}}"#).local_userpass.unwrap();
    assert_eq!(nothing_said.confirmation, mail("", ""), "nobody is confirmed by default");
}

#[test]
fn passwords_are_reset_in_one_of_two_ways_or_not_at_all() {
    for (config, wanted) in [
        (r#""runResetFunction": true, "resetFunctionName": "hello""#, Reset::Function("hello".into())),
        (r#""runResetFunction": false, "resetFunctionName": "gone""#, Reset::None),
        (
            r#""resetPasswordUrl": "https://example.com/r", "resetPasswordSubject": "Reset""#,
            Reset::Mail(Mail { url: "https://example.com/r".into(), subject: "Reset".into() }),
        ),
        (r#""resetPasswordUrl": """#, Reset::None),
    ] {
        let read = providers(&format!(r#"{{"local-userpass": {{"config": {{"autoConfirm": true, {config}}}}}}}"#));
        assert_eq!(read.local_userpass.unwrap().reset, wanted, "{config}");
    }
}

#[test]
fn custom_tokens_are_checked_with_secrets_or_published_keys() {
    let read = |config: &str, keys: &str| {
        let all = format!(r#"{{"custom-token": {{"config": {config}, "secret_config": {{"signingKeys": {keys}}}}}}}"#);
        providers(&all).custom_token.unwrap()
    };
    for audience in ["{}", r#"{"audience": ""}"#, r#"{"audience": []}"#] {
        let token = read(audience, r#"["jwt"]"#);
        assert_eq!(token.audiences, ["shop"], "{audience}");
        assert!(!token.any_audience);
        let TokenKeys::Hs256(keys) = token.keys else { panic!("{:?}", token.keys) };
        assert_eq!(keys, ["0123456789abcdef0123456789abcdef"]);
    }
    let token =
        read(r#"{"audience": ["a", "b"], "requireAnyAudience": true, "signingAlgorithm": "HS256"}"#, r#""jwt""#);
    assert_eq!((&token.audiences[..], token.any_audience), (&["a".to_owned(), "b".to_owned()][..], true));
    assert!(!format!("{token:?}").contains("0123456789"), "a secret is not shown");

    let published = providers(
        r#"{"custom-token": {"config": {"audience": "me", "useJWKURI": true, "jwkURI": "https://example.com/keys"},
            "secret_config": {"signingKeys": []}}}"#,
    );
    let token = published.custom_token.unwrap();
    assert!(matches!(token.keys, TokenKeys::Published(address) if address == "https://example.com/keys"));
}

#[test]
fn metadata_fields_of_tokens_are_paths_and_of_profiles_names() {
    let field = |required, path: &[&str], name: &str| MetadataField {
        required,
        path: path.iter().map(ToString::to_string).collect(),
        name: name.into(),
    };
    let read = providers(
        r#"{"custom-token": {"config": {"useJWKURI": true, "jwkURI": "http://127.0.0.1:9/keys"}, "metadata_fields": [
              {"required": true, "name": "secretField", "field_name": "secret"},
              {"name": "meta.address.city"},
              {"name": "https://example\\.com/roles.admin", "field_name": "admin"}]},
            "oauth2-apple": {"config": {"clientId": "a"}, "metadata_fields": [{"required": true, "name": "e.mail"}]}}"#,
    );
    assert_eq!(
        read.custom_token.unwrap().metadata_fields,
        [
            field(true, &["secretField"], "secret"),
            field(false, &["meta", "address", "city"], "city"),
            field(false, &["https://example.com/roles", "admin"], "admin"),
        ]
    );
    assert_eq!(read.apple.unwrap().metadata_fields, [field(true, &["e.mail"], "e.mail")]);
}

#[test]
fn the_others_are_read_with_secrets_and_addresses() {
    let usher = r#"{"oauth2": {"oauth2-google": {"issuer": "http://localhost:9", "token": "https://t.example.com/t"},
                               "oauth2-facebook": {"profile": "http://[::1]:9/me"}}}"#;
    let read = loaded(
        r#"{"api-key": {"disabled": false}, "anon-user": {"disabled": true},
            "custom-function": {"config": {"authFunctionName": "hello", "authFunctionId": "5f"}},
            "oauth2-google": {"config": {"clientId": "g", "openId": true}, "secret_config": {"clientSecret": "google"},
               "redirect_uris": ["https://example.com/done"], "domain_restrictions": ["example.com"]},
            "oauth2-facebook": {"disabled": true},
            "oauth2-apple": {"config": {"clientId": "a"}, "domain_restrictions": ["example.org"]}}"#,
        usher,
    );
    let providers = read.app.providers;
    assert!(providers.api_key && !providers.anon_user && providers.facebook.is_none());
    assert!(!read.notices.iter().any(|notice| notice.message.contains("domain_restrictions")), "{:?}", read.notices);
    assert_eq!(providers.custom_function.as_deref(), Some("hello"));
    let google = providers.google.unwrap();
    assert_eq!((&google.client_ids[..], google.open_id), (&["g".to_owned()][..], true));
    assert_eq!(google.client_secret.as_deref(), Some("g-secret"));
    assert_eq!(google.redirect_uris, ["https://example.com/done"]);
    assert_eq!(google.domains, ["example.com"]);
    assert_eq!(
        google.services,
        OAuth2Services {
            issuer: Some("http://localhost:9".into()),
            token: Some("https://t.example.com/t".into()),
            ..OAuth2Services::default()
        }
    );
    let apple = providers.apple.unwrap();
    assert_eq!((&apple.client_ids[..], apple.services), (&["a".to_owned()][..], OAuth2Services::default()));
    assert_eq!(apple.domains, ["example.org"]);
    assert!(!read.notices.iter().any(|notice| notice.message.contains("clientSecret")), "{:?}", read.notices);
}

/// Exports have the key for each provider, and what it held did nothing there, either.
#[test]
fn domains_are_no_mistake_where_they_keep_nobody_out() {
    let read = loaded(r#"{"anon-user": {"domain_restrictions": ["example.org"]}}"#, "{}");
    assert!(read.app.providers.anon_user);
    let notice = read.notices.iter().find(|notice| notice.message.contains("domain_restrictions")).unwrap();
    assert!(notice.message.contains("keeps nobody out"), "{notice:?}");
    let read = loaded(r#"{"anon-user": {"domain_restrictions": []}}"#, "{}");
    assert!(!read.notices.iter().any(|notice| notice.message.contains("domain_restrictions")));
}

/// What is switched off may name functions and secrets that are gone.
#[test]
fn a_provider_that_is_switched_off_needs_nothing() {
    let read = loaded(
        r#"{"custom-function": {"disabled": true, "config": {"authFunctionName": "gone"}},
            "custom-token": {"disabled": true, "secret_config": {"signingKeys": ["gone"]}},
            "local-userpass": {"disabled": true, "config": {"runResetFunction": true, "resetFunctionName": "gone"}}}"#,
        "{}",
    );
    let providers = read.app.providers;
    assert!(providers.custom_function.is_none() && providers.custom_token.is_none());
    assert!(providers.local_userpass.is_none());
    assert!(read.notices.iter().any(|notice| notice.message.contains("nobody can log in")), "{:?}", read.notices);
}
