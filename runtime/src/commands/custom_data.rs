//! `usher custom-data`: a user's custom data by hand.

use anyhow::{Context, Result, bail};
use bson::{Bson, Document};
use clap::Subcommand;
use serde_json::{Value, json};
use usher_app::App;
use usher_contract::value;

use crate::commands::Target;
use crate::host::Host;
use crate::output::Output;

/// Read and change a user's custom-data document by hand. A user is named by id or e-mail address.
#[derive(Subcommand)]
pub(crate) enum CustomData {
    /// Print the document as Extended JSON
    Get {
        /// The user's id or e-mail address; a deleted user's id serves too
        user: String,
        #[command(flatten)]
        target: Target,
    },
    /// Set fields, making the document where there is none
    Set {
        /// The user's id or e-mail address
        user: String,
        /// The fields, as an Extended JSON document such as '{"plan": "gold"}'
        fields: String,
        #[command(flatten)]
        target: Target,
    },
    /// Delete the document
    Delete {
        /// The user's id or e-mail address; a deleted user's id serves too
        user: String,
        #[command(flatten)]
        target: Target,
    },
}

impl CustomData {
    pub(crate) async fn run(self, output: Output) -> Result<()> {
        let (Self::Get { target, .. } | Self::Set { target, .. } | Self::Delete { target, .. }) = &self;
        let (app, host) = target.open(output).await?;
        if !app.custom_user_data.enabled {
            host.close().await;
            bail!("custom user data is switched off for the app \"{}\" (auth/custom_user_data.json)", app.id);
        }
        let result = self.act(&app, &host, output).await;
        host.close().await;
        result
    }

    async fn act(&self, app: &App, host: &Host, output: Output) -> Result<()> {
        let identity = &host.rooms.identity;
        match self {
            Self::Get { user, .. } => {
                let id = identity.resolve_user(app, user).await?;
                let document =
                    identity.custom_data(app, &id).await?.with_context(|| format!("user {id} has no custom data"))?;
                print(output, document);
            }
            Self::Set { user, fields, .. } => {
                let id = identity.resolve_user(app, user).await?;
                let document = identity.set_custom_data(app, &id, parse(fields)?).await?;
                print(output, document);
            }
            Self::Delete { user, .. } => {
                let id = identity.resolve_user(app, user).await?;
                let deleted = identity.delete_custom_data(app, &id).await?;
                output.answer(
                    &json!({ "id": id, "deleted": deleted }),
                    format!("deleted {deleted} documents of user {id}"),
                );
            }
        }
        Ok(())
    }
}

fn parse(fields: &str) -> Result<Document> {
    let json: Value = serde_json::from_str(fields).with_context(|| format!("{fields} is not JSON"))?;
    match value::from_extended_json(json)? {
        Bson::Document(document) => Ok(document),
        _ => bail!("{fields} is not a document; write it as '{{\"field\": value}}'"),
    }
}

fn print(output: Output, document: Document) {
    let json = value::to_extended_json(Bson::Document(document));
    output.answer_json(&json);
}
