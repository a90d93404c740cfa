//! esbuild, the bundler: found, or installed with npm; and run.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::npm::{self, NpmError};
use super::{BundleError, builtins};

/// The version that is installed where there is none.
const VERSION: &str = "0.28.2";
/// Names an esbuild to use.
const VARIABLE: &str = "USHER_ESBUILD";
/// What the engine is sure to know.
const TARGET: &str = "--target=es2020";

/// What a module that is a function ends with.
const EXPORTS: &str = "exports = \"default\" in usherModule ? usherModule.default : usherModule;\n";

/// What a file with `import` and `export` becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A script that assigns its default export, or else all of them, to `exports`.
    Function,
    /// A CommonJS module.
    Module,
}

/// The bundler.
pub(super) struct Esbuild<'a> {
    pub(super) tools: &'a Path,
}

/// What esbuild said was wrong.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) message: String,
    /// File, line from 1 and column from 1, where it gave one.
    pub(super) place: Option<(String, u32, u32)>,
}

impl<'a> Esbuild<'a> {
    pub(super) fn new(tools: &'a Path) -> Self {
        Self { tools }
    }

    /// Turns one file with `import` and `export` into what the engine can evaluate. Names, and as far as possible
    /// lines, stay.
    pub(super) fn transform(
        &self,
        file: &str,
        source: &str,
        shape: Shape,
        progress: &mut dyn FnMut(&str),
    ) -> Result<String, BundleError> {
        let program = self.program(progress).map_err(|error| BundleError { file: file.to_owned(), ..error })?;
        let mut command = Command::new(program);
        // What a script may use is no question here, only that `require` stays what it is.
        command.args(["--platform=node", TARGET, "--loader=js", "--supported:dynamic-import=false", "--charset=utf8"]);
        command.arg(format!("--sourcefile={file}"));
        match shape {
            Shape::Module => command.arg("--format=cjs"),
            Shape::Function => command.args(["--format=iife", "--global-name=usherModule"]),
        };
        let help = "repair the file";
        match run(&mut command, source) {
            Ok(Ok(source)) if shape == Shape::Function => Ok(format!("{source}{EXPORTS}")),
            Ok(Ok(source)) => Ok(source),
            Ok(Err(told)) => {
                let first = told.into_iter().next();
                let (message, place) = first.map_or(("esbuild failed".into(), None), |told| (told.message, told.place));
                let (_, line, column) = place.unwrap_or_default();
                Err(BundleError { line, column, ..BundleError::file(file, message, help) })
            }
            Err(error) => Err(BundleError::file(file, format!("esbuild does not run: {error}"), help)),
        }
    }

    /// Makes one CommonJS script of `entry` and all that it requires, looked for from `root`; Node's own modules and
    /// `external` stay outside. Gives what esbuild complains of, or writes script and metafile to the paths given.
    pub(super) fn bundle(
        &self,
        root: &Path,
        entry: &str,
        external: &[String],
        (script, metafile): (&Path, &Path),
        progress: &mut dyn FnMut(&str),
    ) -> Result<Vec<Told>, BundleError> {
        let mut command = Command::new(self.program(progress)?);
        // A sandbox is neither a browser nor Node. It has fetch, as browsers do, and no sockets: what packages bring for
        // browsers is what works. `main` still wins over `module` where a package is required, not imported.
        command.args(["--bundle", "--format=cjs", "--platform=browser", TARGET, "--sourcefile=dependencies.js"]);
        // As in a worker: there is `self`, and no `window` that packages would take for a page with a document.
        command.args([
            "--define:process.env.NODE_ENV=\"production\"",
            "--define:global=globalThis",
            "--define:self=globalThis",
        ]);
        command.args([
            "--log-level=error",
            "--log-limit=0",
            "--color=false",
            "--charset=utf8",
            "--legal-comments=none",
        ]);
        command.args(["--external:node:*"]);
        command.args(builtins::names().map(|name| format!("--external:{name}")));
        command.args(external.iter().map(|name| format!("--external:{name}")));
        command.arg(format!("--outfile={}", script.display())).arg(format!("--metafile={}", metafile.display()));
        command.current_dir(root);
        match run(&mut command, entry) {
            Ok(Ok(_)) => Ok(Vec::new()),
            Ok(Err(told)) => Ok(told),
            Err(error) => {
                Err(BundleError::file("functions", format!("esbuild does not run: {error}"), "look at USHER_ESBUILD"))
            }
        }
    }

    /// The program: the one that the environment names, one on the `PATH`, or one that is installed with npm. One that
    /// an app brings along is never run: it would be the app's code outside of a sandbox.
    fn program(&self, progress: &mut dyn FnMut(&str)) -> Result<PathBuf, BundleError> {
        if let Some(named) = std::env::var_os(VARIABLE) {
            return Ok(named.into());
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let on_path = std::env::split_paths(&path).map(|directory| directory.join("esbuild"));
        if let Some(found) = on_path.into_iter().find(|file| file.is_file()) {
            return Ok(found);
        }
        // The bundler may run in another directory.
        let tools = std::path::absolute(self.tools).unwrap_or_else(|_| self.tools.to_owned());
        let directory = npm::kept(&tools, "esbuild", VERSION);
        if !directory.is_dir() {
            progress("installing esbuild, which bundles packages");
        }
        let package = format!("esbuild@{VERSION}");
        npm::installed(&directory, &["--no-package-lock", &package], |part| {
            std::fs::write(part.join("package.json"), "{ \"private\": true }\n")
        })
        .map_err(|error| missing(&error))?;
        Ok(native(&directory).unwrap_or_else(|| directory.join("node_modules/.bin/esbuild")))
    }
}

fn missing(error: &NpmError) -> BundleError {
    let why = match error {
        NpmError::Missing => "npm, which would install it, was not found either".to_owned(),
        NpmError::Failed(told) => format!("npm could not install it:\n{told}"),
    };
    BundleError::file(
        "functions",
        format!("packages, and files with import, are bundled with esbuild, which was not found; {why}"),
        format!("{}, or name an esbuild {VERSION} or newer in {VARIABLE}", npm::HOW),
    )
}

/// The program itself, which starts quicker than the script around it and needs no Node.
fn native(directory: &Path) -> Option<PathBuf> {
    let platforms = std::fs::read_dir(directory.join("node_modules/@esbuild")).ok()?;
    let programs = platforms.filter_map(|entry| Some(entry.ok()?.path().join("bin/esbuild")));
    programs.into_iter().find(|program| program.is_file())
}

/// Runs esbuild with a text as its input; gives its output, or what it complains of.
fn run(command: &mut Command, input: &str) -> io::Result<Result<String, Vec<Told>>> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let stdin = child.stdin.take();
    // Input and output at once: both may be larger than a pipe.
    let output = std::thread::scope(|scope| {
        scope.spawn(|| stdin.map(|mut stdin| stdin.write_all(input.as_bytes())));
        child.wait_with_output()
    })?;
    if output.status.success() {
        return Ok(Ok(String::from_utf8_lossy(&output.stdout).into_owned()));
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let told = complaints(&text);
    if told.is_empty() {
        return Ok(Err(vec![Told { message: format!("{}: {}", output.status, text.trim()), place: None }]));
    }
    Ok(Err(told))
}

/// The errors in what esbuild prints for people: a line with the message, then, indented, one with the place.
fn complaints(text: &str) -> Vec<Told> {
    let mut told: Vec<Told> = Vec::new();
    for line in text.lines() {
        if let Some((_, message)) = line.split_once("[ERROR] ") {
            told.push(Told { message: message.to_owned(), place: None });
        } else if let Some(last) = told.last_mut()
            && last.place.is_none()
            && line.starts_with("    ")
        {
            let mut parts = line.trim().trim_end_matches(':').rsplitn(3, ':');
            if let (Some(Ok(column)), Some(Ok(line)), Some(file)) =
                (parts.next().map(str::parse::<u32>), parts.next().map(str::parse), parts.next())
            {
                last.place = Some((file.to_owned(), line, column + 1));
            }
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_understood() {
        let text = "✘ [ERROR] Could not resolve \"nope\"\n\n    node_modules/a/index.js:3:8:\n      3 │ require(\"nope\")\n\n\
                    ✘ [ERROR] Something else\n\n1 error\n";
        let place = Some(("node_modules/a/index.js".to_owned(), 3, 9));
        assert_eq!(
            complaints(text),
            [
                Told { message: "Could not resolve \"nope\"".into(), place },
                Told { message: "Something else".into(), place: None }
            ]
        );
    }
}
