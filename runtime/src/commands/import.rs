//! `usher import`: the grants that an exported app needs, found in its functions and written where a person can read
//! and narrow them.

mod grants;
mod names;
mod rules;
pub(crate) mod sources;
mod table;
mod together;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use usher_app::{App, HttpGrant, Loaded};
use usher_contract::Operations;

use crate::output::Output;
use crate::project;
pub(crate) use grants::{Proposal, grants};
use table::rows;

const FILE: &str = "usher.json";

/// Read what an exported app's JavaScript functions use, and write usher.json with grants of just that.
///
/// The functions are read, not run. What they name only while they run becomes a wider grant, and a warning with file
/// and line. Look through the table that is printed, and narrow the file by hand.
#[derive(clap::Args)]
pub(crate) struct Import {
    /// The app's directory
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,
    /// Write usher.json anew where there is one
    #[arg(long)]
    force: bool,
    /// Print what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
}

/// Proposes grants for an app that has none, and writes them.
pub(crate) fn write(app: &App, output: Output) -> Result<()> {
    let proposal = grants(app);
    for warning in &proposal.warnings {
        output.notice(warning);
    }
    put(&app.directory, &proposal, output)
}

fn put(directory: &Path, proposal: &Proposal, output: Output) -> Result<()> {
    let file = directory.join(FILE);
    usher_app::write_grants(directory, &proposal.config).with_context(|| format!("cannot write {}", file.display()))?;
    // What was written must be what the next command reads.
    if let Err(mistakes) = project::load_sources(directory) {
        bail!("{} was written, and has to be mended:\n{mistakes}", file.display());
    }
    output.done(format!("wrote {}", file.display()));
    Ok(())
}

impl Import {
    pub(crate) fn run(&self, output: Output) -> Result<()> {
        let Loaded { app, notices } =
            project::load_sources(&self.directory).map_err(|mistakes| project::broken(&self.directory, &mistakes))?;
        notices.iter().for_each(|notice| output.notice(notice));
        let file = self.directory.join(FILE);
        if file.exists() && !self.force && !self.dry_run {
            bail!("{} exists; --force writes it anew, --dry-run only prints", file.display());
        }
        let proposal = grants(&app);
        for warning in &proposal.warnings {
            output.notice(warning);
        }
        if !self.dry_run {
            put(&self.directory, &proposal, output)?;
        }
        let rows = rows(&app, &proposal.config);
        let warnings: Vec<String> = proposal.warnings.iter().map(ToString::to_string).collect();
        let json = json!({
            "written": if self.dry_run { Value::Null } else { json!(file) },
            "grants": rows.iter().map(table::Row::json).collect::<Vec<_>>(),
            "warnings": warnings,
        });
        output.answer(&json, table::text(&rows));
        Ok(())
    }
}

/// An origin as it is written: without the scheme's own port.
pub(crate) fn origin(grant: &HttpGrant) -> String {
    let HttpGrant { scheme, host, port, .. } = grant;
    match (scheme.as_str(), port) {
        ("https", 443) | ("http", 80) => format!("{scheme}://{host}"),
        _ => format!("{scheme}://{host}:{port}"),
    }
}

/// Operations as they are written.
pub(crate) fn operations(operations: Operations) -> Vec<&'static str> {
    let Operations { read, insert, update, delete } = operations;
    let words = [(read, "read"), (insert, "insert"), (update, "update"), (delete, "delete")];
    words.into_iter().filter_map(|(allowed, word)| allowed.then_some(word)).collect()
}
