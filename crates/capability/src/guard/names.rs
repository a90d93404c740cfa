//! The allow-lists. A name that is on none of them does not pass, whatever it means to the database.

/// Operators on a field in a query. What they hold is data unless `filter` says otherwise.
const QUERY: &[&str] = &[
    "$all",
    "$bitsAllClear",
    "$bitsAllSet",
    "$bitsAnyClear",
    "$bitsAnySet",
    "$elemMatch",
    "$eq",
    "$exists",
    "$geoIntersects",
    "$geoWithin",
    "$gt",
    "$gte",
    "$in",
    "$lt",
    "$lte",
    "$maxDistance",
    "$minDistance",
    "$mod",
    "$ne",
    "$near",
    "$nearSphere",
    "$nin",
    "$not",
    "$options",
    "$regex",
    "$size",
    "$type",
];

/// Shapes inside a geospatial query.
const GEO: &[&str] = &["$box", "$center", "$centerSphere", "$geometry", "$maxDistance", "$minDistance", "$polygon"];

/// Expressions, accumulators and window functions. No name is harmless in one of these positions and harmful in
/// another, so one list serves all; MongoDB itself refuses a name in the wrong one.
const EXPRESSIONS: &[&str] = &[
    "$abs",
    "$acos",
    "$acosh",
    "$add",
    "$addToSet",
    "$allElementsTrue",
    "$and",
    "$anyElementTrue",
    "$arrayElemAt",
    "$arrayToObject",
    "$asin",
    "$asinh",
    "$atan",
    "$atan2",
    "$atanh",
    "$avg",
    "$binarySize",
    "$bitAnd",
    "$bitNot",
    "$bitOr",
    "$bitXor",
    "$bottom",
    "$bottomN",
    "$bsonSize",
    "$ceil",
    "$cmp",
    "$concat",
    "$concatArrays",
    "$cond",
    "$convert",
    "$cos",
    "$cosh",
    "$count",
    "$covariancePop",
    "$covarianceSamp",
    "$dateAdd",
    "$dateDiff",
    "$dateFromParts",
    "$dateFromString",
    "$dateSubtract",
    "$dateToParts",
    "$dateToString",
    "$dateTrunc",
    "$dayOfMonth",
    "$dayOfWeek",
    "$dayOfYear",
    "$degreesToRadians",
    "$denseRank",
    "$derivative",
    "$divide",
    "$documentNumber",
    "$eq",
    "$exp",
    "$expMovingAvg",
    "$filter",
    "$first",
    "$firstN",
    "$floor",
    "$getField",
    "$gt",
    "$gte",
    "$hour",
    "$ifNull",
    "$in",
    "$indexOfArray",
    "$indexOfBytes",
    "$indexOfCP",
    "$integral",
    "$isArray",
    "$isNumber",
    "$isoDayOfWeek",
    "$isoWeek",
    "$isoWeekYear",
    "$last",
    "$lastN",
    "$let",
    "$linearFill",
    "$literal",
    "$ln",
    "$locf",
    "$log",
    "$log10",
    "$lt",
    "$lte",
    "$ltrim",
    "$map",
    "$max",
    "$maxN",
    "$median",
    "$mergeObjects",
    "$meta",
    "$millisecond",
    "$min",
    "$minN",
    "$minute",
    "$mod",
    "$month",
    "$multiply",
    "$ne",
    "$not",
    "$objectToArray",
    "$or",
    "$percentile",
    "$pow",
    "$push",
    "$radiansToDegrees",
    "$rand",
    "$range",
    "$rank",
    "$reduce",
    "$regexFind",
    "$regexFindAll",
    "$regexMatch",
    "$replaceAll",
    "$replaceOne",
    "$reverseArray",
    "$round",
    "$rtrim",
    "$second",
    "$setDifference",
    "$setEquals",
    "$setField",
    "$setIntersection",
    "$setIsSubset",
    "$setUnion",
    "$shift",
    "$sin",
    "$sinh",
    "$size",
    "$slice",
    "$sortArray",
    "$split",
    "$sqrt",
    "$stdDevPop",
    "$stdDevSamp",
    "$strLenBytes",
    "$strLenCP",
    "$strcasecmp",
    "$substr",
    "$substrBytes",
    "$substrCP",
    "$subtract",
    "$sum",
    "$switch",
    "$tan",
    "$tanh",
    "$toBool",
    "$toDate",
    "$toDecimal",
    "$toDouble",
    "$toInt",
    "$toLong",
    "$toLower",
    "$toObjectId",
    "$toString",
    "$toUUID",
    "$toUpper",
    "$top",
    "$topN",
    "$trim",
    "$trunc",
    "$tsIncrement",
    "$tsSecond",
    "$type",
    "$unsetField",
    "$week",
    "$year",
    "$zip",
];

/// System variables of expressions. `$$USER_ROLES` and `$$SEARCH_META` speak of the deployment, not of documents.
const VARIABLES: &[&str] = &["CLUSTER_TIME", "CURRENT", "DESCEND", "KEEP", "NOW", "PRUNE", "REMOVE", "ROOT"];

/// What `$meta` may give: facts about the document at hand.
const META: &[&str] = &["geoNearDistance", "geoNearPoint", "indexKey", "textScore"];

fn listed(list: &[&str], name: &str) -> bool {
    list.binary_search(&name).is_ok()
}

pub(super) fn is_query(name: &str) -> bool {
    listed(QUERY, name)
}

pub(super) fn is_geo(name: &str) -> bool {
    listed(GEO, name)
}

pub(super) fn is_expression(name: &str) -> bool {
    listed(EXPRESSIONS, name)
}

pub(super) fn is_meta(name: &str) -> bool {
    listed(META, name)
}

/// Whether a variable, named without `$$`, may be read: one of the list, or one that the expression itself binds,
/// whose name MongoDB wants to begin with a lower-case letter or to be outside ASCII.
pub(super) fn is_variable(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase() || !first.is_ascii()) || listed(VARIABLES, name)
}

/// What to do instead of using a name that is not allowed.
pub(super) fn advice(name: &str) -> &'static str {
    match name {
        "$where" | "$function" | "$accumulator" => "no code runs inside the database; compute it in the function",
        "$lookup" | "$graphLookup" | "$unionWith" => {
            "this handle reaches its own collection only, unless a function that runs as the system is granted whole \
             collections by name; read the other one by its own grant"
        }
        "$documents" => "insert the documents, or make them in the function",
        "$out" | "$merge" => {
            "it may only stand at the very end of a pipeline, in a function that runs as the system and is granted the \
             whole collections by name; write the results with insert-many or update-one"
        }
        "$search" | "$searchMeta" | "$vectorSearch" => "there is no search server; use $text or $regex",
        "$geoNear" => "match with $geoWithin, or use $near in find",
        "$expr" | "$text" | "$jsonSchema" => "move it to the top level of a query",
        _ => "it is not on the list of what a function may use; see the documents interface of usher:function",
    }
}

#[cfg(test)]
mod tests {
    use super::{EXPRESSIONS, GEO, META, QUERY, VARIABLES};

    #[test]
    fn lists_are_sorted_for_the_binary_search() {
        for list in [QUERY, GEO, EXPRESSIONS, VARIABLES, META] {
            assert!(list.is_sorted(), "{list:?}");
        }
    }
}
