//! Usher as a child process that never outlives the demo.

use std::fs::File;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::setup::Ready;
use crate::setup::guests::prepared;

/// Starting the embedded database and loading the functions takes a few seconds; this is for slow machines.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs "$@" until it ends or standard input does, which happens when the demo stops it and when the demo dies,
/// however that comes about. The first argument is a directory that goes with it.
const KEEPER: &str = r#"
directory=$1; shift
exec 3<&0
"$@" 3<&- </dev/null &
server=$!
{
    read -r _ <&3
    kill -TERM $server
    tries=0
    while [ $tries -lt 60 ]; do sleep 0.5; tries=$((tries + 1)); done
    kill -KILL $server
} >/dev/null 2>&1 &
watcher=$!
wait $server
status=$?
kill $watcher 2>/dev/null
rm -rf "$directory"
exit $status
"#;

/// A running Usher.
pub(crate) struct Server {
    keeper: Child,
    /// Usher lives as long as this is open.
    leash: Option<ChildStdin>,
    /// Where clients reach it.
    pub(crate) url: String,
    /// Its data directory.
    pub(crate) data: PathBuf,
    /// What it logs.
    pub(crate) log: PathBuf,
}

impl Server {
    /// Starts `usher serve` on an app and waits until it is ready.
    pub(crate) fn start(usher: &Path, app: &Path, listen: &str, scratch: &Path, ready: &Ready) -> Result<Self> {
        let home = scratch.join(std::process::id().to_string());
        let data = home.join("data");
        std::fs::create_dir_all(&data)?;
        // The database is new each time; functions are built and compiled once.
        for shared in ["build", "cache"] {
            std::os::unix::fs::symlink(prepared().join(shared), data.join(shared))?;
        }
        let log = scratch.join("usher.log");
        let ready_file = home.join("ready.json");
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER, "sh"]).arg(&home).arg(usher).arg("serve");
        command.arg("--app").arg(app).arg("--data").arg(&data).args(["--listen", listen]);
        command.arg("--ready-file").arg(&ready_file);
        ready.environment(&mut command);
        let output = File::create(&log)?;
        let mut keeper = command
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output)
            // Ctrl-C is for the demo; Usher then ends in good order because its leash is gone.
            .process_group(0)
            .spawn()
            .context("cannot start sh")?;
        let leash = keeper.stdin.take();
        let mut server = Self { keeper, leash, url: String::new(), data, log };
        server.wait_until_ready(&ready_file)?;
        Ok(server)
    }

    fn wait_until_ready(&mut self, file: &Path) -> Result<()> {
        let started = Instant::now();
        loop {
            if let Some(facts) = std::fs::read(file).ok().and_then(|json| serde_json::from_slice::<Value>(&json).ok()) {
                self.url = facts["url"].as_str().unwrap_or_default().to_owned();
                return Ok(());
            }
            if let Some(status) = self.keeper.try_wait()? {
                bail!("Usher did not start ({status}); it said:\n{}", self.tail());
            }
            if started.elapsed() > PATIENCE {
                bail!("Usher was not ready within {} s; it said:\n{}", PATIENCE.as_secs(), self.tail());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until Usher ends by itself, which it should not.
    pub(crate) fn wait(&mut self) -> Result<()> {
        let status = self.keeper.wait()?;
        bail!("Usher ended ({status}); it said:\n{}", self.tail());
    }

    /// The last lines of the log.
    pub(crate) fn tail(&self) -> String {
        let mut log = String::new();
        let _ = File::open(&self.log).and_then(|mut file| file.read_to_string(&mut log));
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.leash.take());
        let _ = self.keeper.wait();
    }
}

#[cfg(test)]
mod tests;
