//! What a command prints: text for people, with colour on a terminal only, or JSON for machines.

use std::fmt::Display;
use std::process::ExitCode;

use anstream::{eprintln, println};
use bson::DateTime;
use serde_json::{Value, json};

const BOLD: &str = "\x1b[1m";
const RED: &str = "\x1b[1;31m";
const YELLOW: &str = "\x1b[33m";
const GREEN: &str = "\x1b[32m";
const PLAIN: &str = "\x1b[0m";

/// How to answer. The stream strips colour where it is not a terminal.
#[derive(Clone, Copy)]
pub(crate) struct Output {
    pub(crate) json: bool,
}

impl Output {
    /// The command's answer, in the form that was asked for.
    pub(crate) fn answer(self, json: &Value, text: impl Display) {
        if self.json {
            println!("{json}");
        } else {
            println!("{text}");
        }
    }

    /// An answer that is JSON in either form: in one line for machines, indented for people.
    pub(crate) fn answer_json(self, json: &Value) {
        let text = serde_json::to_string_pretty(json).unwrap_or_else(|_| json.to_string());
        self.answer(json, text);
    }

    /// Something that went well, for a person watching.
    pub(crate) fn done(self, text: impl Display) {
        if !self.json {
            eprintln!("{GREEN}✓{PLAIN} {text}");
        }
    }

    /// What a long step is doing, for a person waiting.
    pub(crate) fn progress(self, text: impl Display) {
        if !self.json {
            eprintln!("  {text}");
        }
    }

    /// Something that the reader should know although the command goes on.
    pub(crate) fn notice(self, text: impl Display) {
        if !self.json {
            eprintln!("{YELLOW}note{PLAIN} {text}");
        }
    }

    /// Why the command failed.
    pub(crate) fn failure(self, error: &anyhow::Error) -> ExitCode {
        if self.json {
            println!("{}", json!({ "error": format!("{error:#}") }));
        } else {
            eprintln!("{RED}error{PLAIN} {error:#}");
        }
        ExitCode::FAILURE
    }
}

/// A moment, always with three digits for milliseconds, so that columns are straight.
pub(crate) fn time(time: DateTime) -> String {
    let Ok(text) = time.try_to_rfc3339_string() else { return time.timestamp_millis().to_string() };
    let text = text.trim_end_matches('Z');
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{seconds}.{fraction:0<3}Z")
}

/// Rows under a heading, each column as wide as its widest cell.
pub(crate) fn table(heading: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = heading.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> = cells.zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let mut lines = vec![format!("{BOLD}{}{PLAIN}", line(&mut heading.iter().copied()))];
    lines.extend(rows.iter().map(|row| line(&mut row.iter().map(String::as_str))));
    if rows.is_empty() {
        lines.push("(none)".to_owned());
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_moment_is_as_wide_as_the_others() {
        for (milliseconds, text) in [
            (1_600_000_000_000, "2020-09-13T12:26:40.000Z"),
            (1_600_000_000_070, "2020-09-13T12:26:40.070Z"),
            (1_600_000_000_550, "2020-09-13T12:26:40.550Z"),
            (1_600_000_000_123, "2020-09-13T12:26:40.123Z"),
        ] {
            assert_eq!(time(DateTime::from_millis(milliseconds)), text);
        }
    }

    #[test]
    fn a_table_without_rows_says_so() {
        let text = table(&["id", "state"], &[]);
        assert_eq!(text.lines().last(), Some("(none)"));
        assert!(!table(&["id"], &[vec!["a".to_owned()]]).contains("(none)"));
    }
}
