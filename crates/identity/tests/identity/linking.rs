//! Linking identities (reference 3.3).

use bson::doc;
use futures::future::join_all;
use usher_dispatch::Deployment;
use usher_identity::{Credential, Device, IdentityError, Login};

use crate::support::{Host, PASSWORD, PEER, REQUEST, anonymous, app, claims};

impl Host {
    async fn link(&self, user: &str, email: &str) -> Result<Login, IdentityError> {
        let credential = Credential::EmailPassword { email: email.to_owned(), password: PASSWORD.to_owned() };
        self.link_credential(user, credential).await
    }

    async fn link_credential(&self, user: &str, credential: Credential) -> Result<Login, IdentityError> {
        let deployment = Deployment::without_functions(app());
        self.identity.link(&deployment, user, credential, Device::default(), PEER, REQUEST).await
    }

    /// The user's providers in order, and data.
    async fn profile(&self, user: &str) -> (Vec<String>, bson::Document) {
        let profile = self.identity.profile(&app(), user).await.unwrap();
        (profile.identities.into_iter().map(|identity| identity.provider_type).collect(), profile.data)
    }
}

#[tokio::test]
async fn an_anonymous_user_gets_an_e_mail_address() {
    let host = Host::start().await;
    let before = anonymous(&host.identity, app()).await.unwrap();
    let user = before.user_id.clone();
    host.register("ann@example.com").await;
    host.custom_data().insert_one(doc! {"user_id": &user, "colour": "red"}).await.unwrap();

    let linked = host.link(&user, "ann@example.com").await.unwrap();
    assert_eq!(linked.user_id, user);
    assert_eq!(claims(&linked.access_token)["user_data"]["colour"], "red", "custom data is read afresh");
    let refresh = claims(&linked.refresh_token);
    assert_eq!(refresh["baas_identity"]["provider_type"], "local-userpass");
    assert_eq!(refresh["exp"].as_i64().unwrap() - refresh["iat"].as_i64().unwrap(), 60 * 24 * 3600);
    let (providers, data) = host.profile(&user).await;
    assert_eq!(providers, ["anon-user", "local-userpass"]);
    assert_eq!(data, doc! {"email": "ann@example.com"});
    assert_eq!(host.count("users").await, 1);

    // The e-mail address logs in as that user; both sessions go on.
    assert_eq!(host.login("ann@example.com", PASSWORD).await.unwrap().user_id, user);
    for token in [&before.refresh_token, &linked.refresh_token] {
        host.identity.refresh(&app(), token).await.unwrap();
    }
    // Linking tells no LOGIN, and a CREATE with all identities (reference 2.2).
    let created = host.system("events").count_documents(doc! {"type": "CREATE"}).await.unwrap();
    assert_eq!(created, 2);
    let linked = doc! {"type": "CREATE", "providers": ["local-userpass"], "user.identities": {"$size": 2}};
    assert_eq!(host.system("events").count_documents(linked).await.unwrap(), 1);
    assert_eq!(host.system("events").count_documents(doc! {"type": "LOGIN"}).await.unwrap(), 2);

    // What is linked already can be linked again, and changes nothing.
    assert_eq!(host.link(&user, "ann@example.com").await.unwrap().user_id, user);
    assert_eq!(host.profile(&user).await.0, ["anon-user", "local-userpass"]);
    host.stop().await;
}

#[tokio::test]
async fn what_cannot_be_linked_changes_nothing() {
    let host = Host::start().await;
    let ann = host.user("ann@example.com").await.user_id;
    let bob = anonymous(&host.identity, app()).await.unwrap().user_id;
    let refusal = host.link(&bob, "ann@example.com").await;
    assert!(matches!(refusal, Err(IdentityError::LinkInUse)), "{refusal:?}");
    host.register("second@example.com").await;
    let refusal = host.link(&ann, "second@example.com").await;
    assert!(matches!(refusal, Err(IdentityError::LinkedAlready)), "{refusal:?}");
    let refusal = host.link_credential(&ann, Credential::Anonymous).await;
    assert!(matches!(refusal, Err(IdentityError::BadRequest(_))), "{refusal:?}");
    let refusal = host.link(&ann, "nobody@example.com").await;
    assert!(matches!(refusal, Err(IdentityError::InvalidPassword)), "{refusal:?}");
    assert_eq!(host.count("identities").await, 2);
    // The registration that could not be linked still makes a user of its own.
    let second = host.login("second@example.com", PASSWORD).await.unwrap().user_id;
    assert!(second != ann && second != bob);

    host.register("third@example.com").await;
    host.identity.set_disabled(&app(), &bob, true).await.unwrap();
    let refusal = host.link(&bob, "third@example.com").await;
    assert!(matches!(refusal, Err(IdentityError::InvalidSession(_))), "disabled: {refusal:?}");
    host.identity.delete_user(&app(), &bob).await.unwrap();
    let refusal = host.link(&bob, "third@example.com").await;
    assert!(matches!(refusal, Err(IdentityError::InvalidSession(_))), "deleted: {refusal:?}");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_links_at_once_one_succeeds() {
    let host = std::sync::Arc::new(Host::start().await);
    host.register("ann@example.com").await;
    let users = join_all((0..4).map(|_| anonymous(&host.identity, app()))).await;
    let users: Vec<String> = users.into_iter().map(|login| login.unwrap().user_id).collect();
    // One address for several users.
    let links = users.iter().map(|user| {
        let (host, user) = (host.clone(), user.clone());
        tokio::spawn(async move { host.link(&user, "ann@example.com").await })
    });
    let outcomes: Vec<_> = join_all(links).await.into_iter().map(Result::unwrap).collect();
    let won: Vec<&Login> = outcomes.iter().flatten().collect();
    assert_eq!(won.len(), 1, "{outcomes:?}");
    assert!(outcomes.iter().flat_map(Result::as_ref).count() == 1);
    for error in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert!(matches!(error, IdentityError::LinkInUse), "{error:?}");
    }
    assert_eq!(host.login("ann@example.com", PASSWORD).await.unwrap().user_id, won[0].user_id);

    // Several addresses for one user.
    let user = users.iter().find(|user| **user != won[0].user_id).unwrap();
    let emails = ["b@example.com", "c@example.com", "d@example.com"];
    for email in emails {
        host.register(email).await;
    }
    let links = emails.map(|email| {
        let (host, user) = (host.clone(), user.clone());
        tokio::spawn(async move { host.link(&user, email).await })
    });
    let outcomes: Vec<_> = join_all(links).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    assert_eq!(host.profile(user).await.0, ["anon-user", "local-userpass"]);
    std::sync::Arc::into_inner(host).unwrap().stop().await;
}
