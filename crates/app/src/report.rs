//! Mistakes and notices, collected while the files are read.

use std::cell::RefCell;
use std::fmt;
use std::path::{Path, PathBuf};

/// Something in an app directory that must be repaired before the app can run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// The file, relative to the app directory.
    pub file: PathBuf,
    /// The line, from 1, where it is in a text file.
    pub line: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        place(f, &self.file, self.line)?;
        f.write_str(&self.message)
    }
}

/// Every mistake of one app, by file and line; never empty.
///
/// Its display has one line for each mistake and, indented below it, one for what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistakes(pub Vec<Mistake>);

impl Mistakes {
    pub(crate) fn one(mistake: Mistake) -> Self {
        Self(vec![mistake])
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{mistake}\n  {}", mistake.help)?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

/// Something that does not keep an app from running, but that its owner should know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Notice {
    /// The file, relative to the app directory.
    pub file: PathBuf,
    /// The line, from 1, where it is in a text file.
    pub line: Option<usize>,
    /// What to know.
    pub message: String,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        place(f, &self.file, self.line)?;
        f.write_str(&self.message)
    }
}

fn place(f: &mut fmt::Formatter<'_>, file: &Path, line: Option<usize>) -> fmt::Result {
    write!(f, "{}", file.display())?;
    if let Some(line) = line {
        write!(f, ":{line}")?;
    }
    f.write_str(": ")
}

/// Collects what the readers find; they only ever add to it.
#[derive(Debug, Default)]
pub(crate) struct Report {
    mistakes: RefCell<Vec<Mistake>>,
    notices: RefCell<Vec<Notice>>,
}

impl Report {
    pub(crate) fn add(&self, mistake: Mistake) {
        self.mistakes.borrow_mut().push(mistake);
    }

    pub(crate) fn mistake(&self, file: &str, line: Option<usize>, message: impl Into<String>, help: impl Into<String>) {
        self.add(Mistake { file: file.into(), line, message: message.into(), help: help.into() });
    }

    pub(crate) fn notice(&self, file: &str, line: Option<usize>, message: impl Into<String>) {
        self.notices.borrow_mut().push(Notice { file: file.into(), line, message: message.into() });
    }

    /// The notice for a feature of App Services that this version leaves out.
    pub(crate) fn not_run(&self, file: &str, line: Option<usize>, what: &str, because: &str) {
        self.notice(file, line, format!("not run by Usher: {what}, because {because}"));
    }

    /// Whether there was no mistake yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.mistakes.borrow().is_empty()
    }

    /// The notices, if there was no mistake.
    pub(crate) fn finish(self) -> Result<Vec<Notice>, Mistakes> {
        let mut mistakes = self.mistakes.into_inner();
        if !mistakes.is_empty() {
            mistakes.sort();
            mistakes.dedup();
            return Err(Mistakes(mistakes));
        }
        let mut notices = self.notices.into_inner();
        notices.sort();
        notices.dedup();
        Ok(notices)
    }
}
