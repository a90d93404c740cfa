//! E-mails: over SMTP, or where there is no mail server into the log.

use bson::oid::ObjectId;
use lettre::address::Address;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use url::Url;
use usher_app::Mail;
use usher_contract::limits;

use crate::error::IdentityError;
use crate::one_time::OneTime;

/// Sends e-mails. Without a mail server the links are written to the log, under the target `usher::mail`, so that an app
/// can be developed without one.
#[derive(Clone, Default)]
pub struct Mailer {
    smtp: Option<Smtp>,
}

#[derive(Clone)]
struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// Why there can be no mailer.
#[derive(Debug, thiserror::Error)]
pub enum MailerError {
    /// The URL of the mail server.
    #[error("the mail server's URL is not one: {0}; write smtps://user:password@host, or smtp://host:587?tls=required")]
    Url(String),
    /// The sender.
    #[error("\"{0}\" is not an e-mail address to send from; write one such as \"Shop <shop@example.org>\"")]
    From(String),
}

/// What an e-mail is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Topic {
    Confirmation,
    Reset,
}

impl Mailer {
    /// A mailer that hands its e-mails to a server: `smtps://user:password@host[:port]`, with `smtp://` and
    /// `?tls=required` for STARTTLS, or plain `smtp://` for a server on the same machine. `from` is the sender. Must be
    /// called inside the runtime, which looks after the connections.
    ///
    /// # Errors
    /// [`MailerError`] where one of them cannot be read. The server is not asked yet.
    pub fn smtp(url: &str, from: &str) -> Result<Self, MailerError> {
        let from = from.parse().map_err(|_| MailerError::From(from.to_owned()))?;
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url);
        let transport =
            builder.map_err(|error| MailerError::Url(error.to_string()))?.timeout(Some(limits::MAIL_DEADLINE)).build();
        Ok(Self { smtp: Some(Smtp { transport, from }) })
    }

    /// Sends the link of a topic.
    pub(crate) async fn send(
        &self,
        app: &str,
        to: &str,
        topic: Topic,
        mail: &Mail,
        token: &OneTime,
    ) -> Result<(), IdentityError> {
        let link = link(&mail.url, token);
        let Some(Smtp { transport, from }) = &self.smtp else {
            tracing::info!(target: "usher::mail", app, to, link, "no mail server (--smtp): the {} link", topic.word());
            return Ok(());
        };
        let sent = async {
            let message = message(from, address(to)?, topic, mail, &link).map_err(|error| error.to_string())?;
            // The transport's own deadline is that of each of its steps.
            let sending = tokio::time::timeout(limits::MAIL_DEADLINE, transport.send(message));
            sending.await.map_err(|_| "the mail server took too long".to_owned())?.map_err(|error| error.to_string())
        };
        match sent.await {
            Ok(_) => Ok(()),
            Err(error) => {
                tracing::error!(target: "usher::mail", app, to, error, "the {} e-mail could not be sent", topic.word());
                Err(IdentityError::MailNotSent(to.to_owned()))
            }
        }
    }
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The URL may hold a password.
        f.write_str(if self.smtp.is_some() { "Mailer(smtp)" } else { "Mailer(log)" })
    }
}

impl Topic {
    fn word(self) -> &'static str {
        match self {
            Self::Confirmation => "confirmation",
            Self::Reset => "password reset",
        }
    }

    fn subject(self) -> &'static str {
        match self {
            Self::Confirmation => "Confirm your e-mail address",
            Self::Reset => "Reset your password",
        }
    }

    fn text(self, link: &str) -> String {
        let minutes = limits::ONE_TIME_TOKEN_LIFETIME.as_secs() / 60;
        let wish = match self {
            Self::Confirmation => "to confirm your e-mail address",
            Self::Reset => "to choose a new password",
        };
        format!(
            "Open this link {wish}:\r\n\r\n{link}\r\n\r\nIt works once, within {minutes} minutes. If you did not ask \
             for it, do nothing.\r\n"
        )
    }
}

/// Whether an e-mail can be sent there.
pub(crate) fn is_address(email: &str) -> bool {
    address(email).is_ok()
}

fn address(email: &str) -> Result<Address, String> {
    email.parse().map_err(|_| format!("\"{email}\" is no e-mail address"))
}

fn message(
    from: &Mailbox,
    to: Address,
    topic: Topic,
    mail: &Mail,
    link: &str,
) -> Result<Message, lettre::error::Error> {
    let subject = if mail.subject.is_empty() { topic.subject() } else { &mail.subject };
    // Mails without an id, and without saying what they hold, are taken for junk.
    let id = format!("<{}@{}>", ObjectId::new(), from.email.domain());
    let message = Message::builder().from(from.clone()).to(Mailbox::new(None, to)).subject(subject);
    message.message_id(Some(id)).header(ContentType::TEXT_PLAIN).body(topic.text(link))
}

/// The configured address with `token` and `tokenId` in its query, beside what is there.
fn link(url: &str, token: &OneTime) -> String {
    match Url::parse(url) {
        Ok(mut url) => {
            url.query_pairs_mut().append_pair("token", &token.token).append_pair("tokenId", &token.token_id);
            url.into()
        }
        // Something that the app's own client understands.
        Err(_) => {
            let join = if url.contains('?') { '&' } else { '?' };
            format!("{url}{join}token={}&tokenId={}", token.token, token.token_id)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> OneTime {
        OneTime { token: "ab".to_owned(), token_id: "cd".to_owned() }
    }

    #[test]
    fn a_link_keeps_what_the_address_has() {
        for (url, expected) in [
            ("https://a.example/confirm", "https://a.example/confirm?token=ab&tokenId=cd"),
            ("https://a.example/x?lang=en", "https://a.example/x?lang=en&token=ab&tokenId=cd"),
            ("https://a.example/#/confirm", "https://a.example/?token=ab&tokenId=cd#/confirm"),
            ("myapp://confirm", "myapp://confirm?token=ab&tokenId=cd"),
            ("confirm", "confirm?token=ab&tokenId=cd"),
        ] {
            assert_eq!(link(url, &token()), expected);
        }
    }

    #[test]
    fn an_address_cannot_smuggle_a_header() {
        for bad in
            ["a@b.example\r\nBcc: c@d.example", "a@b.example, c@d.example", "<a@b.example>", "a b@c.example", "a"]
        {
            assert!(!is_address(bad), "{bad}");
        }
        assert!(is_address("ann+shop@example.org"));
    }

    #[tokio::test]
    async fn what_cannot_be_a_mailer_is_told() {
        assert!(matches!(Mailer::smtp("http://a", "a@example.org"), Err(MailerError::Url(_))));
        assert!(matches!(Mailer::smtp("smtp://localhost", "nobody"), Err(MailerError::From(_))));
        let mailer = Mailer::smtp("smtp://user:secret@localhost", "Shop <a@example.org>").unwrap();
        assert!(!format!("{mailer:?}").contains("secret"));
    }
}
