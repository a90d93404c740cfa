//! Documents and code say the same: the limits of the README, the errors of `docs/errors.md`. Links lead somewhere.

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

#[test]
fn links_between_documents_lead_somewhere() {
    let mut documents: Vec<String> = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"].map(str::to_owned).to_vec();
    for directory in ["docs", "functions", "fuzz", "tests/apps", "tests/wire"] {
        let files = std::fs::read_dir(root().join(directory)).expect("a directory of the repository");
        let names = files.map(|file| file.expect("an entry").file_name().into_string().expect("UTF-8"));
        documents.extend(names.filter(|name| name.ends_with(".md")).map(|name| format!("{directory}/{name}")));
    }
    let mut followed = 0;
    let mut broken = Vec::new();
    for document in &documents {
        let text = read(document);
        let links = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link);
        for link in links.filter(|link| !link.contains("://") && !link.contains(' ')) {
            followed += 1;
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let file = match file {
                "" => root().join(document),
                file => root().join(document).parent().expect("a file is in a directory").join(file),
            };
            let found = match heading {
                "" => file.exists(),
                heading => std::fs::read_to_string(&file).is_ok_and(|text| has(&text, heading)),
            };
            if !found {
                broken.push(format!("{document}: {link}"));
            }
        }
    }
    assert!(followed > 20, "the links are found");
    assert!(broken.is_empty(), "{broken:#?}");
}

/// Whether a document has a heading of this name, as it stands in links: in small letters, hyphens for spaces.
fn has(text: &str, heading: &str) -> bool {
    let name = |line: &str| -> String {
        let kept = line.trim().to_lowercase();
        kept.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).collect::<String>().replace(' ', "-")
    };
    text.lines().any(|line| line.starts_with('#') && name(line.trim_start_matches('#')) == heading)
}
