//! What an operator does with users.

use bson::doc;
use usher_dispatch::{Accounts as _, Caller, Deployment};
use usher_identity::IdentityError;

use crate::support::{Host, PASSWORD, app, is_session_error};

#[tokio::test]
async fn users_are_made_listed_and_found() {
    let host = Host::start().await;
    let deployment = Deployment::without_functions(app());
    let create = async |email: &str| host.identity.create_user(&deployment, email, PASSWORD).await;
    let ann = create("ann@example.com").await.unwrap();
    assert!(matches!(create("ann@example.com").await, Err(IdentityError::AccountNameInUse)));
    assert!(matches!(create("").await, Err(IdentityError::BadRequest(_))));
    host.register("carl@example.com").await;
    assert!(matches!(create("carl@example.com").await, Err(IdentityError::AccountNameInUse)));
    assert_eq!((host.count("users").await, host.count("sessions").await), (1, 0));
    assert_eq!(host.system("events").count_documents(doc! {"type": "CREATE"}).await.unwrap(), 1);

    let listed = host.identity.list_users(&app()).await.unwrap();
    assert_eq!(listed[0].last_login_at, None);
    assert_eq!(host.login("ann@example.com", PASSWORD).await.unwrap().user_id, ann);
    let bob = host.user("bob@example.com").await.user_id;
    let listed = host.identity.list_users(&app()).await.unwrap();
    let ids: Vec<&str> = listed.iter().map(|user| user.id.as_str()).collect();
    assert_eq!(ids, [&bob, &ann], "newest first");
    assert_eq!((listed[1].email.as_deref(), listed[1].disabled), (Some("ann@example.com"), false));
    assert_eq!(listed[1].providers, ["local-userpass"]);
    assert!(listed[1].last_login_at >= Some(listed[1].created_at));

    assert_eq!(host.identity.resolve_user(&app(), "ann@example.com").await.unwrap(), ann);
    assert_eq!(host.identity.resolve_user(&app(), &ann).await.unwrap(), ann);
    for unknown in ["carl@example.com", "nobody@example.com"] {
        let outcome = host.identity.resolve_user(&app(), unknown).await;
        assert!(matches!(outcome, Err(IdentityError::UserNotFound)), "{unknown}: {outcome:?}");
    }

    host.identity.set_custom_data(&app(), &ann, doc! {"n": 1}).await.unwrap();
    let Caller::User { id, custom_data } = host.identity.caller(&app(), "ann@example.com").await.unwrap() else {
        panic!("a user is a user");
    };
    assert_eq!(id, ann);
    assert!(custom_data.unwrap().contains(r#""n":{"$numberInt":"1"}"#));
    let described = host.identity.describe(&app().id, &ann).await.unwrap();
    assert_eq!(described.get_document("data").unwrap(), &doc! {"email": "ann@example.com"});
    let mut other = app();
    other.id = "other-abcde".to_owned();
    assert!(host.identity.describe(&other.id, &ann).await.is_err(), "of another app");
    assert!(matches!(host.identity.caller(&other, &ann).await, Err(IdentityError::UserNotFound)));
    assert!(host.identity.list_users(&other).await.unwrap().is_empty());
    host.stop().await;
}

#[tokio::test]
async fn disabling_and_revoking_end_sessions() {
    let host = Host::start().await;
    let ann = host.user("ann@example.com").await;
    let bob = host.user("bob@example.com").await;
    host.identity.set_disabled(&app(), &ann.user_id, true).await.unwrap();
    assert!(matches!(host.login("ann@example.com", PASSWORD).await, Err(IdentityError::UserDisabled)));
    assert!(matches!(host.login("ann@example.com", "wrong one").await, Err(IdentityError::InvalidPassword)));
    let refusal = host.identity.refresh(&app(), &ann.refresh_token).await;
    assert!(is_session_error(&refusal, ""), "{refusal:?}");
    host.identity.refresh(&app(), &bob.refresh_token).await.unwrap();

    host.identity.set_disabled(&app(), &ann.user_id, false).await.unwrap();
    let again = host.login("ann@example.com", PASSWORD).await.unwrap();
    assert_eq!(again.user_id, ann.user_id);
    // A user disabled behind our back, with the session still there, is refused as well.
    host.system("users").update_many(doc! {}, doc! {"$set": {"disabled": true}}).await.unwrap();
    let refusal = host.identity.refresh(&app(), &again.refresh_token).await;
    assert!(is_session_error(&refusal, ""), "{refusal:?}");
    host.system("users").update_many(doc! {}, doc! {"$set": {"disabled": false}}).await.unwrap();

    host.login("ann@example.com", PASSWORD).await.unwrap();
    assert_eq!(host.identity.revoke_sessions(&app(), &ann.user_id).await.unwrap(), 2);
    assert!(is_session_error(&host.identity.refresh(&app(), &again.refresh_token).await, ""));
    let mut other = app();
    other.id = "other-abcde".to_owned();
    for outcome in [
        host.identity.set_disabled(&other, &ann.user_id, true).await,
        host.identity.revoke_sessions(&other, &ann.user_id).await.map(drop),
        host.identity.delete_user(&other, &ann.user_id).await,
        host.identity.set_disabled(&app(), "not an id", true).await,
    ] {
        assert!(matches!(outcome, Err(IdentityError::UserNotFound)), "{outcome:?}");
    }
    host.stop().await;
}
