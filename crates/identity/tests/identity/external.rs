//! Users whom another authority vouches for, and a browser's way to a provider (reference 3.3, 3.9).

use bson::{Document, doc};
use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};
use usher_app::{App, CustomToken, MetadataField, OAuth2, TokenKeys};
use usher_dispatch::Deployment;
use usher_identity::{
    AuthorizationRequest, Credential, Departure, Device, GoogleCredential, IdentityError, IdentityOptions, Login,
    OAuth2Provider,
};

use crate::support::{Host, PEER, REQUEST, app, claims, is_session_error};

const SECRET: &str = "a secret of thirty-two characters";
const REDIRECT: &str = "https://app.example.org/signed-in";
const CALLBACK: &str = "https://usher.example.org/callback";

fn shop() -> App {
    let mut app = app();
    let field = |name: &str| MetadataField { required: false, path: vec![name.to_owned()], name: name.to_owned() };
    app.providers.custom_token = Some(CustomToken {
        audiences: vec![app.id.clone()],
        any_audience: false,
        keys: TokenKeys::Hs256(vec![SECRET.to_owned()]),
        metadata_fields: vec![field("name"), field("team")],
    });
    app.providers.google = Some(OAuth2 {
        client_ids: vec!["client".to_owned()],
        client_secret: Some("secret".to_owned()),
        redirect_uris: vec![REDIRECT.to_owned()],
        ..OAuth2::default()
    });
    app
}

fn token(subject: &str, data: Value) -> Credential {
    let mut claims = json!({"sub": subject, "aud": app().id, "exp": 9_999_999_999_i64});
    claims.as_object_mut().unwrap().extend(data.as_object().unwrap().clone());
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    Credential::CustomToken(jsonwebtoken::encode(&Header::default(), &claims, &key).unwrap())
}

impl Host {
    async fn present(&self, credential: Credential) -> Result<Login, IdentityError> {
        let deployment = Deployment::without_functions(shop());
        self.identity.login(&deployment, credential, Device::default(), PEER, REQUEST).await
    }

    async fn data(&self, login: &Login) -> Document {
        self.identity.profile(&shop(), &login.user_id).await.unwrap().data
    }
}

#[tokio::test]
async fn a_user_is_made_once_and_their_data_follow_the_authority() {
    let host = Host::start().await;
    let first = host.present(token("ann", json!({"name": "Ann", "team": "red"}))).await.unwrap();
    assert_eq!(host.data(&first).await, doc! {"name": "Ann", "team": "red"});
    let second = host.present(token("ann", json!({"name": "Anna", "more": 1}))).await.unwrap();
    assert_eq!(second.user_id, first.user_id);
    assert_eq!(host.data(&first).await, doc! {"name": "Anna"});
    let identity = host.system("identities").find_one(doc! {}).await.unwrap().unwrap();
    assert_eq!(identity.get_document("data").unwrap(), &doc! {"name": "Anna"});
    assert_eq!(identity.get_str("provider_id").unwrap(), "ann");
    let told =
        doc! {"type": "CREATE", "user.identities": {"$elemMatch": {"id": "ann", "provider_type": "custom-token"}}};
    let events = host.system("events").count_documents(told).await.unwrap();
    assert_eq!(events, 1, "functions see the authority's own id of the user");
    let other = host.present(token("Ann", json!({}))).await.unwrap();
    assert_ne!(other.user_id, first.user_id);
    for (collection, expected) in [("users", 2), ("identities", 2), ("registrations", 0)] {
        assert_eq!(host.count(collection).await, expected, "{collection}");
    }
    host.stop().await;
}

#[tokio::test]
async fn what_other_identities_say_of_a_user_stays() {
    let host = Host::start().await;
    let user = host.user("ann@example.org").await;
    let deployment = Deployment::without_functions(shop());
    let linked = token("ann", json!({"name": "Ann", "team": "red"}));
    host.identity.link(&deployment, &user.user_id, linked, Device::default(), PEER, REQUEST).await.unwrap();
    host.present(token("ann", json!({"team": "blue"}))).await.unwrap();
    assert_eq!(host.data(&user).await, doc! {"email": "ann@example.org", "team": "blue"});
    // Of two who differ, the first stays right; where both said the same, one goes on saying it.
    let second = token("lee", json!({"name": "Lee", "team": "blue"}));
    host.identity.link(&deployment, &user.user_id, second, Device::default(), PEER, REQUEST).await.unwrap();
    host.present(token("lee", json!({"name": "Lee", "team": "green"}))).await.unwrap();
    assert_eq!(host.data(&user).await, doc! {"email": "ann@example.org", "team": "blue", "name": "Lee"});
    host.present(token("ann", json!({}))).await.unwrap();
    assert_eq!(host.data(&user).await, doc! {"email": "ann@example.org", "team": "green", "name": "Lee"});
    host.stop().await;
}

#[tokio::test]
async fn two_first_logins_at_once_make_one_user() {
    let host = Host::start().await;
    let logins = (0..8).map(|_| host.present(token("ann", json!({}))));
    let users: Vec<String> =
        futures::future::join_all(logins).await.into_iter().map(|login| login.unwrap().user_id).collect();
    assert!(users.iter().all(|user| *user == users[0]), "{users:?}");
    assert_eq!(host.count("users").await, 1);
    host.stop().await;
}

#[tokio::test]
async fn bad_tokens_write_nothing_and_count() {
    let host = Host::with(IdentityOptions { failures_per_address: 3, ..IdentityOptions::default() }).await;
    for _ in 0..3 {
        let refusal = host.present(Credential::CustomToken("a.b.c".to_owned())).await;
        assert!(matches!(refusal, Err(IdentityError::Unauthorized)), "{refusal:?}");
    }
    let refusal = host.present(token("ann", json!({}))).await;
    assert!(matches!(refusal, Err(IdentityError::TooManyFailures(_))), "{refusal:?}");
    for collection in ["users", "identities", "sessions", "events"] {
        assert_eq!(host.count(collection).await, 0, "{collection}");
    }
    host.stop().await;
}

#[tokio::test]
async fn google_takes_id_tokens_only_where_the_app_says_so() {
    let host = Host::start().await;
    let refusal = host.present(Credential::Google(GoogleCredential::IdToken("a.b.c".to_owned()))).await;
    assert!(matches!(refusal, Err(IdentityError::Unauthorized)), "{refusal:?}");
    let refusal = host.present(Credential::Apple("a.b.c".to_owned())).await;
    assert!(matches!(refusal, Err(IdentityError::ProviderNotFound(name)) if name == "oauth2-apple"));
    host.stop().await;
}

async fn depart(host: &Host, redirect: &str, state: &str) -> Result<Departure, IdentityError> {
    let request = AuthorizationRequest {
        provider: OAuth2Provider::Google,
        redirect,
        state,
        device: Device { id: Some("65a1b2c3d4e5f60718293a4b".to_owned()) },
        link: None,
        callback: CALLBACK,
    };
    host.identity.depart(&shop(), request).await
}

fn query(departure: &Departure, name: &str) -> String {
    let url = url::Url::parse(&departure.url).unwrap();
    url.query_pairs().find(|pair| pair.0 == name).unwrap().1.into_owned()
}

#[tokio::test]
async fn any_host_receives_whom_another_sent_away() {
    let host = Host::start().await;
    let departure = depart(&host, REDIRECT, "abc").await.unwrap();
    assert!(departure.url.starts_with("https://accounts.google.com/o/oauth2/v2/auth?"), "{}", departure.url);
    let neighbour = host.neighbour(IdentityOptions::default()).await;
    // Not even a new key comes in between.
    host.identity.rotate_keys().await.unwrap();
    let authorization = neighbour.arrival(&query(&departure, "state")).await.unwrap();
    assert_eq!((authorization.app.as_str(), authorization.redirect.as_str()), ("shop-abcde", REDIRECT));
    assert_eq!((authorization.state.as_str(), authorization.cookie()), ("abc", departure.cookie.clone()));
    assert_eq!(authorization.device().id.as_deref(), Some("65a1b2c3d4e5f60718293a4b"));
    assert!(authorization.credential("code", Some(&departure.secret), CALLBACK).is_ok());
    let another = depart(&host, REDIRECT, "abc").await.unwrap();
    for secret in [None, Some(""), Some(another.secret.as_str()), Some(query(&departure, "code_challenge").as_str())] {
        let refusal = authorization.credential("code", secret, CALLBACK);
        assert!(matches!(refusal, Err(IdentityError::BadRequest(_))), "{secret:?}");
    }
    host.stop().await;
}

#[tokio::test]
async fn a_state_is_nothing_else_and_nothing_else_is_a_state() {
    let host = Host::start().await;
    let state = query(&depart(&host, REDIRECT, "abc").await.unwrap(), "state");
    let login = host.user("ann@example.org").await;
    assert!(is_session_error(&host.identity.verify_access(&shop(), &state).await, ""));
    assert!(is_session_error(&host.identity.refresh(&shop(), &state).await, ""));
    let mut forged: Vec<String> = state.split('.').map(str::to_owned).collect();
    forged[1] = jsonwebtoken::encode(&Header::default(), &claims(&state), &EncodingKey::from_secret(b"x"))
        .unwrap()
        .split('.')
        .nth(1)
        .unwrap()
        .to_owned()
        + "A";
    for other in ["", "x", &login.access_token, &login.refresh_token, &forged.join("."), &state[1..]] {
        let refusal = host.identity.arrival(other).await;
        assert!(matches!(refusal, Err(IdentityError::BadRequest(_))), "{other}");
    }
    host.stop().await;
}

#[tokio::test]
async fn a_browser_goes_nowhere_but_where_the_app_said() {
    let host = Host::start().await;
    for redirect in ["", "https://evil.example", &format!("{REDIRECT}/"), &REDIRECT.to_uppercase()] {
        let refusal = depart(&host, redirect, "").await;
        assert!(
            matches!(refusal, Err(IdentityError::BadRequest(text)) if text.contains("redirect_uris")),
            "{redirect}"
        );
    }
    assert!(depart(&host, REDIRECT, &"x".repeat(257)).await.is_err());
    host.stop().await;
}
