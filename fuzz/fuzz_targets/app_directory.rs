//! Any app directory: an app that keeps its word, or mistakes that point into its files.
//!
//! An input is text. A line `=== path` begins a file; what stands before the first one is ignored.
#![no_main]

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use libfuzzer_sys::fuzz_target;
use usher_app::{Loaded, Source, load_files};
use usher_contract::SYSTEM_DATABASE;

type Files = BTreeMap<PathBuf, Vec<u8>>;

fuzz_target!(|data: &[u8]| {
    let files = split(data);
    match load_files(&files) {
        Ok(loaded) => sound(&files, &loaded),
        Err(mistakes) => {
            assert!(!mistakes.0.is_empty(), "refused without a mistake");
            assert!(mistakes.0.is_sorted());
            for mistake in &mistakes.0 {
                pointed(&files, &mistake.file, mistake.line, mistake);
                assert!(!mistake.message.is_empty() && !mistake.help.is_empty(), "{mistake:?}");
            }
            let lines = mistakes.to_string();
            assert!(lines.lines().count() >= 2 * mistakes.0.len());
        }
    }
});

fn split(data: &[u8]) -> Files {
    let mut files = Files::new();
    let mut current: Option<PathBuf> = None;
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        if let Some(path) = line.strip_prefix(b"=== ") {
            let path = PathBuf::from(String::from_utf8_lossy(path.trim_ascii_end()).into_owned());
            files.insert(path.clone(), Vec::new());
            current = Some(path);
        } else if let Some(content) = current.as_ref().and_then(|path| files.get_mut(path)) {
            content.extend_from_slice(line);
        }
    }
    files
}

/// A line is one of a file that is there.
fn pointed(files: &Files, file: &Path, line: Option<usize>, what: &dyn std::fmt::Debug) {
    let Some(line) = line else { return };
    let content = files.get(file).unwrap_or_else(|| panic!("a line of a file that is not there: {what:?}"));
    let lines = 1 + content.iter().filter(|byte| **byte == b'\n').count();
    assert!((1..=lines).contains(&line), "beyond the {lines} lines of the file: {what:?}");
}

fn sound(files: &Files, loaded: &Loaded) {
    assert!(loaded.notices.is_sorted());
    for notice in &loaded.notices {
        pointed(files, &notice.file, notice.line, notice);
        assert!(!notice.message.is_empty());
    }
    let app = &loaded.app;
    assert!(!app.id.is_empty() && !app.id.contains(['/', '.', '?', '#', '%']), "{}", app.id);
    let custom = &app.custom_user_data;
    if custom.enabled {
        assert!(!custom.user_id_field.is_empty() && !custom.user_id_field.starts_with('$'));
        reachable(&custom.database, &custom.collection);
    }
    if let Some(name) = &custom.on_user_creation {
        assert!(app.functions.contains_key(name), "there is no {name}");
    }
    for (name, function) in &app.functions {
        assert_eq!(*name, function.name);
        let path = match &function.source {
            Source::Component(path) | Source::Crate(path) | Source::JavaScript(path) => path,
            Source::Inline { file, .. } => Path::new(file),
        };
        assert!(path.components().all(|part| matches!(part, Component::Normal(_))), "{}", path.display());
        assert!(files.keys().any(|file| file.starts_with(path)), "no source at {}", path.display());
        for grant in &function.grants {
            reachable(&grant.database, &grant.collection);
        }
    }
}

/// An app is never handed a database of the server's or of Usher's own.
fn reachable(database: &str, collection: &str) {
    for reserved in ["admin", "local", "config", SYSTEM_DATABASE] {
        assert!(!database.eq_ignore_ascii_case(reserved), "the database {database}");
    }
    assert!(!database.is_empty() && !database.contains(['.', '$', '\0']), "the database {database:?}");
    assert!(!collection.is_empty() && !collection.contains(['$', '\0']), "the collection {collection:?}");
    assert!(!collection.starts_with("system."), "the collection {collection}");
}
