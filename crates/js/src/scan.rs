//! What a source says it uses, found without running it.
//!
//! Grants are proposed from this, for a person to read and narrow; what a function may do is decided by its grants
//! alone. So a scan follows what people write (constants, destructuring, small helpers) and gives up on the rest.

mod collect;
mod uses;
mod values;

use std::collections::BTreeSet;

use oxc_allocator::Allocator;
use oxc_ast::ast::{Argument, Expression, Program, StringLiteral};
use oxc_parser::Parser;
use oxc_span::{SourceType, Span};
use usher_contract::Operations;

use collect::Collected;

/// The stack for parsing, in bytes of address space: enough for the deepest expression of a generated file of a few MiB.
const STACK: usize = 256 << 20;

/// What one source uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// Every `require("…")` with a literal, and every `import … from "…"`, in order.
    pub requires: Vec<Require>,
    /// The source has `import` or `export`.
    pub is_module: bool,
    /// Every collection that it opens, in order.
    pub collections: Vec<CollectionUse>,
    /// What is done to any collection, judged by the names of the methods called.
    pub writes: Operations,
    /// Functions that it calls by a literal name, sorted.
    pub executes: Vec<String>,
    /// The lines where it calls one by a name that is known only at run time.
    pub executes_unknown: Vec<u32>,
    /// Origins (`https://api.example.com`) of requests whose URL begins with a literal, sorted.
    pub http_hosts: Vec<String>,
    /// Every HTTP request, in order.
    pub http: Vec<HttpUse>,
    /// It uses `context.http`, or `context.services.get("http")`.
    pub uses_context_http: bool,
}

/// A module asked for by a literal name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Require {
    /// As it is written: `./helper`, `crypto`, `axios`.
    pub specifier: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1, in characters.
    pub column: u32,
    /// It stands in a `try` block, or where a test such as `typeof module` guards it: the source expects that the
    /// module may be missing.
    pub optional: bool,
    /// It stands inside of a function, and is required when that runs.
    pub nested: bool,
}

/// A collection that is opened. Parts that are not literals are `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectionUse {
    /// The name given to `context.services.get`.
    pub data_source: Option<String>,
    /// The name given to `db`.
    pub database: Option<String>,
    /// The name given to `collection`.
    pub collection: Option<String>,
    /// The line, from 1.
    pub line: u32,
    /// What is done to it, judged by the names of the methods called; `None` where the source only hands it on.
    pub operations: Option<Operations>,
}

/// An HTTP request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpUse {
    /// Its origin, where the URL begins with a literal.
    pub origin: Option<String>,
    /// The line, from 1.
    pub line: u32,
}

/// A source that is not JavaScript.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct SyntaxError {
    /// The file, as it was given.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1, in characters.
    pub column: u32,
    /// What is wrong.
    pub message: String,
}

/// Scans one source. It is read as a sloppy script, as App Services read it, or as a module where it has `import` or
/// `export`. `file` is only for the error.
///
/// # Errors
/// The first place that cannot be parsed.
pub fn scan(file: &str, source: &str) -> Result<Scan, SyntaxError> {
    // Parser and visitor go as deep as the source nests, and nobody limits that.
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || parse(file, source));
        thread.ok().and_then(|thread| thread.join().ok())
    })
    .unwrap_or_else(|| {
        let message = "cannot be parsed: the parser failed".to_owned();
        Err(SyntaxError { file: file.to_owned(), line: 1, column: 1, message })
    })
}

fn parse(file: &str, source: &str) -> Result<Scan, SyntaxError> {
    let lines = Lines::new(source);
    let allocator = Allocator::default();
    let script = Parser::new(&allocator, source, SourceType::cjs()).parse();
    let is_script = !script.module_record.has_module_syntax;
    if is_script && !script.panicked && !script.diagnostics.has_errors() {
        return Ok(found(&script.program, false, &lines));
    }
    let module = Parser::new(&allocator, source, SourceType::mjs()).parse();
    let is_module = module.module_record.has_module_syntax;
    if is_module && !module.panicked && !module.diagnostics.has_errors() {
        return Ok(found(&module.program, true, &lines));
    }
    let told = if is_module { module.diagnostics } else { script.diagnostics };
    let first = told.errors().next();
    let offset = first.and_then(|first| first.labels.first()).map_or(0, |label| label.offset());
    let (line, column) = lines.place(offset);
    let message = first.map_or_else(|| "cannot be parsed".to_owned(), |first| first.message.to_string());
    Err(SyntaxError { file: file.to_owned(), line, column, message })
}

fn found(program: &Program<'_>, is_module: bool, lines: &Lines<'_>) -> Scan {
    let collected = Collected::of(program);
    let requires = requires(&collected, lines);
    let (collections, writes) = uses::collections(&collected, lines);
    let (http, uses_context_http) = uses::requests(&collected, lines);
    let (executes, executes_unknown) = uses::executes(&collected, lines);
    let hosts: BTreeSet<String> = http.iter().filter_map(|request| request.origin.clone()).collect();
    Scan {
        requires,
        is_module,
        collections,
        writes,
        executes,
        executes_unknown,
        http_hosts: hosts.into_iter().collect(),
        http,
        uses_context_http,
    }
}

fn requires(collected: &Collected<'_>, lines: &Lines<'_>) -> Vec<Require> {
    let within = |spans: &[Span], at: u32| spans.iter().any(|span| span.start <= at && at < span.end);
    let one = |literal: &StringLiteral<'_>| {
        let (line, column) = lines.place(literal.span.start);
        let optional = within(&collected.guarded, literal.span.start);
        let nested = collected.is_in_function(literal.span.start);
        Require { specifier: literal.value.to_string(), line, column, optional, nested }
    };
    let called = collected.calls.iter().filter_map(|call| match (&call.callee, call.arguments.first()) {
        (Expression::Identifier(name), Some(Argument::StringLiteral(literal)))
            if name.name == "require" && !within(&collected.shadowed, call.span.start) =>
        {
            Some(&**literal)
        }
        _ => None,
    });
    let mut found: Vec<&StringLiteral<'_>> = collected.imports.iter().copied().chain(called).collect();
    found.sort_by_key(|literal| literal.span.start);
    found.into_iter().map(one).collect()
}

/// Where lines begin.
struct Lines<'s> {
    source: &'s str,
    starts: Vec<usize>,
}

impl<'s> Lines<'s> {
    fn new(source: &'s str) -> Self {
        let starts = std::iter::once(0).chain(source.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { source, starts }
    }

    /// Line and column of an offset in bytes, both from 1.
    fn place(&self, offset: u32) -> (u32, u32) {
        let offset = (offset as usize).min(self.source.len());
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts.get(line - 1).copied().unwrap_or_default();
        let column = self.source.get(start..offset).map_or(0, |before| before.chars().count());
        (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column + 1).unwrap_or(u32::MAX))
    }
}
