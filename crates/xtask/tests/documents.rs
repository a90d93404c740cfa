//! Documents and code say the same: the limits of the README, the errors of `docs/errors.md`.

mod repository;

use std::collections::BTreeSet;

use repository::{read, root};

#[test]
fn readme_lists_every_limit_and_no_other() {
    let limits = read("crates/contract/src/limits.rs");
    let limits: BTreeSet<&str> = limits
        .lines()
        .filter_map(|line| line.strip_prefix("pub const ")?.split_once(':'))
        .map(|(name, _)| name)
        .collect();
    assert!(limits.len() > 10, "the constants are found");

    let readme = read("README.md");
    let listed: BTreeSet<&str> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name)
        .filter(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        .collect();
    assert_eq!(listed, limits, "left: README.md, right: crates/contract/src/limits.rs");
}

#[test]
fn every_error_code_has_its_place_in_the_page_in_order() {
    let source = read("crates/contract/src/error.rs");
    let all = source.split_once("pub const ALL").and_then(|(_, rest)| rest.split_once("];"));
    let (all, _) = all.expect("ErrorCode::ALL is found");
    let codes: Vec<&str> =
        all.lines().filter_map(|line| line.trim().strip_prefix("Self::")?.strip_suffix(',')).collect();
    assert!(codes.len() > 10, "the codes are found");

    let page = read("docs/errors.md");
    let documented: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let ours: Vec<&str> = documented.iter().copied().filter(|code| codes.contains(code)).collect();
    assert_eq!(ours, codes, "left: docs/errors.md, right: ErrorCode::ALL");
}

#[test]
fn every_code_that_a_client_sees_has_its_place_in_the_page() {
    // The gateway's own table of refusals: | what happened | status | code; code | message |
    let table = read("crates/gateway/src/errors.rs");
    let codes: BTreeSet<&str> = table
        .lines()
        .filter_map(|line| line.strip_prefix("//! |")?.split('|').nth(2))
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .filter(|code| *code != "error_code")
        .collect();
    assert!(codes.len() > 10, "the codes are found");

    let page = read("docs/errors.md");
    let documented: BTreeSet<&str> = page.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let missing: Vec<_> = codes.difference(&documented).collect();
    assert!(missing.is_empty(), "docs/errors.md says nothing of {missing:?}");
}

#[test]
fn every_file_that_the_architecture_names_exists() {
    let text = read("ARCHITECTURE.md");
    // A file of a room is written as `room/file.rs`, another by its path from the root.
    let files: Vec<&str> =
        text.split('`').skip(1).step_by(2).filter(|it| it.ends_with(".rs") && it.contains('/')).collect();
    assert!(files.len() > 10, "the files are found");
    let missing: Vec<_> = files
        .into_iter()
        .filter(|file| {
            let (room, rest) = file.split_once('/').expect("filtered");
            !root().join("crates").join(room).join("src").join(rest).exists() && !root().join(file).exists()
        })
        .collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md names files that are not there: {missing:?}");
}
