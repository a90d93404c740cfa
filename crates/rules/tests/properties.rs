//! What holds for whichever rules, callers and documents.

#[path = "support/random.rs"]
mod random;
mod support;

use bson::{Bson, Document};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use support::{World, bind, document};
use usher_rules::matcher::Query;
use usher_rules::{Change, Visible, Write};

/// What an inclusion or exclusion projection leaves.
fn project(document: &Document, projection: &Document) -> Document {
    let including = projection.iter().any(|(name, shown)| name != "_id" && *shown == Bson::Int32(1))
        || (projection.len() == 1 && projection.get("_id") == Some(&Bson::Int32(1)));
    if including { include(document, projection, "") } else { without(document, projection) }
}

fn without(document: &Document, projection: &Document) -> Document {
    document.clone().into_iter().filter(|(name, _)| !projection.contains_key(name)).collect()
}

fn include(document: &Document, projection: &Document, above: &str) -> Document {
    let mut shown = Document::new();
    for (name, value) in document {
        let path = format!("{above}{name}");
        if projection.contains_key(&path) {
            shown.insert(name, value.clone());
        } else if projection.keys().any(|it| it.starts_with(&format!("{path}.")))
            && let Some(value) = inside(value, projection, &path)
        {
            shown.insert(name, value);
        }
    }
    shown
}

fn inside(value: &Bson, projection: &Document, path: &str) -> Option<Bson> {
    match value {
        Bson::Document(inner) => Some(Bson::Document(include(inner, projection, &format!("{path}.")))),
        Bson::Array(items) => Some(Bson::Array(items.iter().filter_map(|it| inside(it, projection, path)).collect())),
        _ => None,
    }
}

/// Whether everything in one value is in the other.
fn part_of(part: &Bson, whole: &Bson) -> bool {
    match (part, whole) {
        (Bson::Document(part), Bson::Document(whole)) => {
            part.iter().all(|(name, value)| whole.get(name).is_some_and(|whole| part_of(value, whole)))
        }
        (Bson::Array(part), Bson::Array(whole)) => part.iter().all(|it| whole.iter().any(|whole| part_of(it, whole))),
        (part, whole) => part == whole,
    }
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn the_database_and_the_host_see_the_same(
        rules in random::rules(),
        documents in prop::collection::vec(random::documents(), 1..4),
        caller in select(vec!["ann", "bob"]),
        named in subsequence(vec!["a", "b.y", "a.x", "c", "d", "_id", "a.0.x"], 0..3),
    ) {
        wait(async {
            let bound = bind(&rules, &World::of(caller)).await;
            let visible = bound.visible(&named);
            let all = Query::compile(&Document::new()).expect("empty");
            let (query, exact) = match &visible {
                Visible::Nothing => (None, true),
                Visible::Matching { query, exact } if query.is_empty() => (Some(all), *exact),
                Visible::Matching { query, exact } => (Some(Query::compile(query).expect("good operators")), *exact),
            };
            let mask = bound.mask();
            for json in &documents {
                let document = document(json);
                let read = bound.read(&document, &named).await.expect("a decision");
                let matched = query.as_ref().is_some_and(|query| query.matches(&document));
                prop_assert!(!exact || matched == read.is_some(), "{visible:?} of {document}: {read:?}");
                prop_assert!(matched || read.is_none(), "{visible:?} misses {document}");
                let Some(read) = read else { continue };
                prop_assert!(part_of(&Bson::Document(read.clone()), &Bson::Document(document.clone())), "{read}");
                let shown = mask.as_ref().map_or(document.clone(), |mask| project(&document, mask));
                prop_assert!(part_of(&Bson::Document(shown.clone()), &Bson::Document(read.clone())),
                    "{mask:?} shows {shown} but reading shows {read}");
                for path in ["a", "b", "c", "d"] {
                    if document.get(path) != read.get(path) {
                        let named = bound.read(&document, &[path]).await.expect("a decision");
                        prop_assert!(named.is_none(), "{path} is hidden, but may be named");
                    }
                }
            }
            Ok(())
        })?;
    }

    /// What a query picks for a write is found, may be written, and may be seen afterwards.
    #[test]
    fn what_is_permitted_beforehand_is_permitted_then(
        rules in random::rules(),
        (before, other) in (random::documents(), random::documents()),
        touched in subsequence(vec!["a", "b", "c", "d"], 0..4),
        set in subsequence(vec!["a", "b", "c", "d"], 0..3),
        named in subsequence(vec!["a", "b.y"], 0..2),
    ) {
        wait(async {
            let bound = bind(&rules, &World::of("ann")).await;
            let (before, other) = (document(&before), document(&other));
            let mut after = before.clone();
            for name in &touched {
                match other.get(name) {
                    Some(value) => drop(after.insert(*name, value.clone())),
                    None => drop(after.remove(name)),
                }
            }
            let set: Document = set.iter().filter(|name| touched.contains(name))
                .filter_map(|name| Some(((*name).to_owned(), after.get(name)?.clone()))).collect();
            let touched: Vec<String> = touched.iter().map(|name| (*name).to_owned()).collect();
            for (write, change) in [
                (Write::Delete, Change::Delete(&before)),
                (Write::Update { touched: &touched, set: &set }, Change::Update(&before, &after)),
            ] {
                let Visible::Matching { query, exact: true } = bound.permitted(write, &named) else { continue };
                if !Query::compile(&query).expect("good operators").matches(&before) {
                    continue;
                }
                let allowed = bound.explain_change(change).await.expect("a decision");
                prop_assert!(allowed.allowed, "{write:?} by {query}: {allowed:?}");
                prop_assert!(bound.read(&before, &named).await.expect("a decision").is_some(), "{query} finds what is hidden");
                if let Change::Update(_, after) = change {
                    prop_assert!(bound.read(after, &[]).await.expect("a decision").is_some(), "{query} hides what changed");
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn what_is_free_is_allowed(rules in random::rules(), json in random::documents(), other in random::documents()) {
        wait(async {
            use usher_rules::Operation::{Delete, Insert, Read, Update};
            let bound = bind(&rules, &World::of("ann")).await;
            let (one, two) = (document(&json), document(&other));
            for operation in [Read, Insert, Update, Delete] {
                let allowed = match operation {
                    Insert => bound.write(Change::Insert(&one)).await,
                    Update => bound.write(Change::Update(&one, &two)).await,
                    Delete => bound.write(Change::Delete(&one)).await,
                    _ => bound.explain(Read, &one).await,
                }.expect("a decision");
                prop_assert!(allowed.allowed || !bound.free(operation), "{operation:?}: {allowed:?}");
            }
            Ok(())
        })?;
    }
}
