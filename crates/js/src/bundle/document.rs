//! The document that the engine takes.

use std::collections::{BTreeMap, BTreeSet};

use bson::{Bson, Document, doc};
use usher_app::App;

use super::BundleError;
use super::authority::authorities;
use super::builtins::Builtin;
use super::dependencies::Dependencies;
use super::sources::{Script, Sources, builtin_requires};

/// What a source says when it uses Node's `Buffer`, which is a global there.
const BUFFER: &str = "Buffer";

pub(super) fn write(app: &App, sources: Sources, dependencies: Option<Dependencies>) -> Result<Vec<u8>, BundleError> {
    let mut builtins = sources.builtins.clone();
    let bundled = dependencies.iter().map(|dependencies| dependencies.source.as_str());
    // The engine makes the global of this module, when it is there and the name is first used.
    if sources.texts().chain(bundled).any(mentions_buffer) {
        add(&mut builtins, BUFFER_MODULE);
    }
    let numbers = authorities(app);
    let functions: Vec<Bson> = sources
        .functions
        .iter()
        .map(|(name, script)| {
            let function = app.functions.get(name);
            Bson::Document(doc! {
                "name": name,
                "file": &script.file,
                "source": &script.source,
                "system": function.is_some_and(|function| function.run_as_system),
                "private": function.is_some_and(|function| function.private),
                "authority": numbers.get(name.as_str()).copied().unwrap_or_default(),
                "requires": map(&script.requires),
            })
        })
        .collect();
    let local = sources.modules.iter().map(|(key, script)| local(key, script));
    let dependencies = dependencies.into_iter().flat_map(|dependencies| {
        let requires = map(&dependencies.requires);
        let stand_ins =
            dependencies.stand_ins.into_iter().map(|(key, source)| module(&key, &key, &source, Document::new()));
        let bundle = module("dependencies", "dependencies.js", &dependencies.source, requires);
        std::iter::once(bundle).chain(stand_ins).collect::<Vec<_>>()
    });
    let builtins = builtins.iter().filter_map(|name| builtin(name));
    let modules: Vec<Bson> = local.chain(builtins).chain(dependencies).collect();
    let others = app.functions.keys().filter(|name| !sources.functions.contains_key(*name));
    doc! {
        "share_instance": app.usher.share_instance,
        "data_sources": &app.data_sources,
        "http_services": &app.http_services,
        "others": others.collect::<Vec<_>>(),
        "functions": functions,
        "modules": modules,
    }
    .to_vec()
    .map_err(|error| BundleError::file("functions", format!("cannot be written as BSON: {error}"), "rename it"))
}

const BUFFER_MODULE: &str = "buffer";

/// Whether a source has `Buffer` as a word: `ArrayBuffer` is something else.
fn mentions_buffer(source: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    source
        .match_indices(BUFFER)
        .any(|(at, _)| !source[..at].ends_with(part) && !source[at + BUFFER.len()..].starts_with(part))
}

/// Adds a built-in and those that it requires.
fn add(to: &mut BTreeSet<&'static str>, name: &str) {
    if let Some(Builtin::Embedded { name, source }) = Builtin::find(name)
        && to.insert(name)
    {
        builtin_requires(source).iter().for_each(|(specifier, _)| add(to, specifier));
    }
}

fn local(key: &str, script: &Script) -> Bson {
    let kind = if script.is_json { "json" } else { "commonjs" };
    Bson::Document(doc! {
        "key": key, "file": &script.file, "source": &script.source, "kind": kind, "requires": map(&script.requires),
    })
}

fn builtin(name: &str) -> Option<Bson> {
    let Some(Builtin::Embedded { source, .. }) = Builtin::find(name) else { return None };
    let found = builtin_requires(source).into_iter();
    let requires = found.map(|(specifier, _)| (specifier.clone(), Bson::String(specifier))).collect();
    let key = format!("node:{name}");
    Some(module(&key, &key, source, requires))
}

fn module(key: &str, file: &str, source: &str, requires: Document) -> Bson {
    Bson::Document(doc! { "key": key, "file": file, "source": source, "kind": "commonjs", "requires": requires })
}

fn map(requires: &BTreeMap<String, String>) -> Document {
    requires.iter().map(|(specifier, key)| (specifier.clone(), Bson::String(key.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_buffer_is_not_a_part_of_another() {
        assert!(mentions_buffer("return Buffer.from('x')"));
        assert!(mentions_buffer("new ArrayBuffer(1); Buffer"));
        assert!(!mentions_buffer("new ArrayBuffer(1); SharedBuffer; BufferList; my_Buffer"));
    }
}
