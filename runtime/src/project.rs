//! An app directory on its way to a deployment: read, built, its mistakes shown.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use usher_app::{App, Loaded, Mistake, Mistakes, Secrets, Source};
use usher_dispatch::{Code, Scripts};
use usher_js::{BundleError, BundleOptions};

use crate::output::Output;

/// An app and the code of its functions.
pub(crate) struct Project {
    pub(crate) app: App,
    pub(crate) components: BTreeMap<String, PathBuf>,
    /// What the JavaScript engine loads, where there are JavaScript functions.
    pub(crate) scripts: Option<Vec<u8>>,
}

impl Project {
    /// The code as dispatch loads it, and the app.
    pub(crate) fn into_code(self) -> (App, Code<'static>) {
        let scripts = self.scripts.map(|document| Scripts { engine: usher_js::ENGINE, document });
        (self.app, Code { components: self.components, scripts })
    }
}

/// The file of secrets that the command line names; one for every app of the process.
static SECRETS: OnceLock<PathBuf> = OnceLock::new();

/// Names the file of secrets. To be called once, before any app is read.
pub(crate) fn take_secrets_from(file: PathBuf) {
    let _ = SECRETS.set(file);
}

/// Reads an app with the secrets that there are.
pub(crate) fn load(directory: &Path) -> std::result::Result<Loaded, Mistakes> {
    match SECRETS.get() {
        Some(file) => usher_app::load_with(directory, &Secrets::from_file(file)?.with_environment()),
        None => usher_app::load(directory),
    }
}

/// Reads an app, and its scripts with what they require: every mistake that can be found without building or running.
pub(crate) fn check(directory: &Path) -> std::result::Result<Loaded, Mistakes> {
    let loaded = load(directory)?;
    let mistakes: Vec<Mistake> =
        usher_js::check(&loaded.app).into_iter().map(|error| of_script(&loaded.app, error)).collect();
    if mistakes.is_empty() { Ok(loaded) } else { Err(Mistakes(mistakes)) }
}

fn of_script(app: &App, error: BundleError) -> Mistake {
    let BundleError { file, line, column, function, message, help } = error;
    let inline = function.filter(|name| {
        app.functions.get(name).is_some_and(|function| matches!(function.source, Source::Inline { .. }))
    });
    let (line, message) = match inline {
        _ if line == 0 => (None, message),
        // Of a source that stands in a configuration file: lines are those of the source, not of the file.
        Some(name) => (None, format!("the script {name}, line {line}, column {column}: {message}")),
        None => (usize::try_from(line).ok(), format!("column {column}: {message}")),
    };
    Mistake { file: file.into(), line, message, help }
}

/// Reads an app and shows what its owner should know; fails with every mistake.
pub(crate) fn read(directory: &Path, output: Output) -> Result<App> {
    let Loaded { app, notices } = load(directory).map_err(|mistakes| broken(directory, &mistakes))?;
    for notice in notices {
        output.notice(notice);
    }
    Ok(app)
}

/// As [`load`], for what runs nothing of the app: a secret that is missing is no mistake.
pub(crate) fn load_sources(directory: &Path) -> std::result::Result<Loaded, Mistakes> {
    load(directory).or_else(|_| usher_app::load_with(directory, &Secrets::unneeded().with_environment()))
}

/// Reads an app and builds those of its functions that are source.
pub(crate) async fn build(directory: &Path, target: &Path, output: Output) -> Result<Project> {
    compile(read(directory, output)?, target, false, output).await
}

/// Builds those functions of an app that are source; npm packages may follow where the app comes over the network.
pub(crate) async fn compile(app: App, target: &Path, packages_may_follow: bool, output: Output) -> Result<Project> {
    let target = target.to_owned();
    // Cargo blocks for as long as it compiles.
    tokio::task::spawn_blocking(move || {
        let components = usher_app::build(&app, &target, &mut |step| output.progress(step))
            .with_context(|| format!("the functions of \"{}\" could not be built", app.id))?;
        let options = BundleOptions { tools: target.join("javascript"), packages_may_follow };
        let scripts = usher_js::bundle(&app, &options, &mut |step| output.progress(step)).map_err(|errors| {
            let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
            anyhow::anyhow!("the JavaScript functions of \"{}\" have mistakes:\n{}", app.id, errors.join("\n"))
        })?;
        Ok(Project { app, components, scripts })
    })
    .await?
}

/// Reads an app of which only the configuration is needed: nothing of it is going to run, so its secrets are not asked
/// for, and what its owner should know is not told.
pub(crate) fn configuration(directories: &[PathBuf], id: Option<&str>) -> Result<App> {
    let mut apps = Vec::new();
    for directory in directories {
        if !usher_app::is_app(directory) {
            bail!("there is no app in {}: name its directory with --app DIR, or in USHER_APP", directory.display());
        }
        let loaded = usher_app::load_with(directory, &Secrets::unneeded());
        apps.push(loaded.map_err(|mistakes| broken(directory, &mistakes))?.app);
    }
    let known: Vec<String> = apps.iter().map(|app| app.id.clone()).collect();
    match id {
        Some(id) => apps.retain(|app| app.id == id),
        None if apps.len() > 1 => bail!("there are several apps ({}); name one with --app-id", known.join(", ")),
        None => {}
    }
    apps.pop().with_context(|| format!("no app \"{}\"; there are: {}", id.unwrap_or_default(), known.join(", ")))
}

/// Mistakes as JSON, for machines.
pub(crate) fn as_json(mistakes: &Mistakes) -> Value {
    let mistakes: Vec<Value> = mistakes
        .0
        .iter()
        .map(|mistake| {
            json!({
                "file": mistake.file.display().to_string(),
                "line": mistake.line,
                "message": mistake.message,
                "help": mistake.help,
            })
        })
        .collect();
    json!(mistakes)
}

pub(crate) fn broken(directory: &Path, mistakes: &Mistakes) -> anyhow::Error {
    anyhow::anyhow!("the app in {} has mistakes:\n{mistakes}", directory.display())
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_only_reads_sources_needs_no_secrets() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("auth")).unwrap();
        std::fs::write(directory.path().join("root_config.json"), r#"{"name": "a"}"#).unwrap();
        let google = r#"{"oauth2-google": {"name": "oauth2-google", "type": "oauth2-google", "disabled": false,
            "config": {"clientId": "x"}, "secret_config": {"clientSecret": "nobody-has-it"}}}"#;
        std::fs::write(directory.path().join("auth/providers.json"), google).unwrap();
        assert!(super::load(directory.path()).is_err());
        assert_eq!(super::load_sources(directory.path()).unwrap().app.id, "a");
    }
}
