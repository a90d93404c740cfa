//! `usher keys`: the keys that sign tokens.

use anyhow::Result;
use clap::Subcommand;
use serde_json::json;

use crate::host::{Host, Storage};
use crate::logging;
use crate::output::Output;

/// Look after the keys that sign tokens.
#[derive(Subcommand)]
pub(crate) enum Keys {
    /// Make a new signing key; tokens signed with older ones stay valid until they expire
    Rotate {
        /// Older keys are good for nothing any more: every session of every app ends, on each host within a minute. For a
        /// key that somebody may have got hold of
        #[arg(long)]
        revoke_older: bool,
        #[command(flatten)]
        storage: Storage,
    },
}

impl Keys {
    pub(crate) async fn run(self, output: Output) -> Result<()> {
        let Self::Rotate { revoke_older, storage } = self;
        logging::quiet();
        let host = Host::beside(&storage).await?;
        let identity = &host.rooms.identity;
        let rotated = if revoke_older { identity.replace_keys().await } else { identity.rotate_keys().await };
        host.close().await;
        let key = rotated?;
        output.answer(&json!({ "kid": key }), format!("new tokens are signed with key {key}"));
        Ok(())
    }
}
