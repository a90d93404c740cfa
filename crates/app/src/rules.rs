//! Rules and schemas: `data_sources/<source>/default_rule.json` and `<database>/<collection>/{rules,schema}.json`; in the
//! older layouts `services/<source>/rules/*.json`, each with its schema inside (reference 6.1, 7.7).
//!
//! What does not compile is a mistake: rules are never ignored.

use std::collections::BTreeMap;
use std::sync::Arc;

use usher_rules::{Expression, Problem, Rules, Schema, Subject};

use crate::data_sources::{json_files, subdirectories};
use crate::json::{self, Fields, Node};
use crate::known::{Known, no_function};
use crate::names::{self, quote};
use crate::tree::join;
use crate::{CollectionRules, Context, RuleBook};

/// Members of the rules before there were roles: without `roles`, they would be lost.
const BEFORE_ROLES: &[&str] = &["read", "write", "valid", "fields"];

/// Everything that an app's files say about rules.
pub(crate) fn read(context: Context<'_>, known: Known<'_>) -> RuleBook {
    let mut reader = Reader { context, known, book: RuleBook::default(), files: BTreeMap::new() };
    for (name, directory) in known.data_sources.places() {
        reader.source(name, directory);
    }
    reader.book
}

/// Who may call or request something: the rule `can_evaluate`. Nothing where everybody may.
pub(crate) fn can_evaluate(fields: Fields<'_>) -> Option<Arc<Expression>> {
    let node = fields.get("can_evaluate").filter(|node| !node.is_empty() && !always(*node))?;
    compiled(node, |json| Expression::compile(json, Subject::Arguments)).map(Arc::new)
}

/// `true` is the rule that always holds.
fn always(node: Node<'_>) -> bool {
    let only = |fields: Fields<'_>| fields.iter().count() == 1 && fields.get("%%true").is_some_and(Node::is_true);
    node.is_true() || node.try_object().is_some_and(only)
}

/// What a compiler makes of a value; its problems become mistakes, each at its line.
fn compiled<T>(node: Node<'_>, compile: impl FnOnce(&serde_json::Value) -> Result<T, Vec<Problem>>) -> Option<T> {
    let problems = match compile(&node.json()?) {
        Ok(compiled) => return Some(compiled),
        Err(problems) => problems,
    };
    if problems.is_empty() {
        node.mistake("cannot be compiled", "write it as App Services documents rules and schemas");
    }
    for Problem { path, message, help } in problems {
        node.at(&path).mistake(message, help);
    }
    None
}

struct Reader<'a> {
    context: Context<'a>,
    known: Known<'a>,
    book: RuleBook,
    /// The file of each collection's rules or schema: data source, database and collection.
    files: BTreeMap<(String, String, String), String>,
}

/// A collection as its files name it.
type Name = (String, String);

impl Reader<'_> {
    fn source(&mut self, source: &str, directory: &str) {
        let default = join(directory, "default_rule.json");
        let rules = json::read(self.context, &default, |node| self.rules(node)).flatten();
        if let Some(rules) = rules.filter(|rules| rules.has_roles()) {
            self.book.defaults.insert(source.to_owned(), Arc::new(rules));
        }
        for database in subdirectories(self.context, directory) {
            for collection in subdirectories(self.context, &database) {
                self.collection(source, &database, &collection);
            }
        }
        for file in json_files(self.context, &join(directory, "rules")) {
            self.older(source, &file);
        }
    }

    /// The directory of one collection.
    fn collection(&mut self, source: &str, database: &str, collection: &str) {
        let [rules_file, schema_file, relationships] =
            ["rules.json", "schema.json", "relationships.json"].map(|file| join(collection, file));
        // Relations are between types of GraphQL and Sync; rules and schemas do not depend on them.
        json::read(self.context, &relationships, |_| ());
        let of_directories = (last(database).to_owned(), last(collection).to_owned());
        let rules = json::read(self.context, &rules_file, |node| Some((name(node.object()?)?, self.rules(node))));
        let schema = json::read(self.context, &schema_file, schema).flatten();
        let (file, name, rules) = match rules.flatten() {
            Some((name, rules)) => (&rules_file, name.unwrap_or(of_directories), rules),
            None => (&schema_file, of_directories, None),
        };
        if rules.is_some() || schema.is_some() {
            self.add(source, file, name, rules, schema);
        }
    }

    /// A file of the older layouts.
    fn older(&mut self, source: &str, file: &str) {
        let read = json::read(self.context, file, |node| {
            let fields = node.object()?;
            let schema = fields.get("schema").filter(|node| !node.is_empty()).and_then(schema);
            Some((name(fields)?, self.rules(node), schema, node.line()))
        });
        let Some((name, rules, schema, line)) = read.flatten() else { return };
        let of_file = || {
            let stem = last(file).trim_end_matches(".json");
            stem.split_once('.').map(|(database, collection)| (database.to_owned(), collection.to_owned()))
        };
        match name.or_else(of_file) {
            Some(name) => self.add(source, file, name, rules, schema),
            None => self.context.report.mistake(
                file,
                Some(line),
                "the rules name no collection",
                "add \"database\" and \"collection\"",
            ),
        }
    }

    fn add(
        &mut self,
        source: &str,
        file: &str,
        (database, collection): Name,
        rules: Option<Rules>,
        schema: Option<Schema>,
    ) {
        let report = self.context.report;
        if !names::is_database(&database) || !names::is_collection(&database, &collection) {
            let place = quote(&format!("{database}.{collection}"));
            report.mistake(file, None, format!("{place} is no collection of an app's own"), "remove the file");
            return;
        }
        let key = (source.to_owned(), database.clone(), collection.clone());
        if let Some(first) = self.files.insert(key, file.to_owned()) {
            let message = format!("a second file of rules for {database}.{collection}, the first is {first}");
            report.mistake(file, None, message, "keep one of the two");
            return;
        }
        let rules = rules.map(|rules| match self.book.defaults.get(source) {
            Some(defaults) => rules.with_defaults(defaults),
            None => rules,
        });
        let rules = CollectionRules { rules: rules.map(Arc::new), schema: schema.map(Arc::new) };
        self.book.collections.entry(source.to_owned()).or_default().insert((database, collection), rules);
    }

    fn rules(&self, node: Node<'_>) -> Option<Rules> {
        let fields = node.object()?;
        let older = |key: &&&str| fields.get(key).is_some_and(|node| !node.is_empty());
        if fields.get("roles").is_none()
            && let Some(key) = BEFORE_ROLES.iter().find(older)
        {
            fields.get(key)?.mistake(
                format!("{} of a whole collection: rules without roles are not read", quote(key)),
                "write \"roles\", a list of objects with a \"name\", \"apply_when\", \"read\" and \"write\"",
            );
            return None;
        }
        self.look_through(node);
        compiled(node, Rules::compile)
    }

    /// Refuses keys that are given twice, of which one would be lost, and says which functions are not there.
    fn look_through(&self, node: Node<'_>) {
        if node.try_object().is_some() {
            let Some(fields) = node.object() else { return };
            let named = fields.get("%function").and_then(Node::try_object).and_then(|call| call.get("name"));
            if let Some((named, name)) = named.and_then(|node| Some((node, node.as_text()?)))
                && !self.known.has_function(name)
            {
                named.notice(format!("{}, so this never holds", no_function(name, self.known.functions)));
            }
            fields.iter().for_each(|(_, node)| self.look_through(node));
        } else {
            node.try_array().into_iter().flatten().for_each(|node| self.look_through(node));
        }
    }
}

fn schema(node: Node<'_>) -> Option<Schema> {
    compiled(node, Schema::compile).flatten()
}

/// The collection that a file names: by `database` and `collection`, or as `namespace`. The outer `None` is a mistake.
fn name(fields: Fields<'_>) -> Option<Option<Name>> {
    let text = |key| match fields.get(key).filter(|node| !node.is_empty()) {
        Some(node) => node.text().map(Some),
        None => Some(None),
    };
    let (database, collection, namespace) = (text("database")?, text("collection")?, text("namespace")?);
    Some(match (database, collection, namespace) {
        (Some(database), Some(collection), _) => Some((database.to_owned(), collection.to_owned())),
        (.., Some(namespace)) => {
            namespace.split_once('.').map(|(database, collection)| (database.to_owned(), collection.to_owned()))
        }
        _ => None,
    })
}

/// The last segment of a path.
fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
