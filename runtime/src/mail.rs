//! How e-mails are sent.

use anyhow::{Context, Result};
use clap::Args;
use usher_identity::Mailer;

/// E-mails of apps: links to confirm a registration and to reset a password.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "E-mails to users")]
pub(crate) struct Mail {
    /// The mail server: smtps://USER:PASSWORD@HOST, or smtp://HOST:587?tls=required. Without it, links are written to the
    /// log
    #[arg(long, env = "USHER_SMTP", value_name = "URL", hide_env_values = true, requires = "mail_from")]
    smtp: Option<String>,
    /// The sender of e-mails, such as "Shop <shop@example.org>"
    #[arg(long, env = "USHER_MAIL_FROM", value_name = "ADDRESS")]
    mail_from: Option<String>,
}

impl Mail {
    pub(crate) fn mailer(&self) -> Result<Mailer> {
        match (&self.smtp, &self.mail_from) {
            (Some(url), Some(from)) => Mailer::smtp(url, from).context("e-mails cannot be sent (--smtp, --mail-from)"),
            _ => Ok(Mailer::default()),
        }
    }
}
