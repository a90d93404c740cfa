//! `usher users`: look after users.

use std::io::Read;

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use serde_json::json;
use usher_app::App;
use usher_identity::UserSummary;

use crate::commands::Target;
use crate::host::Host;
use crate::output::{Output, table};

/// Look after users. A user is named by id or e-mail address.
#[derive(Subcommand)]
pub(crate) enum Users {
    /// List the users, newest first
    List {
        #[command(flatten)]
        target: Target,
    },
    /// Create a confirmed e-mail/password user at once; the creation function runs
    Create {
        /// The e-mail address
        email: String,
        /// The password; without it, it is read from standard input
        #[arg(long, env = "USHER_PASSWORD", hide_env_values = true)]
        password: Option<String>,
        #[command(flatten)]
        target: Target,
    },
    /// Keep a user from logging in, and end every session
    Disable(One),
    /// Let a disabled user log in again
    Enable(One),
    /// Delete a user with every session; the custom data stays
    Delete(One),
    /// End every session of a user; access tokens that were issued live on for up to 30 minutes
    RevokeSessions(One),
}

/// One user of one app.
#[derive(clap::Args)]
pub(crate) struct One {
    /// The user's id or e-mail address
    user: String,
    #[command(flatten)]
    target: Target,
}

impl Users {
    pub(crate) async fn run(self, output: Output) -> Result<()> {
        let target = match &self {
            Self::List { target } | Self::Create { target, .. } => target,
            Self::Disable(one) | Self::Enable(one) | Self::Delete(one) | Self::RevokeSessions(one) => &one.target,
        };
        let (app, host) = target.open(output).await?;
        let result = self.act(&app, &host, output).await;
        host.close().await;
        result
    }

    async fn act(&self, app: &App, host: &Host, output: Output) -> Result<()> {
        let identity = &host.rooms.identity;
        match self {
            Self::List { .. } => {
                let users = identity.list_users(app).await?;
                output.answer(&json!(users), list(&users));
            }
            Self::Create { email, password, .. } => {
                let password = password.clone().map_or_else(read_password, Ok)?;
                let deployment = host.rooms.deploy(&app.directory, output).await?;
                let id = identity.create_user(&deployment, email, &password).await?;
                output.answer(&json!({ "id": id }), format!("created user {id}"));
            }
            Self::Disable(one) => {
                let id = identity.resolve_user(app, &one.user).await?;
                identity.set_disabled(app, &id, true).await?;
                output.answer(&json!({ "id": id, "disabled": true }), format!("disabled user {id}"));
            }
            Self::Enable(one) => {
                let id = identity.resolve_user(app, &one.user).await?;
                identity.set_disabled(app, &id, false).await?;
                output.answer(&json!({ "id": id, "disabled": false }), format!("enabled user {id}"));
            }
            Self::Delete(one) => {
                let id = identity.resolve_user(app, &one.user).await?;
                identity.delete_user(app, &id).await?;
                output.answer(
                    &json!({ "id": id, "deleted": true }),
                    format!("deleted user {id}; the custom data stays (usher custom-data delete {id})"),
                );
            }
            Self::RevokeSessions(one) => {
                let id = identity.resolve_user(app, &one.user).await?;
                let ended = identity.revoke_sessions(app, &id).await?;
                output.answer(&json!({ "id": id, "ended": ended }), format!("ended {ended} sessions of user {id}"));
            }
        }
        Ok(())
    }
}

fn list(users: &[UserSummary]) -> String {
    let rows: Vec<Vec<String>> = users
        .iter()
        .map(|user| {
            vec![
                user.id.clone(),
                user.providers.join(", "),
                user.email.clone().unwrap_or_default(),
                if user.disabled { "disabled" } else { "enabled" }.to_owned(),
                time(user.created_at),
                user.last_login_at.map(time).unwrap_or_default(),
            ]
        })
        .collect();
    table(&["id", "providers", "e-mail", "state", "created", "last login"], &rows)
}

fn time(milliseconds: i64) -> String {
    bson::DateTime::from_millis(milliseconds).try_to_rfc3339_string().unwrap_or_else(|_| milliseconds.to_string())
}

fn read_password() -> Result<String> {
    let mut password = String::new();
    std::io::stdin().read_to_string(&mut password).context("the password cannot be read from standard input")?;
    let password = password.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!("no password: give one with --password, USHER_PASSWORD or on standard input");
    }
    Ok(password.to_owned())
}
