//! Apps, secrets and administrators on a real database, with a deployer that reads apps and runs nothing.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::net::{IpAddr, Ipv4Addr};

use bson::oid::ObjectId;
use serde_json::json;
use support::{Host, members};
use usher_control::kinds::{self, Functions, Providers, VALUES};
use usher_control::{AdminLogin, Control, ControlError, Keyring, NewApp, Role};

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn function(name: &str) -> kinds::Members {
    members(&json!({"name": name, "private": false, "source": "exports = () => 1;"}))
}

#[tokio::test]
async fn an_app_is_made_changed_and_deleted() {
    let host = Host::start().await;
    let control = &host.control;
    let app = control.create_app(&named("shop"), "me").await.unwrap();
    assert!(app.client_app_id.starts_with("shop-"), "{app:?}");
    assert_eq!(host.running(), std::slice::from_ref(&app.client_app_id));
    let made = control.edit(app.id, "me", |it| kinds::create(&Functions, it, function("a"))).await.unwrap();
    assert_eq!(made["name"], "a");
    assert_eq!(host.functions(&app.client_app_id), ["a"]);
    let id = made["_id"].as_str().unwrap();
    let workspace = control.workspace(app.id).await.unwrap();
    assert_eq!(kinds::one(&Functions, &workspace, id).unwrap()["source"], "exports = () => 1;");
    control.edit(app.id, "me", |it| kinds::remove(&Functions, it, id)).await.unwrap();
    assert!(host.functions(&app.client_app_id).is_empty());
    control.delete_app(app.id).await.unwrap();
    assert!(host.running().is_empty());
    assert!(matches!(control.app(app.id).await, Err(ControlError::NotFound("AppNotFound", _))));
    for collection in ["hosted_apps", "deployments", "contents", "drafts", "secrets"] {
        assert_eq!(host.count(collection).await, 0, "{collection}");
    }
    assert_eq!(host.laid_out(), 0, "no directory of an app remains");
    host.stop().await;
}

#[tokio::test]
async fn what_has_mistakes_changes_nothing() {
    let host = Host::start().await;
    let control = &host.control;
    let app = control.create_app(&named("shop"), "me").await.unwrap();
    let before = host.snapshot().await;
    let provider = members(&json!({"type": "carrier-pigeon"}));
    let refused = control.edit(app.id, "me", |it| kinds::create(&Providers, it, provider.clone())).await.unwrap_err();
    assert!(matches!(&refused, ControlError::Invalid(_, text) if text.contains("carrier-pigeon")), "{refused:?}");
    assert!(!refused.to_string().contains("/tmp"), "no path of the host: {refused}");
    assert_eq!(host.snapshot().await, before);
    for name in ["", "sp ace", "ü", &"x".repeat(65)] {
        assert!(matches!(control.create_app(&named(name), "me").await, Err(ControlError::Invalid(..))), "{name:?}");
    }
    host.stop().await;
}

#[tokio::test]
async fn changes_of_two_hosts_at_once_are_all_kept() {
    let host = Host::start().await;
    let other = host.neighbour().await;
    let app = host.control.create_app(&named("shop"), "me").await.unwrap();
    other.control.catch_up().await.unwrap();
    let values = |control: std::sync::Arc<usher_control::Control>, from: usize| async move {
        for number in from..from + 8 {
            let value = members(&json!({"name": format!("v{number}"), "value": number}));
            // Beaten often enough, a host gives up and says so.
            loop {
                match control.edit(app.id, "me", |it| kinds::create(&VALUES, it, value.clone())).await {
                    Err(ControlError::Conflict("Conflict", _)) => {}
                    outcome => break drop(outcome.unwrap()),
                }
            }
        }
    };
    tokio::join!(values(host.control.clone(), 0), values(other.control.clone(), 8));
    for control in [&host.control, &other.control] {
        control.catch_up().await.unwrap();
        assert_eq!(kinds::list(&VALUES, &control.workspace(app.id).await.unwrap()).len(), 16);
    }
    assert_eq!(host.values(&app.client_app_id), 16);
    assert_eq!(other.values(&app.client_app_id), 16, "the other host runs the same");
    host.control.delete_app(app.id).await.unwrap();
    other.control.catch_up().await.unwrap();
    assert!(other.running().is_empty());
    host.stop().await;
}

/// Makes a value of the name.
async fn make_value(control: std::sync::Arc<Control>, app: ObjectId, name: String) {
    let value = members(&json!({"name": name, "value": 1}));
    control.edit(app, "me", |it| kinds::create(&VALUES, it, value.clone())).await.unwrap();
}

#[tokio::test]
async fn whoever_is_slower_than_others_gets_a_turn() {
    let host = Host::start().await;
    let other = host.neighbour().await;
    let (control, quick) = (&host.control, &other.control);
    let app = control.create_app(&named("shop"), "me").await.unwrap();
    quick.catch_up().await.unwrap();
    for number in 0..12 {
        host.meanwhile(make_value(quick.clone(), app.id, format!("quick{number}")));
    }
    make_value(control.clone(), app.id, "slow".to_owned()).await;
    assert_eq!(host.values(&app.client_app_id), 13, "what others made is kept");

    let first = control.deployments(app.id).await.unwrap().pop().unwrap().body();
    for number in 0..2 {
        host.meanwhile(make_value(quick.clone(), app.id, format!("again{number}")));
    }
    let again = control.redeploy(app.id, first["_id"].as_str().unwrap(), "me").await.unwrap().body();
    assert_eq!(control.deployments(app.id).await.unwrap()[0].body(), again, "it came last");
    assert_eq!(host.values(&app.client_app_id), 0);
    host.stop().await;
}

#[tokio::test]
async fn a_draft_is_deployed_with_what_another_host_adds_meanwhile() {
    let host = Host::start().await;
    let other = host.neighbour().await;
    let (control, quick) = (&host.control, &other.control);
    let app = control.create_app(&named("shop"), "me").await.unwrap();
    let draft = control.open_draft(app.id, "me").await.unwrap().id.to_hex();
    make_value(control.clone(), app.id, "early".to_owned()).await;
    host.meanwhile(make_value(quick.clone(), app.id, "late".to_owned()));
    control.deploy_draft(app.id, &draft, "me").await.unwrap();
    assert_eq!(host.values(&app.client_app_id), 2, "nothing that was answered with success is lost");
    assert!(control.drafts(app.id).await.unwrap().is_empty());

    let draft = control.open_draft(app.id, "me").await.unwrap().id.to_hex();
    make_value(control.clone(), app.id, "never".to_owned()).await;
    let (gone, discarding) = (draft.clone(), quick.clone());
    host.meanwhile(async move { discarding.discard_draft(app.id, &gone).await.unwrap() });
    let refused = control.deploy_draft(app.id, &draft, "me").await;
    assert!(matches!(refused, Err(ControlError::NotFound("DraftNotFound", _))), "{refused:?}");
    assert_eq!(host.values(&app.client_app_id), 2);
    host.stop().await;
}

#[tokio::test]
async fn old_deployments_go_and_contents_are_kept_once() {
    let host = Host::start().await;
    let control = &host.control;
    let app = control.create_app(&named("shop"), "me").await.unwrap();
    let value = |number: u64| members(&json!({"name": "v", "value": number}));
    let made = control.edit(app.id, "me", |it| kinds::create(&VALUES, it, value(0))).await.unwrap();
    let id = made["_id"].as_str().unwrap().to_owned();
    let kept = usher_contract::limits::DEPLOYMENTS_KEPT;
    for number in 1..=kept + 3 {
        control.edit(app.id, "me", |it| kinds::replace(&VALUES, it, &id, value(number % 2))).await.unwrap();
    }
    assert_eq!(host.count("deployments").await, kept);
    // The root file, the providers, and two contents of the value.
    assert_eq!(host.count("contents").await, 4);
    let oldest = control.deployments(app.id).await.unwrap().pop().unwrap().body();
    control.redeploy(app.id, oldest["_id"].as_str().unwrap(), "me").await.unwrap();
    host.stop().await;
}

#[tokio::test]
async fn secrets_are_sealed_and_change_their_key() {
    let (old, new) = (Keyring::new_key(), Keyring::new_key());
    let host = Host::with(&old).await;
    let control = &host.control;
    let app = control.create_app(&named("shop"), "me").await.unwrap();
    let secret = control.create_secret(app.id, "key", "hunter2-hunter2").await.unwrap();
    let held = members(&json!({"name": "held", "value": "key", "from_secret": true}));
    control.edit(app.id, "me", |it| kinds::create(&VALUES, it, held.clone())).await.unwrap();
    assert_eq!(host.value(&app.client_app_id, "held").as_deref(), Some("hunter2-hunter2"));
    control.replace_secret(app.id, &secret.id, Some("key"), "another").await.unwrap();
    assert_eq!(host.value(&app.client_app_id, "held").as_deref(), Some("another"));
    assert!(matches!(
        control.create_secret(app.id, "key", "x").await,
        Err(ControlError::Invalid("SecretDuplicateName", _))
    ));
    assert!(!host.dump().await.contains("another"));
    let renamed = control.replace_secret(app.id, &secret.id, Some("other"), "x").await.unwrap_err();
    assert!(renamed.to_string().contains("keeps its name"), "{renamed}");

    let both = host.neighbour_with(&format!("{new},{old}")).await;
    assert_eq!(both.control.rotate_secrets().await.unwrap(), 1);
    let alone = host.neighbour_with(&new).await;
    alone.control.catch_up().await.unwrap();
    assert_eq!(alone.value(&app.client_app_id, "held").as_deref(), Some("another"));
    let keyless = host.neighbour_with("").await;
    keyless.control.catch_up().await.unwrap();
    assert_eq!(keyless.value(&app.client_app_id, "held"), None, "the app runs, without its secret");
    let refused = keyless.control.create_secret(app.id, "other", "x").await.unwrap_err();
    assert!(refused.to_string().contains("new-key"), "{refused}");
    host.stop().await;
}

#[tokio::test]
async fn a_secret_reaches_what_another_host_deploys_meanwhile() {
    let host = Host::start().await;
    let keys = Keyring::new_key();
    let (one, two) = (host.neighbour_with(&keys).await, host.neighbour_with(&keys).await);
    let app = one.control.create_app(&named("shop"), "me").await.unwrap();
    two.control.catch_up().await.unwrap();
    let held = members(&json!({"name": "held", "value": "key", "from_secret": true}));
    one.control.edit(app.id, "me", |it| kinds::create(&VALUES, it, held.clone())).await.unwrap();
    let secret = one.control.create_secret(app.id, "key", "0").await.unwrap();
    // Either may come first, the secret or what names it.
    let changes = async {
        for number in 0..12 {
            let value = json!({"name": format!("v{number}"), "value": format!("s{number}"), "from_secret": true});
            let value = members(&value);
            two.control.edit(app.id, "me", |it| kinds::create(&VALUES, it, value.clone())).await.unwrap();
        }
    };
    let secrets = async {
        for number in 0..12 {
            let text = number.to_string();
            one.control.create_secret(app.id, &format!("s{number}"), &text).await.unwrap();
            one.control.replace_secret(app.id, &secret.id, None, &text).await.unwrap();
            assert_eq!(one.value(&app.client_app_id, "held"), Some(text), "it runs with it when it returns");
        }
    };
    tokio::join!(changes, secrets);
    for host in [&one, &two] {
        host.control.catch_up().await.unwrap();
        assert_eq!(host.value(&app.client_app_id, "held").as_deref(), Some("11"));
        for number in 0..12 {
            let value = host.value(&app.client_app_id, &format!("v{number}"));
            assert_eq!(value, Some(number.to_string()), "v{number}");
        }
    }
    host.stop().await;
}

#[tokio::test]
async fn administrators_log_in_and_are_gone_when_deleted() {
    let host = Host::start().await;
    let control = &host.control;
    let first = control.first_key().await.unwrap().unwrap();
    assert!(control.first_key().await.unwrap().is_none(), "only the first start makes one");
    assert!(!host.dump().await.contains(&first.private));
    let login = AdminLogin::Key { public: &first.public, private: &first.private };
    let tokens = control.login(login, PEER).await.unwrap();
    assert_eq!(control.verify(&tokens.access_token).await.unwrap().role, Role::Owner);
    assert!(control.verify(&tokens.refresh_token).await.is_err());
    let renewed = control.refresh(&tokens.refresh_token).await.unwrap();
    control.verify(&renewed).await.unwrap();
    let wrong = AdminLogin::Key { public: &first.public, private: "wrong" };
    assert!(matches!(control.login(wrong, PEER).await, Err(ControlError::Unauthorized)));
    control.create_person("ann@example.org", "correct horse", Role::ReadOnly).await.unwrap();
    let ann = AdminLogin::Person { email: "ann@example.org", password: "correct horse" };
    let anns = control.login(ann, PEER).await.unwrap();
    assert_eq!(control.verify(&anns.access_token).await.unwrap().role, Role::ReadOnly);
    let again = control.create_person("ann@example.org", "correct horse", Role::Owner).await;
    assert!(matches!(again, Err(ControlError::Conflict("AccountNameInUse", _))));
    control.delete_admin(&first.public).await.unwrap();
    assert!(matches!(control.verify(&renewed).await, Err(ControlError::InvalidSession(_))));
    assert!(control.first_key().await.unwrap().is_none(), "somebody is left");
    control.logout(&anns.refresh_token).await.unwrap();
    assert!(matches!(control.verify(&anns.access_token).await, Err(ControlError::InvalidSession(_))));
    host.stop().await;
}

#[tokio::test]
async fn guessers_of_a_password_who_come_at_once_have_no_more_guesses_than_others() {
    let host = Host::start().await;
    let control = &host.control;
    control.create_person("ann@example.org", "correct horse", Role::Owner).await.unwrap();
    let wrong = AdminLogin::Person { email: "ann@example.org", password: "wrong horse" };
    let limit = usize::try_from(usher_contract::limits::LOGIN_FAILURES_PER_IDENTITY).unwrap();
    let guesses = futures::future::join_all((0..3 * limit).map(|_| control.login(wrong, PEER))).await;
    let judged = guesses.iter().filter(|it| matches!(it, Err(ControlError::Unauthorized))).count();
    // Those that are being judged when the last of them fails.
    assert!((limit..limit + 4).contains(&judged), "{judged}");
    assert!(guesses.iter().all(Result::is_err));
    host.stop().await;
}

#[tokio::test]
async fn two_hosts_that_start_together_make_one_first_key() {
    let host = Host::start().await;
    let other = host.neighbour().await;
    let (one, two) = tokio::join!(host.control.first_key(), other.control.first_key());
    assert_eq!(usize::from(one.unwrap().is_some()) + usize::from(two.unwrap().is_some()), 1);
    assert_eq!(host.count("admins").await, 1);
    host.stop().await;
}

#[tokio::test]
async fn a_failed_draft_stays_open_and_is_told_of() {
    let host = Host::start().await;
    let control = &host.control;
    let app = control.create_app(&named("shop"), "me").await.unwrap();
    let draft = control.open_draft(app.id, "me").await.unwrap();
    assert!(matches!(control.open_draft(app.id, "me").await, Err(ControlError::Conflict("DraftAlreadyExists", _))));
    let provider = members(&json!({"type": "carrier-pigeon"}));
    let made = control.edit(app.id, "me", |it| kinds::create(&Providers, it, provider.clone())).await.unwrap();
    let id = draft.id.to_hex();
    assert!(control.deploy_draft(app.id, &id, "me").await.is_err());
    let newest = control.deployments(app.id).await.unwrap().remove(0).body();
    assert_eq!((&newest["status"], newest["status_message"].is_string()), (&json!("failed"), true));
    control.edit(app.id, "me", |it| kinds::remove(&Providers, it, made["_id"].as_str().unwrap())).await.unwrap();
    let anonymous = members(&json!({"type": "anon-user"}));
    control.edit(app.id, "me", |it| kinds::create(&Providers, it, anonymous.clone())).await.unwrap();
    assert_eq!(control.draft_changes(app.id, &id).await.unwrap(), ["changed auth/providers.json"]);
    assert_eq!(control.deploy_draft(app.id, &id, "me").await.unwrap().body()["status"], "successful");
    assert!(control.drafts(app.id).await.unwrap().is_empty());
    let other = host.neighbour().await;
    other.control.catch_up().await.unwrap();
    assert!(other.app(&app.client_app_id).providers.anon_user);
    host.stop().await;
}

fn named(name: &str) -> NewApp {
    NewApp { name: name.to_owned(), ..NewApp::default() }
}

#[test]
fn ids_follow_from_what_things_are() {
    let app = bson::oid::ObjectId::from_bytes([7; 12]);
    let id = usher_control::id_of(app, "function", "a");
    assert_eq!(id, usher_control::id_of(app, "function", "a"));
    let others = [("value", "a"), ("function", "b"), ("functio", "na")];
    assert!(others.iter().all(|(kind, key)| usher_control::id_of(app, kind, key) != id));
    assert_eq!(id.len(), 24);
    assert!(bson::oid::ObjectId::parse_str(&id).is_ok());
}
