//! Files stay small, and the one keyword that switches off Rust's guarantees stays in its one module.

mod repository;

use repository::{read, rust_files, table};

/// The most lines of a Rust file.
const LINES: usize = 600;

#[test]
fn files_stay_small() {
    let long: Vec<_> = rust_files()
        .into_iter()
        .map(|file| (read(&file).lines().count(), file))
        .filter(|(lines, _)| *lines > LINES)
        .collect();
    assert!(long.is_empty(), "over {LINES} lines: {long:?}");
}

#[test]
fn exceptions_to_safe_rust_are_those_of_the_map() {
    let exceptions = table("exceptions");
    // Put together here, so that this file is not one of those it finds.
    for word in [concat!("un", "safe"), concat!("un", "safe_code")] {
        let listed = exceptions.get(word).unwrap_or_else(|| panic!("ARCHITECTURE.md does not say where {word} may be"));
        let users: Vec<_> = rust_files().into_iter().filter(|file| uses(&read(file), word)).collect();
        assert_eq!(&users, listed, "left: files with {word}, right: those that ARCHITECTURE.md allows");
    }
}

/// Whether code, as opposed to comments and string literals, holds this word.
fn uses(source: &str, word: &str) -> bool {
    code(source).split(|c: char| !c.is_alphanumeric() && c != '_').any(|token| token == word)
}

/// The source without comments to the end of a line and without what stands between quotes.
fn code(source: &str) -> String {
    let mut code = String::new();
    let mut rest = source;
    while let Some(next) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("'\"'") || rest.starts_with("b'\"'") {
            rest.find("\"'").map_or(1, |at| at + 2)
        } else if let Some(hashes) = raw_string(rest, code.chars().next_back()) {
            let close = format!("\"{}", "#".repeat(hashes));
            let open = hashes + 2;
            rest[open..].find(&close).map_or(rest.len(), |at| open + at + close.len())
        } else if next == '"' {
            string(rest)
        } else {
            code.push(next);
            next.len_utf8()
        };
        rest = &rest[skipped..];
    }
    code
}

/// How many `#` a raw string that begins here has, if one does.
fn raw_string(rest: &str, before: Option<char>) -> Option<usize> {
    let after = rest.strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let begins = after[hashes..].starts_with('"') && !before.is_some_and(|c| c.is_alphanumeric() && c != 'b');
    begins.then_some(hashes)
}

/// The length of the string literal that begins here.
fn string(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

#[test]
fn comments_and_strings_are_no_code() {
    let source = "a // word\nb \"word \\\" word\" '\"' r#\"word \" word\"# c(\"\") d";
    assert_eq!(code(source).split_whitespace().collect::<Vec<_>>(), ["a", "b", "c()", "d"]);
    assert!(uses("x(); word!()", "word") && !uses("words", "word"));
}
