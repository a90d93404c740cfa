//! Names that may never pass.

use bson::raw::{RawArray, RawBsonRef, RawDocument};

use super::{Verdict, documents, elements, items, require};

/// They run code in the server, leave the collection, write, or speak of the deployment.
const NEVER: &[&str] = &[
    "$accumulator",
    "$backupCursor",
    "$changeStream",
    "$changeStreamSplitLargeEvent",
    "$collStats",
    "$currentOp",
    "$documents",
    "$eval",
    "$function",
    "$graphLookup",
    "$indexStats",
    "$listCachedAndActiveUsers",
    "$listCatalog",
    "$listClusterCatalog",
    "$listLocalSessions",
    "$listSampledQueries",
    "$listSearchIndexes",
    "$listSessions",
    "$lookup",
    "$merge",
    "$mergeCursors",
    "$operationMetrics",
    "$out",
    "$planCacheStats",
    "$queryStats",
    "$queue",
    "$rankFusion",
    "$scoreFusion",
    "$search",
    "$searchMeta",
    "$setVariableFromSubPipeline",
    "$shardedDataDistribution",
    "$unionWith",
    "$vectorSearch",
    "$where",
];

/// Stages that read documents on their way and nothing else.
const STAGES: &[&str] = &[
    "$addFields",
    "$bucket",
    "$bucketAuto",
    "$count",
    "$facet",
    "$fill",
    "$geoNear",
    "$group",
    "$limit",
    "$match",
    "$project",
    "$redact",
    "$replaceRoot",
    "$replaceWith",
    "$sample",
    "$set",
    "$setWindowFields",
    "$skip",
    "$sort",
    "$sortByCount",
    "$unset",
    "$unwind",
];

/// The stages of an update.
const UPDATE_STAGES: &[&str] = &["$addFields", "$project", "$replaceRoot", "$replaceWith", "$set", "$unset"];

/// Variables that speak of more than the document at hand.
const VARIABLES: &[&str] = &["USER_ROLES", "SEARCH_META", "JS_SCOPE", "IS_MR"];

fn name(key: &str) -> Verdict {
    require(!NEVER.contains(&key) && !key.starts_with("$_internal"), || format!("{key} passed"))
}

/// A query: only its `$expr` is evaluated, which stands at the top or below `$and`, `$or` and `$nor`.
pub(super) fn query(query: &RawDocument) -> Verdict {
    for (key, value) in elements(query)? {
        match (key, value) {
            ("$expr", _) => expression(value)?,
            ("$and" | "$or" | "$nor", RawBsonRef::Array(alternatives)) => {
                documents(alternatives)?.into_iter().try_for_each(self::query)?;
            }
            // `$search` is the text to look for here, and a stage elsewhere.
            ("$text", RawBsonRef::Document(text)) => {
                for (key, value) in elements(text)? {
                    if key != "$search" {
                        name(key)?;
                    }
                    plain(value)?;
                }
            }
            _ => {
                name(key)?;
                require(key != "$literal", || "$literal in a query".into())?;
                plain(value)?;
            }
        }
    }
    Ok(())
}

/// Values in which nothing is evaluated.
pub(super) fn plain(value: RawBsonRef<'_>) -> Verdict {
    match value {
        RawBsonRef::Document(inner) => elements(inner)?.into_iter().try_for_each(|(key, value)| {
            name(key)?;
            require(!matches!(key, "$expr" | "$literal"), || format!("{key} passed as data"))?;
            plain(value)
        }),
        RawBsonRef::Array(inner) => items(inner)?.into_iter().try_for_each(plain),
        _ => Ok(()),
    }
}

/// What is stored: no names of operators, apart from those of a DBRef.
pub(super) fn data(document: &RawDocument) -> Verdict {
    stored(RawBsonRef::Document(document))
}

fn stored(value: RawBsonRef<'_>) -> Verdict {
    match value {
        RawBsonRef::Document(inner) => elements(inner)?.into_iter().try_for_each(|(key, value)| {
            require(!key.starts_with('$') || matches!(key, "$ref" | "$id" | "$db"), || format!("{key} is stored"))?;
            stored(value)
        }),
        RawBsonRef::Array(inner) => items(inner)?.into_iter().try_for_each(stored),
        _ => Ok(()),
    }
}

/// Values that are evaluated. What `$literal` holds is data.
pub(super) fn expression(value: RawBsonRef<'_>) -> Verdict {
    match value {
        RawBsonRef::String(text) => variable(text),
        RawBsonRef::Document(inner) => elements(inner)?.into_iter().try_for_each(|(key, value)| {
            name(key)?;
            if key == "$literal" { Ok(()) } else { expression(value) }
        }),
        RawBsonRef::Array(inner) => items(inner)?.into_iter().try_for_each(expression),
        _ => Ok(()),
    }
}

fn variable(text: &str) -> Verdict {
    let name = text.strip_prefix("$$").map(|path| path.split('.').next().unwrap_or(path));
    require(!name.is_some_and(|name| VARIABLES.contains(&name)), || format!("{text} passed"))
}

/// A projection: expressions, and queries below `$elemMatch`.
pub(super) fn projection(value: RawBsonRef<'_>) -> Verdict {
    let RawBsonRef::Document(inner) = value else {
        return expression(value);
    };
    for (key, value) in elements(inner)? {
        name(key)?;
        match key {
            "$elemMatch" => plain(value)?,
            "$literal" => {}
            _ if key.starts_with('$') => expression(value)?,
            _ => projection(value)?,
        }
    }
    Ok(())
}

/// An update by operators, by a pipeline, or a replacement.
pub(super) fn update(update: RawBsonRef<'_>) -> Verdict {
    match update {
        RawBsonRef::Array(stages) => documents(stages)?.into_iter().try_for_each(|stage| {
            let (key, value) = single(stage)?;
            require(UPDATE_STAGES.contains(&key), || format!("the stage {key} in an update"))?;
            expression(value)
        }),
        RawBsonRef::Document(_) => plain(update),
        _ => Err("an update that is none".into()),
    }
}

/// A pipeline, `part` saying whether it runs on a part of the collection.
pub(super) fn pipeline(stages: &RawArray, part: bool) -> Verdict {
    for stage in documents(stages)? {
        let (key, value) = single(stage)?;
        require(STAGES.contains(&key), || format!("the stage {key} passed"))?;
        match (key, value) {
            ("$match", RawBsonRef::Document(inner)) => query(inner)?,
            ("$facet", RawBsonRef::Document(facets)) => {
                for (_, stages) in elements(facets)? {
                    pipeline(stages.as_array().ok_or("a facet that is no pipeline")?, part)?;
                }
            }
            ("$geoNear", RawBsonRef::Document(near)) => {
                require(!part, || "$geoNear on a part of a collection".into())?;
                for (key, value) in elements(near)? {
                    name(key)?;
                    match (key, value) {
                        ("query", RawBsonRef::Document(inner)) => query(inner)?,
                        _ => plain(value)?,
                    }
                }
            }
            // The order may be that of a score, `{$meta: "textScore"}`.
            ("$sort", _) => plain(value)?,
            ("$match" | "$facet" | "$geoNear", _) => return Err(format!("{key} without a document")),
            _ => expression(value)?,
        }
    }
    Ok(())
}

pub(super) fn single(stage: &RawDocument) -> Verdict<(&str, RawBsonRef<'_>)> {
    match elements(stage)?[..] {
        [only] => Ok(only),
        _ => Err("a stage that is not one name with its arguments".into()),
    }
}
