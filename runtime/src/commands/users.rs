//! `usher users`: look after users.

mod import;

use std::io::Read;

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use serde_json::json;
use usher_app::App;
use usher_identity::{Identity, PendingRegistration, UserSummary};

use crate::commands::Target;
use crate::host::Host;
use crate::output::{self, Output, table};

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
    /// Keep a user from logging in, and end every session; access tokens are void within a second
    Disable(One),
    /// Let a disabled user log in again
    Enable(One),
    /// Delete a user with every session; the custom data stays unless usher.json says otherwise
    Delete(One),
    /// End every session of a user; access tokens that were issued live on for up to 30 minutes
    RevokeSessions(One),
    /// List those who registered with e-mail and password and have not logged in yet
    Pending {
        #[command(flatten)]
        target: Target,
    },
    /// Confirm a registration without its e-mail or function
    Confirm {
        /// The e-mail address
        email: String,
        #[command(flatten)]
        target: Target,
    },
    /// Set the password of an e-mail/password user; sessions go on
    SetPassword {
        /// The e-mail address
        email: String,
        /// The password; without it, it is read from standard input
        #[arg(long, env = "USHER_PASSWORD", hide_env_values = true)]
        password: Option<String>,
        #[command(flatten)]
        target: Target,
    },
    /// Take over users of another server, with their ids and without passwords; the creation function does not run
    Import(import::Import),
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
            Self::List { target }
            | Self::Create { target, .. }
            | Self::Pending { target }
            | Self::Confirm { target, .. }
            | Self::SetPassword { target, .. } => target,
            Self::Import(import) => &import.target,
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
                let custom_data = match app.usher.users.delete_custom_data {
                    true => " and the custom data".to_owned(),
                    false => format!("; the custom data stays (usher custom-data delete {id})"),
                };
                output.answer(&json!({ "id": id, "deleted": true }), format!("deleted user {id}{custom_data}"));
            }
            Self::RevokeSessions(one) => {
                let id = identity.resolve_user(app, &one.user).await?;
                let ended = identity.revoke_sessions(app, &id).await?;
                output.answer(&json!({ "id": id, "ended": ended }), format!("ended {ended} sessions of user {id}"));
            }
            Self::Pending { .. } => pending(app, identity, output).await?,
            Self::Confirm { email, .. } => {
                identity.confirm_by_hand(app, email).await?;
                output.answer(&json!({ "email": email, "confirmed": true }), format!("confirmed {email}"));
            }
            Self::SetPassword { email, password, .. } => {
                let password = password.clone().map_or_else(read_password, Ok)?;
                identity.set_password_by_hand(app, email, &password).await?;
                output.answer(&json!({ "email": email }), format!("set the password of {email}"));
            }
            Self::Import(import) => import.run(app, identity, output).await?,
        }
        Ok(())
    }
}

async fn pending(app: &App, identity: &Identity, output: Output) -> Result<()> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = identity.pending_registrations(app, after.as_deref()).await?;
        after = page.last().map(|last| last.id.clone());
        if page.is_empty() {
            break;
        }
        all.extend(page);
    }
    let json: Vec<_> = all
        .iter()
        .map(
            |one| json!({ "id": one.id, "email": one.email, "confirmed": one.confirmed, "created_at": one.created_at }),
        )
        .collect();
    let row = |one: &PendingRegistration| {
        let state = if one.confirmed { "confirmed" } else { "unconfirmed" };
        vec![one.id.clone(), one.email.clone(), state.to_owned(), time(one.created_at)]
    };
    let rows: Vec<Vec<String>> = all.iter().map(row).collect();
    output.answer(&json!(json), table(&["id", "e-mail", "state", "registered"], &rows));
    Ok(())
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
    output::time(bson::DateTime::from_millis(milliseconds))
}

pub(crate) fn read_password() -> Result<String> {
    let mut password = String::new();
    std::io::stdin().read_to_string(&mut password).context("the password cannot be read from standard input")?;
    let password = password.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!("no password: give one with --password, USHER_PASSWORD or on standard input");
    }
    Ok(password.to_owned())
}
