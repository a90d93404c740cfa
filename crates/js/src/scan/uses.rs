//! Collections, functions and hosts that a source uses.

use std::collections::{BTreeMap, BTreeSet};

use oxc_ast::ast::{CallExpression, Expression, ObjectProperty};
use usher_contract::Operations;

use super::collect::{Collected, key};
use super::values::{Value, method, property};
use super::{CollectionUse, HttpUse, Lines};

/// Nothing may be done.
pub(super) const NONE: Operations = Operations { read: false, insert: false, update: false, delete: false };
/// Packages, and Node's own modules, whose calls are HTTP requests.
const HTTP_CLIENTS: [&str; 12] = [
    "axios",
    "fetch",
    "got",
    "http",
    "https",
    "needle",
    "node-fetch",
    "node:http",
    "node:https",
    "request",
    "request-promise",
    "superagent",
];

/// Every collection that is opened, with what is done to it; and what is done to any.
pub(super) fn collections(collected: &Collected<'_>, lines: &Lines<'_>) -> (Vec<CollectionUse>, Operations) {
    let mut done: BTreeMap<u32, Operations> = BTreeMap::new();
    let mut anything = NONE;
    for call in &collected.calls {
        let Some((object, name)) = method(&call.callee) else { continue };
        let Some(operations) = operations(name) else { continue };
        let mut known = false;
        for value in collected.names.of(object) {
            if let Value::Collection(place) = value {
                let so_far = done.entry(place).or_insert(NONE);
                *so_far = union(*so_far, operations);
                known = true;
            }
        }
        if known || unmistakable(name) {
            anything = union(anything, operations);
        }
    }
    let mut uses = Vec::new();
    for call in &collected.calls {
        opened(collected, lines, call, done.get(&call.span.start).copied(), &mut uses);
    }
    let databases: BTreeSet<_> = uses.iter().map(|one| (one.data_source.clone(), one.database.clone())).collect();
    for stage in &collected.stages {
        anything = union(anything, staged(collected, lines, stage, &databases, &mut uses));
    }
    (uses, anything)
}

/// The collections that one call opens.
fn opened<'a>(
    collected: &Collected<'a>,
    lines: &Lines<'_>,
    call: &'a CallExpression<'a>,
    operations: Option<Operations>,
    uses: &mut Vec<CollectionUse>,
) {
    let Some((object, "collection")) = method(&call.callee) else { return };
    let names = collected.names.texts(call.arguments.first().and_then(|argument| argument.as_expression()));
    for value in collected.names.of(object) {
        let (data_source, database) = match value {
            Value::Database { source, name } => (source, name),
            Value::Unknown => (None, None),
            _ => continue,
        };
        for collection in &names {
            let (line, _) = lines.place(call.span.start);
            let one = CollectionUse {
                data_source: data_source.clone(),
                database: database.clone(),
                collection: collection.clone(),
                line,
                operations,
            };
            if !uses.contains(&one) {
                uses.push(one);
            }
        }
    }
}

/// The collections that a stage of a pipeline names besides the one it runs on: in any of the databases of this file,
/// since where the pipeline runs is often said elsewhere.
fn staged<'a>(
    collected: &Collected<'a>,
    lines: &Lines<'_>,
    stage: &'a ObjectProperty<'a>,
    databases: &BTreeSet<(Option<String>, Option<String>)>,
    uses: &mut Vec<CollectionUse>,
) -> Operations {
    let (inside, operations): (&[&str], _) = match key(&stage.key) {
        Some("$lookup" | "$graphLookup") => (&["from"], Operations { read: true, ..NONE }),
        Some("$unionWith") => (&["coll"], Operations { read: true, ..NONE }),
        Some("$merge") => (&["into", "coll"], Operations { insert: true, update: true, ..NONE }),
        Some("$out") => (&["coll"], Operations { insert: true, delete: true, ..NONE }),
        _ => return NONE,
    };
    let (mut target, mut database) = (Some(&stage.value), None);
    for name in inside {
        if let Some(Expression::ObjectExpression(object)) = target {
            (target, database) = (property(object, name), property(object, "db").or(database));
        }
    }
    let line = lines.place(stage.span.start).0;
    for collection in collected.names.texts(target) {
        for (data_source, of_file) in databases {
            let given = database.map(|name| collected.names.texts(Some(name))).unwrap_or(vec![of_file.clone()]);
            for database in given {
                let (data_source, collection) = (data_source.clone(), collection.clone());
                let one = CollectionUse { data_source, database, collection, line, operations: Some(operations) };
                if !uses.contains(&one) {
                    uses.push(one);
                }
            }
        }
    }
    operations
}

/// The functions that are called by a literal name, and the lines of calls by other names.
pub(super) fn executes(collected: &Collected<'_>, lines: &Lines<'_>) -> (Vec<String>, Vec<u32>) {
    let (mut names, mut unknown) = (BTreeSet::new(), BTreeSet::new());
    for call in &collected.calls {
        if let Some((object, "execute")) = method(&call.callee)
            && collected.names.of(object).iter().any(|value| matches!(value, Value::Functions))
        {
            let name = call.arguments.first().and_then(|argument| argument.as_expression());
            for text in collected.names.texts(name) {
                match text {
                    Some(text) => drop(names.insert(text)),
                    None => drop(unknown.insert(lines.place(call.span.start).0)),
                }
            }
        }
    }
    (names.into_iter().collect(), unknown.into_iter().collect())
}

/// The methods of `context.http`.
const VERBS: [&str; 6] = ["get", "post", "put", "patch", "delete", "head"];

/// Every HTTP request; and whether there is one by `context.http`.
pub(super) fn requests(collected: &Collected<'_>, lines: &Lines<'_>) -> (Vec<HttpUse>, bool) {
    let (mut uses, mut by_context) = (Vec::new(), false);
    for call in &collected.calls {
        // `axios.get(…)`, `context.http.get(…)`, `fetch(…)`.
        let sender = method(&call.callee).map_or(&call.callee, |(object, _)| object);
        let senders = collected.names.of(sender);
        let context = senders.iter().any(|one| match one {
            Value::Http => true,
            // A service of HTTP, whatever its name: the client of MongoDB has one method, `db`, and sessions.
            Value::Service(_) => matches!(method(&call.callee), Some((_, verb)) if VERBS.contains(&verb)),
            _ => false,
        });
        let package =
            senders.iter().any(|one| matches!(one, Value::Module(name) if HTTP_CLIENTS.contains(&name.as_str())));
        // The client itself is made by such a call, too: `axios.create`, `new https.Agent`.
        let made = matches!(method(&call.callee), Some((_, "create" | "all" | "spread" | "defaults" | "isAxiosError")));
        if !context && (!package || made) {
            continue;
        }
        by_context |= context;
        let (line, _) = lines.place(call.span.start);
        for origin in origins(collected, call) {
            let one = HttpUse { origin, line };
            if !uses.contains(&one) {
                uses.push(one);
            }
        }
    }
    (uses, by_context)
}

/// The origins that a request may go to.
fn origins<'a>(collected: &Collected<'a>, call: &'a CallExpression<'a>) -> Vec<Option<String>> {
    let Some(first) = call.arguments.first().and_then(|argument| argument.as_expression()) else {
        return vec![None];
    };
    let mut found = Vec::new();
    for value in collected.names.of(first) {
        match value {
            Value::Text { head, whole } => found.push(origin(&head, whole)),
            Value::Object(object) => {
                let part = |name| property(object, name);
                if let Some(url) = part("url").or(part("uri")).or(part("baseURL")) {
                    let urls = collected.names.of(url).into_iter();
                    found.extend(urls.map(|url| match url {
                        Value::Text { head, whole } => origin(&head, whole),
                        _ => None,
                    }));
                } else {
                    let of = |part| collected.names.texts(part).into_iter().next().flatten();
                    let host = of(part("host").or(part("hostname")));
                    let scheme = of(part("scheme").or(part("protocol"))).unwrap_or_else(|| "https".into());
                    found.push(host.map(|host| format!("{}://{}", scheme.trim_end_matches(':'), host.to_lowercase())));
                }
            }
            _ => found.push(None),
        }
    }
    found
}

/// The origin of a URL, or of the beginning of one that goes on past its host.
fn origin(head: &str, whole: bool) -> Option<String> {
    let (scheme, rest) = head.split_once("://")?;
    let end = rest.find(['/', '?', '#']).or(whole.then_some(rest.len()))?;
    let host = rest[..end].rsplit('@').next()?;
    let scheme = scheme.to_lowercase();
    (matches!(&*scheme, "http" | "https") && !host.is_empty()).then(|| format!("{scheme}://{}", host.to_lowercase()))
}

/// What a method of a collection does; `None` for names that no collection has.
fn operations(method: &str) -> Option<Operations> {
    Some(match method {
        "find"
        | "findOne"
        | "aggregate"
        | "count"
        | "countDocuments"
        | "estimatedDocumentCount"
        | "distinct"
        | "watch" => Operations { read: true, ..NONE },
        "insertOne" | "insertMany" => Operations { insert: true, ..NONE },
        // With `upsert` these insert, and whether it is given cannot be told where options are a variable.
        "updateOne" | "updateMany" | "replaceOne" => Operations { insert: true, update: true, ..NONE },
        "findOneAndUpdate" | "findOneAndReplace" => Operations { read: true, insert: true, update: true, ..NONE },
        "deleteOne" | "deleteMany" => Operations { delete: true, ..NONE },
        "findOneAndDelete" => Operations { read: true, delete: true, ..NONE },
        "bulkWrite" => Operations { insert: true, update: true, delete: true, ..NONE },
        _ => return None,
    })
}

/// Names that only collections have.
fn unmistakable(method: &str) -> bool {
    !matches!(method, "find" | "count" | "watch")
}

fn union(one: Operations, other: Operations) -> Operations {
    Operations {
        read: one.read || other.read,
        insert: one.insert || other.insert,
        update: one.update || other.update,
        delete: one.delete || other.delete,
    }
}
