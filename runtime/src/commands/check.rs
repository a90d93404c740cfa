//! `usher check`: every mistake in an app directory, at once.

use std::path::PathBuf;

use anyhow::{Result, bail};
use serde_json::json;

use crate::output::Output;
use crate::project;

/// Report every mistake in app directories, with file, line and a way out. Nothing is built or run.
#[derive(clap::Args)]
pub(crate) struct Check {
    /// The app's directory
    #[arg(value_name = "DIR", default_value = ".")]
    directories: Vec<PathBuf>,
}

impl Check {
    pub(crate) fn run(&self, output: Output) -> Result<()> {
        let mut broken = 0;
        let mut reports = Vec::new();
        for directory in &self.directories {
            match project::check(directory) {
                Ok(loaded) => {
                    for notice in &loaded.notices {
                        output.notice(notice);
                    }
                    output.done(format!("{}: app \"{}\" has no mistakes", directory.display(), loaded.app.id));
                    let notices: Vec<String> = loaded.notices.iter().map(ToString::to_string).collect();
                    reports.push(json!({
                        "directory": directory, "app": loaded.app.id, "mistakes": [], "notices": notices,
                    }));
                }
                Err(mistakes) => {
                    broken += mistakes.0.len();
                    if !output.json {
                        anstream::eprintln!("{}:\n{mistakes}", directory.display());
                    }
                    reports.push(json!({ "directory": directory, "mistakes": project::as_json(&mistakes) }));
                }
            }
        }
        if output.json {
            anstream::println!("{}", json!(reports));
        }
        match broken {
            0 => Ok(()),
            // The report has said it all; a second value would spoil it for machines.
            _ if output.json => std::process::exit(1),
            1 => bail!("1 mistake"),
            n => bail!("{n} mistakes"),
        }
    }
}
