//! Users as the admin API shows them, and taken over from another server (reference 7.4, 7.6, 9.3).

use bson::{DateTime, doc};
use serde_json::json;
use usher_app::{Confirmation, LocalUserpass, Mail, Reset};
use usher_contract::limits;
use usher_identity::{IdentityError, ImportedUser, UserQuery};

use crate::support::{Host, PASSWORD, PEER, anonymous, app, claims, is_session_error, register};

#[tokio::test]
async fn users_are_listed_in_pages() {
    let host = Host::start().await;
    let identity = &host.identity;
    let mut ids = Vec::new();
    for _ in 0..limits::USER_PAGE {
        ids.push(anonymous(identity, app()).await.unwrap().user_id);
    }
    let ann = host.user("ann@example.com").await.user_id;
    ids.push(ann.clone());
    let list = async |query: UserQuery| {
        let users = identity.users(&app(), &query).await.unwrap();
        users.into_iter().map(|user| user.id).collect::<Vec<_>>()
    };
    assert_eq!(list(UserQuery::default()).await, ids[..50]);
    let after = |id: &String| Some(id.clone());
    assert_eq!(list(UserQuery { after: after(&ids[49]), ..UserQuery::default() }).await, ids[50..]);
    assert_eq!(list(UserQuery { after: after(&ids[50]), ..UserQuery::default() }).await, [""; 0]);
    let newest = UserQuery { descending: true, limit: 2, ..UserQuery::default() };
    assert_eq!(list(newest).await, [ids[50].clone(), ids[49].clone()]);
    let emailed = UserQuery { providers: vec!["local-userpass".into()], ..UserQuery::default() };
    assert_eq!(list(emailed).await, std::slice::from_ref(&ann));
    identity.set_disabled(&app(), &ids[3], true).await.unwrap();
    assert_eq!(list(UserQuery { disabled: Some(true), ..UserQuery::default() }).await, [ids[3].clone()]);
    let refusal = identity.users(&app(), &UserQuery { after: Some("x".into()), ..UserQuery::default() }).await;
    assert!(matches!(refusal, Err(IdentityError::BadRequest(_))), "{refusal:?}");

    host.custom_data().insert_one(doc! {"user_id": &ann, "n": 1}).await.unwrap();
    let user = serde_json::to_value(identity.user(&app(), &ann).await.unwrap()).unwrap();
    assert_eq!(user["_id"], json!(ann));
    assert_eq!(user["data"], json!({"email": "ann@example.com"}));
    assert_eq!(user["identities"][0]["provider_data"], json!({"email": "ann@example.com"}));
    assert_eq!((&user["type"], &user["disabled"]), (&json!("normal"), &json!(false)));
    assert_eq!(user["custom_data"]["n"], json!({"$numberInt": "1"}));
    assert!(user["last_authentication_date"].as_i64().unwrap() >= user["creation_date"].as_i64().unwrap());
    assert!(matches!(identity.user(&app(), "no id").await, Err(IdentityError::UserNotFound)));
    host.stop().await;
}

#[tokio::test]
async fn registrations_without_a_user_are_pending() {
    let host = Host::start().await;
    let identity = &host.identity;
    let mut careful = app();
    let confirmation = Confirmation::Mail(Mail::default());
    careful.providers.local_userpass = Some(LocalUserpass { confirmation, reset: Reset::None });
    register(identity, careful, "pending@example.com", PASSWORD).await.unwrap();
    host.register("waiting@example.com").await;
    host.user("ann@example.com").await;
    let pending = identity.pending_registrations(&app(), None).await.unwrap();
    let told: Vec<_> = pending.iter().map(|one| (one.email.as_str(), one.confirmed)).collect();
    assert_eq!(told, [("pending@example.com", false), ("waiting@example.com", true)]);
    let rest = identity.pending_registrations(&app(), Some(&pending[0].id)).await.unwrap();
    assert_eq!(rest.len(), 1);
    identity.delete_registration(&app(), "pending@example.com").await.unwrap();
    let refusal = identity.delete_registration(&app(), "ann@example.com").await;
    assert!(matches!(refusal, Err(IdentityError::UserNotFound)), "a user's is not pending: {refusal:?}");
    assert_eq!(identity.pending_registrations(&app(), None).await.unwrap().len(), 1);
    host.stop().await;
}

#[tokio::test]
async fn a_token_is_verified_for_another_server() {
    let host = Host::start().await;
    let ann = host.user("ann@example.com").await;
    host.custom_data().insert_one(doc! {"user_id": &ann.user_id, "colour": "red"}).await.unwrap();
    let token = host.identity.refresh(&app(), &ann.refresh_token).await.unwrap();
    let verified = serde_json::to_value(host.identity.verify_token(&app(), &token).await.unwrap()).unwrap();
    let expected = claims(&token);
    for (member, claim) in [
        ("sub", "sub"),
        ("exp", "exp"),
        ("iat", "iat"),
        ("iss", "iss"),
        ("domain_id", "baas_domain_id"),
        ("device_id", "baas_device_id"),
        ("custom_user_data", "user_data"),
    ] {
        assert_eq!(verified[member], expected[claim], "{member}");
    }
    let refusal = host.identity.verify_token(&app(), &format!("{token}x")).await;
    let told = matches!(&refusal, Err(IdentityError::InvalidSession(text)) if text == "signature is invalid");
    assert!(told, "{refusal:?}");
    assert!(is_session_error(&host.identity.verify_token(&app(), &ann.refresh_token).await, ""));
    host.stop().await;
}

#[tokio::test]
async fn users_of_another_server_keep_their_ids() {
    let host = Host::start().await;
    let identity = &host.identity;
    let id = "5f4863e4d49bd2191ff1e623";
    let object = json!({
        "_id": id, "type": "normal", "disabled": false, "creation_date": 1_598_579_684, "last_authentication_date": 0,
        "data": {"email": "ann@example.com", "visits": {"$numberLong": "5"}}, "laast_seen": 1,
        "identities": [
            {"id": "5f4863e4d49bd2191ff1e621-abc", "provider_type": "anon-user", "provider_data": {}},
            {"id": "5f4863e4d49bd2191ff1e624", "provider_type": "local-userpass", "provider_id": "5f4863e4d49bd2191ff1e625",
             "provider_data": {"email": "ann@example.com"}},
        ],
    });
    let user: ImportedUser = serde_json::from_value(object.clone()).unwrap();
    assert!(identity.import_user(&app(), &user).await.unwrap());
    assert!(!identity.import_user(&app(), &user).await.unwrap(), "it is there");
    let told = identity.user(&app(), id).await.unwrap();
    let providers: Vec<_> =
        told.identities.iter().map(|one| (one.shown.provider_type.as_str(), one.shown.id.as_str())).collect();
    assert_eq!(providers[1], ("local-userpass", "5f4863e4d49bd2191ff1e624"));
    assert_eq!(providers[0], ("anon-user", "5f4863e4d49bd2191ff1e621-abc"));
    assert_eq!(told.creation_date, 1_598_579_684);
    assert_eq!(told.data["visits"], json!({"$numberLong": "5"}));
    assert_eq!(host.count("events").await, 0);

    // No password fits before one was set.
    for password in ["", PASSWORD] {
        let refusal = host.login("ann@example.com", password).await;
        assert!(matches!(refusal, Err(IdentityError::InvalidPassword)), "{refusal:?}");
    }
    let mut mailing = app();
    mailing.providers.local_userpass =
        Some(LocalUserpass { reset: Reset::Mail(Mail::default()), ..LocalUserpass::default() });
    identity.send_reset(&mailing, "ann@example.com", PEER).await.unwrap();
    identity.set_password_by_hand(&app(), "ann@example.com", PASSWORD).await.unwrap();
    assert_eq!(host.login("ann@example.com", PASSWORD).await.unwrap().user_id, id);

    // What clashes is refused whole.
    let mut clash = object.clone();
    clash["_id"] = json!("5f4863e4d49bd2191ff1e699");
    let clash: ImportedUser = serde_json::from_value(clash).unwrap();
    assert!(matches!(identity.import_user(&app(), &clash).await, Err(IdentityError::AccountNameInUse)));
    assert_eq!(host.count("users").await, 1);
    let bad: ImportedUser = serde_json::from_value(json!({"_id": "x"})).unwrap();
    assert!(matches!(identity.import_user(&app(), &bad).await, Err(IdentityError::BadRequest(_))));

    // An anonymous user is given the usual time to come back.
    let before = DateTime::now();
    let stranger: ImportedUser =
        serde_json::from_value(json!({"_id": "5f4863e4d49bd2191ff1e6aa", "creation_date": 1})).unwrap();
    assert!(identity.import_user(&app(), &stranger).await.unwrap());
    assert_eq!(identity.reap_anonymous(&app()).await.unwrap(), 0);
    let seen = host.system("users").find_one(doc! {"seen_at": {"$exists": true}}).await.unwrap().unwrap();
    assert!(seen.get_datetime("seen_at").unwrap() >= &before);
    host.stop().await;
}
