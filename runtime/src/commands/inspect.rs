//! `usher inspect`: what each function can touch, and how two deployments differ in it.

mod callers;
mod code;
mod difference;
mod powers;
mod report;
mod sentence;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::output::Output;
use crate::project;
use report::FunctionReport;

/// Say of each function of an app what exactly it can touch, from its grants and settings. With --against, what changed.
///
/// Nothing is built or run. What a sentence does not name is out of the function's reach, whatever its code tries.
#[derive(clap::Args)]
pub(crate) struct Inspect {
    /// The app's directory
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,
    /// Another version of the app: tell what changed since then
    #[arg(long, value_name = "OTHER_DIR")]
    against: Option<PathBuf>,
}

impl Inspect {
    pub(crate) fn run(&self, output: Output) -> Result<()> {
        let app = project::read(&self.directory, output)?;
        if let Some(other) = &self.against {
            let before = project::read(other, output)?;
            let difference = difference::between(&before, &app).context("the functions' code cannot be read")?;
            output.answer(&difference.json(), difference.text());
            return Ok(());
        }
        let functions = report::functions(&app);
        let always = report::always(&app);
        let json: Vec<Value> = functions.iter().map(FunctionReport::json).collect();
        let mut text: Vec<String> = functions.iter().map(FunctionReport::text).collect();
        text.push(always.clone());
        output.answer(&json!({ "app": app.id, "functions": json, "every_function": always }), text.join("\n\n"));
        Ok(())
    }
}
