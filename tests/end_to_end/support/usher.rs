//! A running Usher and its end.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use mongodb::Database;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use super::{Client, repository};

/// How long a start, or something that should be logged, may take on a slow machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(600);

/// The binary under test.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
    if std::env::var_os("USHER_DATABASE_PROGRAM").is_none() {
        let built = repository("target/tools/bin/secantusd-rs");
        if built.exists() {
            command.env("USHER_DATABASE_PROGRAM", built);
        }
    }
    command
}

/// Runs a command of the binary to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    program().args(arguments).output().unwrap()
}

/// A running Usher. It ends with the test.
pub(crate) struct Usher {
    child: Child,
    home: TempDir,
    arguments: Vec<String>,
    pub(crate) url: String,
    pub(crate) mongodb: String,
}

impl Usher {
    /// Serves apps on an embedded database of their own.
    pub(crate) fn serve(apps: &[&Path]) -> Self {
        Self::serve_with(apps, &[])
    }

    pub(crate) fn serve_with(apps: &[&Path], more: &[&str]) -> Self {
        Self::start(serve_arguments(apps), more)
    }

    /// `usher dev` on one app.
    pub(crate) fn dev(app: &Path) -> Self {
        Self::start(vec!["dev".to_owned(), app.display().to_string()], &[])
    }

    /// As [`Usher::serve`], with a cache of compiled code of its own that starts empty.
    pub(crate) fn serve_with_empty_cache(apps: &[&Path]) -> Self {
        let home = tempfile::tempdir().unwrap();
        share(&home, &["build"]);
        Self::start_in(home, serve_arguments(apps))
    }

    fn start(mut arguments: Vec<String>, more: &[&str]) -> Self {
        arguments.extend(more.iter().map(|&argument| argument.to_owned()));
        let home = tempfile::tempdir().unwrap();
        share(&home, &["build", "cache"]);
        Self::start_in(home, arguments)
    }

    fn start_in(home: TempDir, arguments: Vec<String>) -> Self {
        let (child, url, mongodb) = spawn(&home, &arguments);
        Self { child, home, arguments, url, mongodb }
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        read(&self.home.path().join("log"))
    }

    /// Waits until the log holds a text, then gives the log.
    pub(crate) fn wait_for_log(&self, text: &str) -> String {
        self.wait_until(text, |log| log.contains(text))
    }

    /// Waits until the log shows something, then gives the log.
    pub(crate) fn wait_until(&self, what: &str, shows: impl Fn(&str) -> bool) -> String {
        let begin = Instant::now();
        loop {
            let log = self.log();
            if shows(&log) {
                return log;
            }
            assert!(begin.elapsed() < PATIENCE, "the log never showed {what:?}:\n{log}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ends it as `kill -9` does, leaving no time for anything.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again on the same data, after [`Usher::kill`].
    pub(crate) fn restart(&mut self) {
        let (child, url, mongodb) = spawn(&self.home, &self.arguments);
        self.child = child;
        self.url = url;
        self.mongodb = mongodb;
    }

    /// Asks it to stop, as a service manager does.
    pub(crate) fn terminate(&self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
    }

    /// Stops it in the middle of everything, until it is thawed.
    pub(crate) fn freeze(&self) {
        kill_process(Pid::from_child(&self.child), Signal::STOP).unwrap();
    }

    /// Lets it go on as if nothing had been.
    pub(crate) fn thaw(&self) {
        kill_process(Pid::from_child(&self.child), Signal::CONT).unwrap();
    }

    /// Waits until it has ended by itself; gives whether it said that all was well.
    pub(crate) fn wait(&mut self) -> bool {
        self.child.wait().unwrap().success()
    }

    /// A client of an app.
    pub(crate) fn client(&self, app: &str) -> Client {
        Client::new(&self.url, app)
    }

    /// The database, by the driver.
    pub(crate) async fn database(&self, name: &str) -> Database {
        mongodb::Client::with_uri_str(&self.mongodb).await.unwrap().database(name)
    }

    /// Runs a command of the binary on the same data.
    pub(crate) fn command(&self, app: &Path, arguments: &[&str]) -> Output {
        program().args(arguments).arg("--data").arg(self.data()).arg("--app").arg(app).output().unwrap()
    }
}

impl Drop for Usher {
    fn drop(&mut self) {
        // One that has ended may have left its number to another process.
        if let Ok(None) = self.child.try_wait() {
            self.terminate();
        }
        let ended = self.child.wait();
        if std::thread::panicking() {
            eprintln!("usher ended with {ended:?} after logging:\n{}", self.log());
        }
    }
}

fn serve_arguments(apps: &[&Path]) -> Vec<String> {
    let apps = apps.iter().flat_map(|app| ["--app".to_owned(), app.display().to_string()]);
    std::iter::once("serve".to_owned()).chain(apps).collect()
}

/// Lends a new data directory what set-up has built and compiled of the sample app, so that no test does it again.
fn share(home: &TempDir, parts: &[&str]) {
    let prepared = std::env::var_os("USHER_PREPARED").map_or_else(|| repository("target/sample"), PathBuf::from);
    let data = home.path().join("data");
    std::fs::create_dir(&data).unwrap();
    for part in parts {
        let target = prepared.join(part);
        assert!(target.exists(), "{} is missing; run `cargo xtask setup`", target.display());
        std::os::unix::fs::symlink(target.canonicalize().unwrap(), data.join(part)).unwrap();
    }
}

fn spawn(home: &TempDir, arguments: &[String]) -> (Child, String, String) {
    let ready = home.path().join("ready.json");
    let _ = std::fs::remove_file(&ready);
    let log = File::options().create(true).append(true).open(home.path().join("log")).unwrap();
    let mut child = program()
        .args(arguments)
        .args(["--listen", "127.0.0.1:0", "--data"])
        .arg(home.path().join("data"))
        .arg("--ready-file")
        .arg(&ready)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    let begin = Instant::now();
    // A file is the event: it appears whole, by a rename, once clients are served.
    while !ready.exists() {
        if let Some(status) = child.try_wait().unwrap() {
            panic!("usher ended with {status}:\n{}", read(&home.path().join("log")));
        }
        if begin.elapsed() > PATIENCE {
            let _ = child.kill();
            panic!("usher did not start in time:\n{}", read(&home.path().join("log")));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let ready: Value = serde_json::from_str(&read(&ready)).unwrap();
    let text = |name: &str| ready[name].as_str().unwrap().to_owned();
    (child, text("url"), text("mongodb"))
}

fn read(path: &Path) -> String {
    let mut text = String::new();
    File::open(path).unwrap().read_to_string(&mut text).unwrap();
    text
}
