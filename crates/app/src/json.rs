//! JSON that knows its lines, so that a mistake can be pointed at.

mod node;

use jsonc_parser::ast::Value;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use crate::Context;
use crate::report::Report;

pub(crate) use node::{Fields, Node};

/// Plain JSON (RFC 8259): none of the parser's extensions.
const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Reads a JSON file and gives its root to `reader`. `None` where there is no such file, or it is not JSON, which is
/// reported.
pub(crate) fn read<T>(context: Context<'_>, file: &str, reader: impl FnOnce(Node<'_>) -> T) -> Option<T> {
    match context.tree.read(file) {
        Ok(content) => parse(file, &content?, context.report, reader),
        Err(mistake) => {
            context.report.add(mistake);
            None
        }
    }
}

/// Gives the root of a JSON text to `reader`; `None` where it is not JSON, which is reported.
pub(crate) fn parse<T>(file: &str, content: &[u8], report: &Report, reader: impl FnOnce(Node<'_>) -> T) -> Option<T> {
    match Document::parse(file, content, report) {
        Ok(document) => Some(reader(document.root())),
        Err((line, message)) => {
            let help = "App Services exports plain JSON: no comments, no trailing commas, double quotes";
            report.mistake(file, Some(line), format!("not JSON: {message}"), help);
            None
        }
    }
}

struct Document<'a> {
    file: &'a str,
    text: &'a str,
    /// Where each line starts.
    lines: Vec<usize>,
    root: Value<'a>,
    report: &'a Report,
}

impl<'a> Document<'a> {
    /// # Errors
    /// The line and what is wrong there.
    fn parse(file: &'a str, content: &'a [u8], report: &'a Report) -> Result<Self, (usize, String)> {
        let lines: Vec<usize> = std::iter::once(0)
            .chain(content.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1))
            .collect();
        let text = std::str::from_utf8(content)
            .map_err(|e| (line_of(&lines, e.valid_up_to()), "the text is not UTF-8".to_owned()))?;
        if text.trim().is_empty() {
            return Err((1, "the file is empty".into()));
        }
        let parsed = parse_to_ast(text, &CollectOptions::default(), &STRICT)
            .map_err(|e| (line_of(&lines, e.range().start), lower_first(&e.kind().to_string())))?;
        // The parser has a wider idea of white space and of strings than JSON has.
        serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(|e| (e.line(), without_place(&e)))?;
        let root = parsed.value.ok_or_else(|| (1, "the file is empty".to_owned()))?;
        Ok(Self { file, text, lines, root, report })
    }

    fn root(&self) -> Node<'_> {
        Node { document: self, value: &self.root, label: "" }
    }
}

fn line_of(lines: &[usize], offset: usize) -> usize {
    lines.partition_point(|start| *start <= offset)
}

fn lower_first(message: &str) -> String {
    let mut rest = message.chars();
    rest.next().map(|first| first.to_lowercase().chain(rest).collect()).unwrap_or_default()
}

fn without_place(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.rsplit_once(" at line ") {
        Some((what, _)) => what.to_owned(),
        None => message,
    }
}
