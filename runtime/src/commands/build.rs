//! `usher build`: the functions of an app, built and seen to load.

use std::path::PathBuf;

use anyhow::{Result, bail};
use serde_json::json;
use usher_app::Source;
use usher_dispatch::Deployment;
use usher_sandbox::{Sandbox, SandboxOptions};

use crate::host::Storage;
use crate::output::{Output, table};
use crate::{logging, project};

/// Build the functions of an app, check what each imports, and compile them into the cache that `serve` uses.
#[derive(clap::Args)]
pub(crate) struct Build {
    /// The app's directory
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,
    #[command(flatten)]
    storage: Storage,
}

impl Build {
    pub(crate) async fn run(&self, output: Output) -> Result<()> {
        logging::quiet();
        let project = project::build(&self.directory, &self.storage.build_directory(), output).await?;
        let sandbox =
            Sandbox::new(&SandboxOptions { concurrent_calls: 1, cache: Some(self.storage.cache_directory()) })?;
        let (app, code) = project.into_code();
        let scripts: Vec<(String, PathBuf)> = app
            .functions
            .values()
            .filter_map(|function| match &function.source {
                Source::JavaScript(path) => Some((function.name.clone(), path.clone())),
                _ => None,
            })
            .collect();
        if let Err(errors) = Deployment::load(&sandbox, app, &code).await {
            let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
            bail!("{}", errors.join("\n"));
        }
        let mut rows = Vec::new();
        let mut functions = Vec::new();
        for (name, path) in &code.components {
            let bytes = std::fs::metadata(path)?.len();
            rows.push(vec![name.clone(), format!("{} KiB", bytes.div_ceil(1024)), path.display().to_string()]);
            functions.push(json!({ "name": name, "component": path, "bytes": bytes }));
        }
        for (name, path) in scripts {
            rows.push(vec![name.clone(), "script".to_owned(), path.display().to_string()]);
            functions.push(json!({ "name": name, "script": path }));
        }
        output.answer(&json!(functions), table(&["function", "size", "code"], &rows));
        Ok(())
    }
}
