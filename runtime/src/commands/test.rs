//! `usher test`: the author's tests of functions, in the real sandbox and on a database that is thrown away.

mod case;
mod compare;
mod logs;
mod stage;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};

use crate::output::Output;
use case::Case;
use logs::Logs;
use stage::Stage;

const DIRECTORY: &str = "tests";

/// Run the tests of an app's functions. Each file `tests/*.json` of the app holds one test or an array of them: a
/// caller, arguments and documents, and what result and documents to expect.
///
/// Functions run in the real sandbox, on an embedded database that is started for the tests and removed after them.
#[derive(clap::Args)]
pub(crate) struct Test {
    /// The app's directory
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,
    /// Run only the tests whose name or function holds this text
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Directory of compiled code and build output, which the tests share with other commands
    #[arg(long, env = "USHER_DATA", value_name = "DIR", default_value = ".usher")]
    data: PathBuf,
    /// The embedded database's program, where it is not found by itself
    #[arg(long, env = "USHER_DATABASE_PROGRAM", value_name = "FILE")]
    database_program: Option<PathBuf>,
}

/// What came of one test.
struct Outcome {
    case: Case,
    milliseconds: u128,
    /// What was not as expected; empty where the test passed.
    differences: Vec<String>,
    log: Vec<String>,
}

impl Test {
    pub(crate) async fn run(self, output: Output) -> Result<()> {
        let logs = Logs::capture();
        let mut cases = read(&self.directory)?;
        if let Some(only) = &self.only {
            cases.retain(|case| case.name.contains(only) || case.function.contains(only));
            if cases.is_empty() {
                bail!("no test has {only:?} in its name or its function's");
            }
        }
        // The database is a child process, and would be left behind: what is dropped here kills it.
        let mut terminate = signal(SignalKind::terminate())?;
        let outcomes = tokio::select! {
            outcomes = self.attempt_all(&logs, cases, output) => outcomes?,
            _ = tokio::signal::ctrl_c() => bail!("interrupted"),
            _ = terminate.recv() => bail!("told to stop"),
        };
        let failed = outcomes.iter().filter(|outcome| !outcome.differences.is_empty()).count();
        if output.json {
            let outcomes: Vec<Value> = outcomes.iter().map(as_json).collect();
            anstream::println!("{}", json!(outcomes));
        } else {
            anstream::println!("{} passed, {failed} failed", outcomes.len() - failed);
        }
        if failed > 0 {
            // The report has said it all; a second value would spoil it for machines.
            std::process::exit(1);
        }
        Ok(())
    }

    async fn attempt_all(&self, logs: &Logs, cases: Vec<Case>, output: Output) -> Result<Vec<Outcome>> {
        let stage = Stage::set(self, output).await?;
        let mut outcomes = Vec::new();
        for case in cases {
            let outcome = attempt(&stage, logs, case).await?;
            if !output.json {
                anstream::println!("{}", report(&outcome));
            }
            outcomes.push(outcome);
        }
        stage.strike().await;
        Ok(outcomes)
    }
}

/// Every test of an app, in order of the files' names.
fn read(directory: &Path) -> Result<Vec<Case>> {
    let tests = directory.join(DIRECTORY);
    let mut files: Vec<PathBuf> = match std::fs::read_dir(&tests) {
        Ok(items) => items.map(|item| Ok(item?.path())).collect::<std::io::Result<_>>()?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", tests.display())),
    };
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let mut cases = Vec::new();
    let mut wrong = Vec::new();
    for file in files {
        let name = file.strip_prefix(directory).unwrap_or(&file).display().to_string();
        let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        match case::parse(&name, &text) {
            Ok(more) => cases.extend(more),
            Err(mistakes) => wrong.extend(mistakes),
        }
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    if cases.is_empty() {
        bail!("there are no tests in {}; `usher new` makes an app that has some", tests.display());
    }
    Ok(cases)
}

async fn attempt(stage: &Stage, logs: &Logs, case: Case) -> Result<Outcome> {
    let invocation = bson::oid::ObjectId::new().to_hex();
    stage.prepare(&case).await.with_context(|| case.title())?;
    let begin = Instant::now();
    let answer = stage.call(&case, &invocation).await;
    let milliseconds = begin.elapsed().as_millis();
    let mut differences = compare::answer(&case.expect, &answer);
    for (namespace, expected) in &case.expect.documents {
        let found = stage.documents(namespace).await.with_context(|| case.title())?;
        differences.extend(compare::documents(&namespace.to_string(), expected, &found));
    }
    let log = logs.take();
    differences.extend(compare::log(&case.expect.logs, &log));
    Ok(Outcome { case, milliseconds, differences, log })
}

fn report(outcome: &Outcome) -> String {
    let Outcome { case, milliseconds, differences, log } = outcome;
    if differences.is_empty() {
        return format!("\x1b[32m✓\x1b[0m {} ({milliseconds} ms)", case.title());
    }
    let mut lines = vec![format!("\x1b[1;31m✗\x1b[0m {} ({milliseconds} ms)", case.title())];
    lines.extend(differences.iter().map(|difference| format!("    {difference}")));
    lines.extend(log.iter().map(|line| format!("    log: {line}")));
    lines.join("\n")
}

fn as_json(outcome: &Outcome) -> Value {
    json!({
        "file": outcome.case.file,
        "name": outcome.case.name,
        "function": outcome.case.function,
        "passed": outcome.differences.is_empty(),
        "milliseconds": u64::try_from(outcome.milliseconds).unwrap_or(u64::MAX),
        "differences": outcome.differences,
        "logs": outcome.log,
    })
}
