//! The real binary, serving the sample app on the embedded database, and the bare HTTP server: each a child process.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(120);

/// A running Usher.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
    pub(crate) mongodb: String,
    _home: TempDir,
}

impl Server {
    /// Serves an app with Rust functions, which set-up has built; compiled code is this build's own.
    pub(crate) fn start(app: &Path) -> Result<Self> {
        let home = tempfile::tempdir()?;
        let data = home.path().join("data");
        std::fs::create_dir(&data)?;
        std::os::unix::fs::symlink(prepared().join("build").canonicalize()?, data.join("build"))?;
        Self::run(home, |usher| usher.args(["serve", "--app"]).arg(app).arg("--data").arg(&data))
    }

    /// Runs a command of `usher` that serves; where its data goes is the caller's to say.
    pub(crate) fn run(home: TempDir, arguments: impl FnOnce(&mut Command) -> &mut Command) -> Result<Self> {
        let usher = std::env::current_exe()?.with_file_name("usher");
        let ready = home.path().join("ready.json");
        let mut child = arguments(&mut Command::new(&usher))
            .args(["--listen", "127.0.0.1:0", "--log", "error"])
            .arg("--ready-file")
            .arg(&ready)
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .with_context(|| format!("{} cannot be started; build it with --release", usher.display()))?;
        let begin = Instant::now();
        let ready: Value = loop {
            if let Ok(text) = std::fs::read(&ready) {
                break serde_json::from_slice(&text)?;
            }
            if let Some(status) = child.try_wait()? {
                bail!("usher ended with {status} before it served");
            }
            if begin.elapsed() > PATIENCE {
                bail!("usher did not serve within {} s", PATIENCE.as_secs());
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let text = |name: &str| {
            ready[name].as_str().map(str::to_owned).with_context(|| format!("no {name} in the ready file"))
        };
        Ok(Self {
            address: text("url")?.trim_start_matches("http://").to_owned(),
            mongodb: text("mongodb")?,
            child,
            _home: home,
        })
    }
}

impl Server {
    /// Memory that the process itself holds, in bytes: not the files that it maps.
    pub(crate) fn memory(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).context("no RssAnon")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Gently, so that it takes its database with it.
        let told = Command::new("kill").arg(self.child.id().to_string()).status();
        if !told.is_ok_and(|status| status.success()) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// Where set-up has built the sample app.
pub(crate) fn prepared() -> PathBuf {
    std::env::var_os("USHER_PREPARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/sample"), PathBuf::from)
}

/// A running bare HTTP server (see [`crate::floor`]).
pub(crate) struct Floor {
    child: Child,
    pub(crate) address: String,
}

impl Floor {
    pub(crate) fn start() -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?).arg("floor").stdout(Stdio::piped()).spawn()?;
        let mut address = String::new();
        BufReader::new(child.stdout.take().context("no output to read")?).read_line(&mut address)?;
        Ok(Self { child, address: address.trim().to_owned() })
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
