//! `usher secrets`: the keys that secrets of apps in the database are encrypted under.

use std::path::PathBuf;

use anyhow::{Context as _, Result, anyhow};
use clap::Subcommand;
use serde_json::json;
use usher_control::Keyring;

use crate::host::{Host, Storage};
use crate::logging;
use crate::output::Output;

/// The keys that secrets are encrypted under.
#[derive(clap::Args, Clone)]
#[command(next_help_heading = "Secrets of apps in the database")]
pub(crate) struct Encryption {
    /// Keys that secrets of apps in the database are encrypted under, separated by commas: 32 bytes in base64 each. The
    /// first encrypts, the others still decrypt
    #[arg(long, env = "USHER_ENCRYPTION_KEY", value_name = "KEYS", hide_env_values = true)]
    encryption_key: Option<String>,
    /// A file with such keys, one on a line; they come after those of --encryption-key
    #[arg(long, env = "USHER_ENCRYPTION_KEY_FILE", value_name = "FILE")]
    encryption_key_file: Option<PathBuf>,
}

impl Encryption {
    pub(crate) fn keyring(&self) -> Result<Keyring> {
        let mut keys = self.encryption_key.clone().unwrap_or_default();
        if let Some(file) = &self.encryption_key_file {
            let read = std::fs::read_to_string(file);
            let read = read.with_context(|| format!("cannot read the encryption keys in {}", file.display()))?;
            keys = format!("{keys}\n{read}");
        }
        Keyring::parse(&keys).map_err(|problem| anyhow!(problem))
    }
}

/// Look after the encryption of secrets of apps in the database.
#[derive(Subcommand)]
pub(crate) enum Secrets {
    /// Print a new key. Keep it where every host, and nobody else, can read it: without it the secrets are lost
    NewKey,
    /// Encrypt every secret under the first key; afterwards no host needs the others
    Rotate {
        #[command(flatten)]
        encryption: Encryption,
        #[command(flatten)]
        storage: Storage,
    },
}

impl Secrets {
    pub(crate) async fn run(self, output: Output) -> Result<()> {
        match self {
            Self::NewKey => {
                let key = Keyring::new_key();
                output.answer(&json!({ "key": key }), &key);
                Ok(())
            }
            Self::Rotate { encryption, storage } => {
                logging::quiet();
                let keyring = encryption.keyring()?;
                let host = Host::beside(&storage).await?;
                let rotated = rotate(&host, &storage, keyring).await;
                host.close().await;
                let rotated = rotated?;
                output.answer(&json!({ "rotated": rotated }), format!("{rotated} secrets encrypted anew"));
                Ok(())
            }
        }
    }
}

async fn rotate(host: &Host, storage: &Storage, keyring: Keyring) -> Result<u64> {
    Ok(host.open_control(storage, keyring).await?.rotate_secrets().await?)
}
