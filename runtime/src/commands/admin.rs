//! `usher admin`: those who may deploy and administer apps over the admin API.

use anyhow::Result;
use clap::{Subcommand, ValueEnum};
use serde_json::json;
use usher_control::{AdminSummary, Control, Keyring, Role};

use crate::commands::users::read_password;
use crate::host::{Host, Storage};
use crate::logging;
use crate::output::{Output, table, time};

/// Look after those who may deploy and administer apps over the admin API.
#[derive(Subcommand)]
pub(crate) enum Admin {
    /// Make an API key; its private part is shown this once
    CreateKey {
        /// What it may do
        #[arg(long, value_enum, default_value = "owner")]
        role: RoleName,
        /// What it is for
        #[arg(long, default_value = "")]
        description: String,
        #[command(flatten)]
        storage: Storage,
    },
    /// Make an administrator who logs in with an e-mail address and a password
    CreateUser {
        /// The e-mail address
        email: String,
        /// The password; without it, it is read from standard input
        #[arg(long, env = "USHER_PASSWORD", hide_env_values = true)]
        password: Option<String>,
        /// What they may do
        #[arg(long, value_enum, default_value = "owner")]
        role: RoleName,
        #[command(flatten)]
        storage: Storage,
    },
    /// List keys and administrators, oldest first
    List {
        #[command(flatten)]
        storage: Storage,
    },
    /// Remove a key or an administrator, by id, public key or e-mail address; their tokens are worth nothing at once
    Delete {
        /// Which
        admin: String,
        #[command(flatten)]
        storage: Storage,
    },
}

/// What an administrator may do.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum RoleName {
    /// Everything
    Owner,
    /// Look, and change nothing
    ReadOnly,
}

impl From<RoleName> for Role {
    fn from(role: RoleName) -> Self {
        match role {
            RoleName::Owner => Self::Owner,
            RoleName::ReadOnly => Self::ReadOnly,
        }
    }
}

impl Admin {
    pub(crate) async fn run(self, output: Output) -> Result<()> {
        logging::quiet();
        let (Self::CreateKey { storage, .. }
        | Self::CreateUser { storage, .. }
        | Self::List { storage }
        | Self::Delete { storage, .. }) = &self;
        let host = Host::beside(storage).await?;
        let result = match host.open_control(storage, Keyring::default()).await {
            Ok(control) => self.act(&control, output).await,
            Err(error) => Err(error),
        };
        host.close().await;
        result
    }

    async fn act(&self, control: &Control, output: Output) -> Result<()> {
        match self {
            Self::CreateKey { role, description, .. } => {
                let key = control.create_key((*role).into(), description).await?;
                let json = json!({ "id": key.id, "public": key.public, "private": key.private });
                output.answer(&json, format!("public   {}\nprivate  {}", key.public, key.private));
            }
            Self::CreateUser { email, password, role, .. } => {
                let password = password.clone().map_or_else(read_password, Ok)?;
                let id = control.create_person(email, &password, (*role).into()).await?;
                output.answer(&json!({ "id": id }), format!("created administrator {id}"));
            }
            Self::List { .. } => {
                let admins = control.list_admins().await?;
                output.answer(&json!(admins), list(&admins));
            }
            Self::Delete { admin, .. } => {
                control.delete_admin(admin).await?;
                output.answer(&json!({ "deleted": admin }), format!("deleted {admin}"));
            }
        }
        Ok(())
    }
}

fn list(admins: &[AdminSummary]) -> String {
    let row = |admin: &AdminSummary| {
        let created = time(bson::DateTime::from_millis(admin.created_at));
        // As --role takes it.
        let role = match admin.role {
            Role::Owner => "owner",
            Role::ReadOnly => "read-only",
        }
        .to_owned();
        vec![admin.id.clone(), admin.kind.to_owned(), admin.name.clone(), role, created, admin.description.clone()]
    };
    table(&["id", "kind", "name", "role", "created", "description"], &admins.iter().map(row).collect::<Vec<_>>())
}
