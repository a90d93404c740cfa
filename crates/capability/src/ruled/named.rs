//! Which fields an operation names, and what cannot be asked under rules.
//!
//! A document takes part in an operation only where every field may be read that the operation's answer depends on:
//! those of the query, of the sort, of a key. Otherwise answers would tell what the rules hide. What depends on fields
//! without naming them (`$expr`, `$text`, `$jsonSchema`, an index chosen by hand) is refused; App Services refuses most
//! of it as well (reference 5.5).

use std::collections::{HashMap, HashSet};

use bson::Document;
use bson::raw::{RawArray, RawBsonRef, RawDocument};
use usher_contract::{ErrorCode, Failure, limits};

use super::operation::unreadable;
use crate::guard::Kind;

/// The fields that an operation names, as dotted paths.
#[derive(Debug, Default)]
pub(super) struct Named {
    pub(super) paths: Vec<String>,
    /// The same, to name each once: clients decide how many there are.
    known: HashSet<String>,
    /// Whether the query orders its matches by distance.
    pub(super) by_distance: bool,
}

/// A path up to its first step that stands for elements of an array: which ones, other fields of theirs decide. Indexes
/// remain; [`usher_rules`] and projections know them.
fn stem(path: &str) -> &str {
    let mut end = 0;
    for (index, step) in path.split('.').enumerate() {
        let reference = matches!(step, "$id" | "$ref" | "$db");
        if index > 0 && step.starts_with('$') && !reference {
            return &path[..end - 1];
        }
        end += step.len() + 1;
    }
    path
}

impl Named {
    fn add(&mut self, path: &str) {
        let path = stem(path);
        if !self.known.contains(path) {
            self.known.insert(path.to_owned());
            self.paths.push(path.to_owned());
        }
    }

    /// The fields of a query that the guard has passed.
    pub(super) fn query(&mut self, query: &RawDocument) -> Result<(), Failure> {
        self.clauses(query, "")?;
        few(&self.paths, "a query")
    }

    /// The fields of a sort.
    pub(super) fn sort(&mut self, sort: Option<&Document>) -> Result<(), Failure> {
        for path in sort.into_iter().flatten().map(|(path, _)| path).filter(|path| *path != "$natural") {
            self.add(path);
        }
        few(&self.paths, "a query")
    }

    /// The key of a distinct.
    pub(super) fn key(&mut self, path: &str) {
        self.add(path);
    }

    // The guard has validated every element, so that `flatten` loses none.
    fn clauses(&mut self, query: &RawDocument, under: &str) -> Result<(), Failure> {
        for (key, held) in query.iter().flatten() {
            match (key.as_str(), held) {
                ("$and" | "$or" | "$nor", RawBsonRef::Array(parts)) => {
                    documents(parts).try_for_each(|part| self.clauses(part, under))?;
                }
                ("$comment", _) => {}
                // Inside $elemMatch, operators are about the elements themselves.
                (operator, _) if operator.starts_with('$') && !under.is_empty() => {
                    self.operator(operator, held, under)?;
                }
                (operator, _) if operator.starts_with('$') => return Err(unnamed(operator)),
                (field, _) if under.is_empty() => self.comparison(held, field)?,
                (field, _) => self.comparison(held, &format!("{under}.{field}"))?,
            }
        }
        Ok(())
    }

    fn comparison(&mut self, held: RawBsonRef<'_>, path: &str) -> Result<(), Failure> {
        match held {
            RawBsonRef::Document(operators) if has_operators(operators) => {
                operators.iter().flatten().try_for_each(|(key, held)| self.operator(key.as_str(), held, path))
            }
            _ => {
                self.add(path);
                Ok(())
            }
        }
    }

    fn operator(&mut self, name: &str, held: RawBsonRef<'_>, path: &str) -> Result<(), Failure> {
        self.by_distance |= matches!(name, "$near" | "$nearSphere");
        match (name, held) {
            ("$not", RawBsonRef::Document(_)) => self.comparison(held, path),
            ("$elemMatch", RawBsonRef::Document(query)) if !query.is_empty() => self.clauses(query, path),
            ("$all", RawBsonRef::Array(parts))
                if parts.into_iter().flatten().all(|part| part.as_document().is_some()) =>
            {
                self.add_if_empty(parts, path);
                documents(parts).try_for_each(|part| self.comparison(RawBsonRef::Document(part), path))
            }
            _ => {
                self.add(path);
                Ok(())
            }
        }
    }

    fn add_if_empty(&mut self, parts: &RawArray, path: &str) {
        if parts.is_empty() {
            self.add(path);
        }
    }
}

/// Refuses more fields than rules are asked about.
pub(super) fn few(paths: &[String], what: &str) -> Result<(), Failure> {
    let most = limits::RULED_QUERY_FIELDS;
    if paths.len() <= most {
        return Ok(());
    }
    let message = format!(
        "{what} under rules names at most {most} different fields, because the rules are asked about each: name fewer"
    );
    Err(Failure::new(ErrorCode::OperationNotAllowed, message))
}

/// The fields that an update touches in a document that exists. Whether one of them changes depends on its value, so
/// that the caller has to be allowed to read them: otherwise `$max` would find out what is hidden.
pub(super) fn touched(update: &RawDocument, kind: Kind) -> Vec<String> {
    let mut named = Named::default();
    for (key, held) in update.iter().flatten() {
        match (kind, key.as_str(), held) {
            (Kind::Pipeline, _, _) | (Kind::Operators, "$setOnInsert", _) | (Kind::Replacement, "_id", _) => {}
            (Kind::Operators, operator, RawBsonRef::Document(fields)) => {
                for (path, value) in fields.iter().flatten() {
                    named.add(path.as_str());
                    if let ("$rename", Some(target)) = (operator, value.as_str()) {
                        named.add(target);
                    }
                }
            }
            (_, field, _) => named.add(field),
        }
    }
    named.paths
}

/// The top-level fields that an update sets to values which no document has a say in, and nothing else in the update:
/// databases should refuse what changes a field twice, and not all commands of all of them do.
pub(super) fn set(update: &RawDocument) -> Result<Document, Failure> {
    let Ok(Some(RawBsonRef::Document(fields))) = update.get("$set") else { return Ok(Document::new()) };
    let mut times: HashMap<&str, usize> = HashMap::new();
    for (operator, held) in update.iter().flatten() {
        for (path, value) in held.as_document().into_iter().flat_map(RawDocument::iter).flatten() {
            let target = if operator == "$rename" { value.as_str() } else { None };
            for path in [Some(path.as_str()), target].into_iter().flatten() {
                *times.entry(path.split('.').next().unwrap_or(path)).or_default() += 1;
            }
        }
    }
    let all = Document::try_from(fields).map_err(unreadable)?;
    Ok(all.into_iter().filter(|(name, _)| times.get(name.as_str()) == Some(&1)).collect())
}

/// Whether a query asks for one `_id`, so that it finds one document at most.
pub(super) fn names_one(query: &RawDocument) -> bool {
    let mut ids = query.iter().flatten().filter(|(key, _)| key.as_str() == "_id");
    match (ids.next(), ids.next()) {
        (Some((_, RawBsonRef::RegularExpression(_))), _) | (None, _) | (_, Some(_)) => false,
        (Some((_, RawBsonRef::Document(held))), None) => {
            let mut operators = held.iter().flatten().filter(|(key, _)| key.as_str().starts_with('$'));
            operators.next().is_none_or(|(key, _)| key.as_str() == "$eq" && held.iter().count() == 1)
        }
        _ => true,
    }
}

/// Refuses a document that gives one field twice: MongoDB stores both, and rules would see one of them.
pub(super) fn no_twins(document: &RawDocument) -> Result<(), Failure> {
    let mut names = HashSet::new();
    for (key, held) in document.iter().flatten() {
        if !names.insert(key.as_str()) {
            let message = format!("the field `{}` occurs twice in one document", key.as_str());
            return Err(Failure::new(ErrorCode::InvalidDocument, message));
        }
        match held {
            RawBsonRef::Document(inner) => no_twins(inner)?,
            RawBsonRef::Array(items) => twinless_items(items)?,
            _ => {}
        }
    }
    Ok(())
}

fn twinless_items(items: &RawArray) -> Result<(), Failure> {
    items.into_iter().flatten().try_for_each(|item| match item {
        RawBsonRef::Document(inner) => no_twins(inner),
        RawBsonRef::Array(items) => twinless_items(items),
        _ => Ok(()),
    })
}

fn documents(items: &RawArray) -> impl Iterator<Item = &RawDocument> {
    items.into_iter().flatten().filter_map(|item| match item {
        RawBsonRef::Document(inner) => Some(inner),
        _ => None,
    })
}

fn has_operators(document: &RawDocument) -> bool {
    let mut keys = document.iter().flatten().map(|(key, _)| key.as_str());
    keys.any(|key| key.starts_with('$') && !matches!(key, "$id" | "$ref" | "$db"))
}

fn unnamed(operator: &str) -> Failure {
    refused(operator, "compare fields by name, or ask a function that runs as the system")
}

/// The refusal of something that is fine elsewhere.
pub(super) fn refused(name: &str, advice: &str) -> Failure {
    let message = format!("`{name}` is not allowed under rules, because it could depend on what they hide: {advice}");
    Failure::new(ErrorCode::OperationNotAllowed, message)
}

#[cfg(test)]
mod tests {
    use bson::raw::RawDocumentBuf;
    use bson::{Document, doc};

    use super::{Named, names_one, no_twins, set, touched};
    use crate::guard::Kind;

    fn raw(document: Document) -> RawDocumentBuf {
        RawDocumentBuf::try_from(document).unwrap()
    }

    fn query(query: Document) -> Vec<String> {
        let mut named = Named::default();
        named.query(&raw(query)).unwrap();
        named.paths
    }

    #[test]
    fn every_field_of_a_query_is_named() {
        assert_eq!(query(doc! {"a": 1, "b.c": {"$gt": 1, "$lt": 2}, "$comment": "x"}), ["a", "b.c"]);
        assert_eq!(query(doc! {"$or": [{"a": 1}, {"$nor": [{"$and": [{"b": 2}, {"a": 3}]}]}]}), ["a", "b"]);
        assert_eq!(query(doc! {"a": {"$not": {"$elemMatch": {"x": 1, "$or": [{"y.z": 2}]}}}}), ["a.x", "a.y.z"]);
        assert_eq!(query(doc! {"a": {"$elemMatch": {"$gt": 1, "$not": {"$in": [2]}}}}), ["a"]);
        assert_eq!(
            query(doc! {"a": {"$elemMatch": {}}, "b": {"$all": []}, "c": {"$all": [1, {"d": 1}]}}),
            ["a", "b", "c"]
        );
        assert_eq!(query(doc! {"a": {"$all": [{"$elemMatch": {"x": 1}}, {"$elemMatch": {"y": 1}}]}}), ["a.x", "a.y"]);
        assert_eq!(query(doc! {"a": {"$all": [{"x": 1}]}, "b": {"$eq": {"x": 1}}, "c": {"x": 1}}), ["a", "b", "c"]);
        assert_eq!(query(doc! {"a": {"$elemMatch": {"b": {"$elemMatch": {"c": 1}}}}}), ["a.b.c"]);
        assert_eq!(query(doc! {"r": {"$ref": "x", "$id": 1}, "s.$id": 1}), ["r", "s.$id"]);
    }

    #[test]
    fn elements_that_a_query_chooses_are_named_by_their_array() {
        assert_eq!(query(doc! {"a.0.b": 1, "0.b": 2, "c.d.1": 3}), ["a.0.b", "0.b", "c.d.1"]);
        let update = doc! {"$set": {"a.$.b": 1, "c.$[].d": 1, "e.$[x].f": 1, "f.2": 1}, "$inc": {"g": 1}};
        assert_eq!(touched(&raw(update), Kind::Operators), ["a", "c", "e", "f.2", "g"]);
    }

    #[test]
    fn what_names_no_field_is_refused() {
        for operator in ["$expr", "$text", "$jsonSchema", "$where"] {
            for query in [doc! {operator: {}}, doc! {"$or": [{"a": 1}, {operator: {}}]}] {
                let failure = Named::default().query(&raw(query)).unwrap_err();
                assert!(failure.message.contains(operator), "{failure}");
            }
        }
    }

    #[test]
    fn updates_name_what_they_touch() {
        let update = doc! {"$setOnInsert": {"x": 1}, "$rename": {"a": "b"}, "$unset": {"c.d": ""}};
        assert_eq!(touched(&raw(update), Kind::Operators), ["a", "b", "c.d"]);
        assert_eq!(touched(&raw(doc! {"_id": 1, "a": 1, "b": {"c": 1}}), Kind::Replacement), ["a", "b"]);
    }

    #[test]
    fn what_is_set_whole_is_known() {
        let update = doc! {"$inc": {"n": 1}, "$set": {"a": {"b": 1}, "c.d": 2, "e": 3}};
        assert_eq!(set(&raw(update)).unwrap(), doc! {"a": {"b": 1}, "e": 3});
        assert_eq!(set(&raw(doc! {"$inc": {"n": 1}})).unwrap(), doc! {});
        for more in [doc! {"$rename": {"b": "a.x"}}, doc! {"$currentDate": {"a": true}}, doc! {"$push": {"a.b.c": 1}}] {
            let mut twice = doc! {"$set": {"a": 1, "e": 3}};
            twice.extend(more);
            assert_eq!(set(&raw(twice.clone())).unwrap(), doc! {"e": 3}, "{twice}");
        }
        assert_eq!(set(&raw(doc! {"$set": {"a": 1, "a.b": 2}})).unwrap(), doc! {});
    }

    #[test]
    fn one_id_finds_one_document() {
        let pattern = bson::Regex { pattern: "a".try_into().unwrap(), options: "".try_into().unwrap() };
        for (query, one) in [
            (doc! {"_id": 1, "a": 2}, true),
            (doc! {"_id": {"$eq": 1}}, true),
            (doc! {"_id": {"part": 1}}, true),
            (doc! {"_id": null}, true),
            (doc! {"a": 1}, false),
            (doc! {"_id": {"$gt": 1}}, false),
            (doc! {"_id": {"$eq": 1, "$exists": true}}, false),
            (doc! {"_id": {"$in": [1]}}, false),
            (doc! {"_id": pattern}, false),
            (doc! {"$or": [{"_id": 1}]}, false),
        ] {
            assert_eq!(names_one(&raw(query.clone())), one, "{query}");
        }
    }

    /// Clients choose how many fields there are: each is looked up. Compared with all others, this would not end.
    #[test]
    fn many_fields_are_refused_before_they_cost() {
        let fields =
            |number: usize| -> Document { (0..number).map(|n| (format!("f{n}"), bson::Bson::from(1))).collect() };
        let most = usher_contract::limits::RULED_QUERY_FIELDS;
        assert!(Named::default().query(&raw(fields(most))).is_ok());
        let failure = Named::default().query(&raw(fields(300_000))).unwrap_err();
        assert!(failure.message.contains("at most"), "{failure}");
        let ordered = Named::default().sort(Some(&fields(300_000))).unwrap_err();
        assert_eq!(ordered.message, failure.message);
        assert_eq!(touched(&raw(doc! {"$set": fields(300_000)}), Kind::Operators).len(), 300_000);
    }

    #[test]
    fn a_field_given_twice_is_found_at_any_depth() {
        let mut twice = RawDocumentBuf::new();
        twice.append(bson::raw::cstr!("a"), 1);
        twice.append(bson::raw::cstr!("a"), 2);
        let mut around = RawDocumentBuf::new();
        around.append(bson::raw::cstr!("list"), bson::raw::RawArrayBuf::from_iter([twice.clone()]));
        assert!(no_twins(&twice).is_err() && no_twins(&around).is_err());
        assert!(no_twins(&raw(doc! {"a": [{"a": 1}, {"a": 2}]})).is_ok());
    }
}
