//! Confirmation and password reset by e-mail (reference 3.4).

use std::sync::atomic::Ordering;

use bson::{DateTime, doc};
use usher_app::{App, Confirmation, LocalUserpass, Mail, Reset};
use usher_contract::limits;
use usher_identity::{IdentityError, IdentityOptions, OneTime};

use crate::smtp::MailServer;
use crate::support::{Host, PASSWORD, PEER, app, login, register};

const ANN: &str = "ann@example.com";

/// An app that sends e-mails for both.
fn careful() -> App {
    let mail = |url: &str, subject: &str| Mail { url: url.to_owned(), subject: subject.to_owned() };
    let mut app = app();
    app.providers.local_userpass = Some(LocalUserpass {
        confirmation: Confirmation::Mail(mail("https://shop.example.org/confirm?lang=en", "Welcome to the shop")),
        reset: Reset::Mail(mail("https://shop.example.org/reset", "")),
    });
    app
}

async fn host() -> (Host, MailServer) {
    let server = MailServer::start().await;
    let host = Host::with(IdentityOptions { mailer: server.mailer(), ..IdentityOptions::default() }).await;
    (host, server)
}

fn unknown<T: std::fmt::Debug>(outcome: Result<T, IdentityError>) {
    assert!(matches!(outcome, Err(IdentityError::TokenInvalid)), "{outcome:?}");
}

#[tokio::test]
async fn a_registration_is_confirmed_by_the_link_of_its_mail() {
    let (host, server) = host().await;
    let (identity, app) = (&host.identity, careful());
    for bad in ["nobody", "a@b\r\nBcc: c@d.example", "a@b, c@d", ""] {
        let refusal = register(identity, app.clone(), bad, PASSWORD).await;
        assert!(matches!(&refusal, Err(IdentityError::BadRequest(text)) if text == "email invalid"), "{refusal:?}");
    }
    register(identity, app.clone(), ANN, PASSWORD).await.unwrap();
    let letter = server.take().unwrap();
    assert_eq!((letter.from.as_str(), letter.to.as_str()), ("shop@example.org", ANN));
    for header in ["Subject: Welcome to the shop", "Content-Type: text/plain; charset=utf-8"] {
        assert!(letter.text.lines().any(|line| line == header), "{header}: {}", letter.text);
    }
    let id = letter.text.lines().find(|line| line.starts_with("Message-ID: <")).unwrap();
    assert!(id.ends_with("@example.org>"), "{id}");
    assert!(letter.text.contains("https://shop.example.org/confirm?lang=en&token="), "{}", letter.text);
    assert!(matches!(login(identity, app.clone(), ANN, PASSWORD).await, Err(IdentityError::Pending)));

    let (token, id) = letter.token();
    assert_eq!((token.len(), id.len()), (128, 24));
    let stored = host.system("userpass_tokens").find_one(doc! {}).await.unwrap().unwrap();
    assert!(!stored.to_string().contains(&token), "only the hash is kept");

    // What is no token, another's token, or this one for another purpose or app does nothing.
    for (token, id) in [("e30=", "e30="), (token.as_str(), "1"), ("", id.as_str()), (&token[1..], id.as_str())] {
        let refusal = identity.confirm(&app, token, id).await;
        let told = matches!(&refusal, Err(IdentityError::BadRequest(text)) if text == "invalid token data");
        assert!(told, "{refusal:?}");
    }
    unknown(identity.confirm(&app, &"0a".repeat(64), &id).await);
    unknown(identity.confirm(&app, &token, "65f000000000000000000001").await);
    unknown(identity.reset(&app, &token, &id, "another one").await);
    let mut other = careful();
    other.id = "other-abcde".to_owned();
    unknown(identity.confirm(&other, &token, &id).await);

    // Once more by mail: both links are good, until one was used.
    identity.send_confirmation(&app, ANN, PEER).await.unwrap();
    let (second, second_id) = server.take().unwrap().token();
    assert_ne!(second, token);
    identity.confirm(&app, &second.to_uppercase(), &second_id).await.unwrap();
    for (token, id) in [(&token, &id), (&second, &second_id)] {
        unknown(identity.confirm(&app, token, id).await);
    }
    assert_eq!(host.count("userpass_tokens").await, 0);
    let refusal = identity.send_confirmation(&app, ANN, PEER).await;
    assert!(matches!(refusal, Err(IdentityError::AlreadyConfirmed)), "{refusal:?}");
    login(identity, app.clone(), ANN, PASSWORD).await.unwrap();
    assert!(server.take().is_none());
    host.stop().await;
}

#[tokio::test]
async fn a_forgotten_password_is_replaced() {
    let (host, server) = host().await;
    let (identity, app) = (&host.identity, careful());
    host.register(ANN).await;
    let session = host.login(ANN, PASSWORD).await.unwrap();
    for _ in 0..limits::LOGIN_FAILURES_PER_IDENTITY {
        assert!(matches!(host.login(ANN, "wrong one").await, Err(IdentityError::InvalidPassword)));
    }
    assert!(matches!(host.login(ANN, PASSWORD).await, Err(IdentityError::TooManyFailures(_))));

    let refusal = identity.send_reset(&app, "nobody@example.com", PEER).await;
    assert!(matches!(refusal, Err(IdentityError::UserNotFound)), "{refusal:?}");
    identity.send_reset(&app, ANN, PEER).await.unwrap();
    let letter = server.take().unwrap();
    assert!(letter.text.contains("Subject: Reset your password\n"), "{}", letter.text);
    let (token, id) = letter.token();
    unknown(identity.confirm(&app, &token, &id).await);
    let refusal = identity.reset(&app, &token, &id, "short").await;
    assert!(matches!(refusal, Err(IdentityError::BadRequest(_))), "{refusal:?}");
    // A password that is not acceptable has not used the token up.
    identity.reset(&app, &token, &id, "battery staple").await.unwrap();
    unknown(identity.reset(&app, &token, &id, "a third one").await);

    // Who guessed before is forgotten, the old password is void, and sessions go on.
    host.login(ANN, "battery staple").await.unwrap();
    assert!(matches!(host.login(ANN, PASSWORD).await, Err(IdentityError::InvalidPassword)));
    identity.refresh(&app, &session.refresh_token).await.unwrap();
    host.stop().await;
}

#[tokio::test]
async fn one_of_many_who_use_a_token_at_once_succeeds() {
    let (host, server) = host().await;
    let app = careful();
    host.register(ANN).await;
    host.identity.send_reset(&app, ANN, PEER).await.unwrap();
    let (token, id) = server.take().unwrap().token();
    let tries = (0..6).map(|number| {
        let (identity, app, token, id) = (host.identity.clone(), app.clone(), token.clone(), id.clone());
        tokio::spawn(async move { identity.reset(&app, &token, &id, &format!("password {number}")).await.is_ok() })
    });
    let outcomes = futures::future::join_all(tries).await;
    let won: Vec<usize> = outcomes
        .into_iter()
        .enumerate()
        .filter(|(_, done)| *done.as_ref().unwrap())
        .map(|(number, _)| number)
        .collect();
    assert_eq!(won.len(), 1, "{won:?}");
    host.login(ANN, &format!("password {}", won[0])).await.unwrap();
    host.stop().await;
}

#[tokio::test]
async fn a_token_expires() {
    let (host, server) = host().await;
    let app = careful();
    host.register(ANN).await;
    let before = DateTime::now().timestamp_millis();
    host.identity.send_reset(&app, ANN, PEER).await.unwrap();
    let after = DateTime::now().timestamp_millis();
    let (token, id) = server.take().unwrap().token();
    let stored = host.system("userpass_tokens").find_one(doc! {}).await.unwrap().unwrap();
    let lifetime = i64::try_from(limits::ONE_TIME_TOKEN_LIFETIME.as_millis()).unwrap();
    let made = stored.get_datetime("expires_at").unwrap().timestamp_millis() - lifetime;
    assert!((before..=after).contains(&made), "{before} {made} {after}");
    let past = doc! {"$set": {"expires_at": DateTime::from_millis(DateTime::now().timestamp_millis() - 1)}};
    host.system("userpass_tokens").update_many(doc! {}, past).await.unwrap();
    unknown(host.identity.reset(&app, &token, &id, "another one").await);
    host.login(ANN, PASSWORD).await.unwrap();
    host.stop().await;
}

#[tokio::test]
async fn a_mail_that_is_not_taken_can_be_asked_for_again() {
    let (host, server) = host().await;
    let (identity, app) = (&host.identity, careful());
    server.closed.store(true, Ordering::Relaxed);
    let refusal = register(identity, app.clone(), ANN, PASSWORD).await;
    assert!(matches!(&refusal, Err(IdentityError::MailNotSent(to)) if to == ANN), "{refusal:?}");
    server.closed.store(false, Ordering::Relaxed);
    assert!(matches!(register(identity, app.clone(), ANN, PASSWORD).await, Err(IdentityError::AccountNameInUse)));
    identity.send_confirmation(&app, ANN, PEER).await.unwrap();
    let (token, id) = server.take().unwrap().token();
    identity.confirm(&app, &token, &id).await.unwrap();
    login(identity, app, ANN, PASSWORD).await.unwrap();
    host.stop().await;
}

#[tokio::test]
async fn nobody_can_fill_a_mailbox() {
    let (host, server) = host().await;
    let (identity, app) = (&host.identity, careful());
    register(identity, app.clone(), ANN, PASSWORD).await.unwrap();
    let mut sent = 1;
    let refusal = loop {
        match identity.send_confirmation(&app, ANN, PEER).await {
            Ok(()) => sent += 1,
            Err(error) => break error,
        }
        assert!(sent < 100, "no end to it");
    };
    assert!(matches!(refusal, IdentityError::TooManyRequests(1..)), "{refusal:?}");
    assert_eq!(sent, limits::MAILS_PER_IDENTITY);
    let refusal = identity.send_reset(&app, ANN, PEER).await;
    assert!(matches!(refusal, Err(IdentityError::TooManyRequests(_))), "another kind of mail: {refusal:?}");
    assert_eq!(std::iter::from_fn(|| server.take()).count(), usize::try_from(sent).unwrap());
    register(identity, app.clone(), "bob@example.com", PASSWORD).await.unwrap();
    host.stop().await;
}

/// An office whose people all register on one day.
#[tokio::test]
async fn many_mails_from_one_address_keep_nobody_from_logging_in() {
    let host = Host::with(IdentityOptions { failures_per_address: 3, ..IdentityOptions::default() }).await;
    let (identity, app) = (&host.identity, careful());
    host.register("there@example.com").await;
    for number in 0..3 {
        register(identity, app.clone(), &format!("new{number}@example.com"), PASSWORD).await.unwrap();
    }
    let refusal = register(identity, app.clone(), "new3@example.com", PASSWORD).await;
    assert!(matches!(refusal, Err(IdentityError::TooManyRequests(1..))), "{refusal:?}");
    host.login("there@example.com", PASSWORD).await.unwrap();
    host.stop().await;
}

#[tokio::test]
async fn an_operator_confirms_by_hand_or_delivers_the_token() {
    let (host, _) = host().await;
    let (identity, app) = (&host.identity, careful());
    for email in [ANN, "bob@example.com"] {
        register(identity, app.clone(), email, PASSWORD).await.unwrap();
    }
    let OneTime { token, token_id } = identity.send_confirm(&app, ANN).await.unwrap();
    identity.confirm(&app, &token, &token_id).await.unwrap();
    identity.confirm_by_hand(&app, "bob@example.com").await.unwrap();
    for email in [ANN, "bob@example.com"] {
        login(identity, app.clone(), email, PASSWORD).await.unwrap();
        assert!(matches!(identity.confirm_by_hand(&app, email).await, Err(IdentityError::AlreadyConfirmed)));
        assert!(matches!(identity.send_confirm(&app, email).await, Err(IdentityError::AlreadyConfirmed)));
    }
    assert!(matches!(identity.confirm_by_hand(&app, "carl@example.com").await, Err(IdentityError::UserNotFound)));
    identity.set_password_by_hand(&app, ANN, "battery staple").await.unwrap();
    host.login(ANN, "battery staple").await.unwrap();
    host.stop().await;
}

#[tokio::test]
async fn case_may_be_told_not_to_matter() {
    let (host, _) = host().await;
    // Registered while it mattered.
    host.register("Old@Example.com").await;
    let mut app = app();
    app.usher.users.case_insensitive_email = true;
    let identity = &host.identity;
    register(identity, app.clone(), "Ann@Example.com", PASSWORD).await.unwrap();
    for taken in ["ann@example.com", "ANN@EXAMPLE.COM", "Old@Example.com"] {
        let refusal = register(identity, app.clone(), taken, PASSWORD).await;
        assert!(matches!(refusal, Err(IdentityError::AccountNameInUse)), "{taken}: {refusal:?}");
    }
    let ann = login(identity, app.clone(), "aNN@example.com", PASSWORD).await.unwrap();
    assert_eq!(login(identity, app.clone(), "Ann@Example.com", PASSWORD).await.unwrap().user_id, ann.user_id);
    let profile = identity.profile(&app, &ann.user_id).await.unwrap();
    assert_eq!(profile.data, doc! {"email": "ann@example.com"});
    login(identity, app.clone(), "Old@Example.com", PASSWORD).await.unwrap();
    // Failures of all spellings are counted together.
    for number in 0..limits::LOGIN_FAILURES_PER_IDENTITY {
        let email = if number % 2 == 0 { "ann@example.com" } else { "ANN@example.com" };
        assert!(login(identity, app.clone(), email, "wrong one").await.is_err());
    }
    let refusal = login(identity, app, "Ann@example.com", PASSWORD).await;
    assert!(matches!(refusal, Err(IdentityError::TooManyFailures(_))), "{refusal:?}");
    host.stop().await;
}
