//! Commands that take long, told on standard error: one line that changes on a terminal, a line now and then
//! elsewhere, nothing at all when it was quick.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::workspace::told;

/// What ends sooner is not worth a line.
const QUIET: Duration = Duration::from_secs(1);
/// How often a line is printed where it cannot be changed.
const PLAIN_INTERVAL: Duration = Duration::from_secs(15);
/// Lines of a failed command that are shown.
const TAIL: usize = 60;
/// Columns that any terminal has.
const WIDTH: usize = 78;

/// Runs a command to its end, showing `what`, the time and the last thing it said. When it fails, its last lines
/// are printed.
pub(crate) fn run(what: &str, command: &mut Command) -> Result<()> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", told(command)))?;
    let (sender, lines) = mpsc::channel();
    let pipes: [Option<Box<dyn Read + Send>>; 2] =
        [child.stdout.take().map(|pipe| Box::new(pipe) as _), child.stderr.take().map(|pipe| Box::new(pipe) as _)];
    for pipe in pipes.into_iter().flatten() {
        forward(pipe, sender.clone());
    }
    drop(sender);

    let mut shown = Shown::new(what);
    let mut tail = VecDeque::new();
    loop {
        match lines.recv_timeout(QUIET) {
            Ok(line) => {
                shown.update(&line);
                tail.push_back(line);
                if tail.len() > TAIL {
                    tail.pop_front();
                }
            }
            Err(RecvTimeoutError::Timeout) => shown.refresh(),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    let status = child.wait()?;
    shown.end(status.success());
    if !status.success() {
        for line in &tail {
            eprintln!("    {line}");
        }
        bail!("{} ended with {status}", told(command));
    }
    Ok(())
}

fn forward(pipe: Box<dyn Read + Send>, lines: Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            if lines.send(line).is_err() {
                break;
            }
        }
    });
}

struct Shown<'a> {
    what: &'a str,
    latest: String,
    started: Instant,
    printed: Option<Instant>,
    terminal: bool,
}

impl<'a> Shown<'a> {
    fn new(what: &'a str) -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self { what, latest: String::new(), started: Instant::now(), printed: None, terminal }
    }

    fn update(&mut self, line: &str) {
        if !line.trim().is_empty() {
            self.latest = line.trim().to_owned();
        }
        self.refresh();
    }

    fn refresh(&mut self) {
        let interval = if self.terminal { Duration::from_millis(200) } else { PLAIN_INTERVAL };
        if self.started.elapsed() < QUIET || self.printed.is_some_and(|at| at.elapsed() < interval) {
            return;
        }
        self.printed = Some(Instant::now());
        let line = format!("{} ({}) {}", self.what, elapsed(self.started), self.latest);
        if self.terminal {
            let line: String = line.chars().filter(|c| !c.is_control()).take(WIDTH).collect();
            eprint!("\r\x1b[K{line}");
            let _ = std::io::stderr().flush();
        } else {
            eprintln!("{line}");
        }
    }

    fn end(&self, success: bool) {
        if self.terminal && self.printed.is_some() {
            eprint!("\r\x1b[K");
        }
        if !success {
            eprintln!("{}: failed after {}", self.what, elapsed(self.started));
        } else if self.printed.is_some() {
            eprintln!("{}: done in {}", self.what, elapsed(self.started));
        }
    }
}

fn elapsed(since: Instant) -> String {
    let seconds = since.elapsed().as_secs();
    match seconds / 60 {
        0 => format!("{seconds} s"),
        minutes => format!("{minutes} min {:02} s", seconds % 60),
    }
}
