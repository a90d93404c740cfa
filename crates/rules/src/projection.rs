//! Projections, applied on the host: the caller's, once the rules have hidden what they hide, and those of filters.

use std::collections::BTreeMap;

use bson::{Bson, Document};
use usher_contract::{ErrorCode, Failure};

/// Fields to include, or to leave out, with the semantics of MongoDB's find.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    include: bool,
    id: bool,
    fields: Tree,
}

/// Fields by name; one without fields of its own is meant whole.
#[derive(Debug, Clone, Default, PartialEq)]
struct Tree(BTreeMap<String, Option<Tree>>);

impl Projection {
    /// Reads a projection; `None` where it changes nothing.
    ///
    /// # Errors
    /// Where it is not a list of fields with flags: what is computed would be computed from what is hidden.
    pub fn read(document: Option<&Document>) -> Result<Option<Self>, Failure> {
        let mut flags = Vec::new();
        flatten(document.into_iter().flatten(), "", &mut flags)?;
        let id = flags.iter().find(|(path, _)| path == "_id").map(|(_, flag)| *flag);
        flags.retain(|(path, _)| path != "_id");
        let include = match (flags.first(), id) {
            (Some((_, include)), _) => *include,
            (None, Some(id)) => id,
            (None, None) => return Ok(None),
        };
        let mut fields = Tree::default();
        for (path, flag) in &flags {
            if *flag != include {
                return Err(invalid(format!(
                    "a projection includes fields or leaves fields out, not both (at `{path}`)"
                )));
            }
            if !fields.insert(path) {
                return Err(invalid(format!("the projection has `{path}` twice, as a whole and in part")));
            }
        }
        Ok(Some(Self { include, id: id.unwrap_or(true), fields }))
    }

    /// What it leaves of a document.
    pub fn apply(&self, document: Document) -> Document {
        let id = self.id.then(|| document.get("_id").cloned()).flatten();
        let mut rest = document;
        rest.remove("_id");
        let rest = if self.include { self.fields.kept(rest) } else { self.fields.rid(rest) };
        id.map(|id| ("_id".to_owned(), id)).into_iter().chain(rest).collect()
    }

    /// Whether it hides a field, or a part of it. The `_id` counts as shown: it names the document.
    pub fn hides(&self, path: &str) -> bool {
        let steps: Vec<&str> = path.split('.').collect();
        steps.first() != Some(&"_id") && self.hides_in(&self.fields, &steps)
    }

    fn hides_in(&self, tree: &Tree, steps: &[&str]) -> bool {
        let Some((step, rest)) = steps.split_first() else {
            // Only parts of the field are named.
            return true;
        };
        let named = match tree.0.get(*step) {
            None => self.include,
            Some(None) => !self.include,
            Some(Some(inner)) => self.hides_in(inner, rest),
        };
        // An index, or a field that is called like one: only the document would tell.
        let index = step.bytes().all(|byte| byte.is_ascii_digit());
        named || (index && self.hides_in(tree, rest))
    }
}

fn flatten<'a>(
    fields: impl Iterator<Item = (&'a String, &'a Bson)>,
    under: &str,
    flags: &mut Vec<(String, bool)>,
) -> Result<(), Failure> {
    for (key, value) in fields {
        if key.is_empty() || key.split('.').any(|step| step.starts_with('$') || step.is_empty()) {
            return Err(computed(key));
        }
        let path = if under.is_empty() { key.clone() } else { format!("{under}.{key}") };
        if path.starts_with("_id.") {
            return Err(computed(&path));
        }
        match value {
            Bson::Document(_) if path == "_id" => return Err(computed(&path)),
            Bson::Boolean(flag) => flags.push((path, *flag)),
            Bson::Int32(flag) => flags.push((path, *flag != 0)),
            Bson::Int64(flag) => flags.push((path, *flag != 0)),
            Bson::Double(flag) => flags.push((path, *flag != 0.0)),
            Bson::Document(inner) if !inner.is_empty() => flatten(inner.iter(), &path, flags)?,
            _ => return Err(computed(&path)),
        }
    }
    Ok(())
}

impl Tree {
    /// Whether the path was new and collides with none before.
    fn insert(&mut self, path: &str) -> bool {
        match path.split_once('.') {
            None => self.0.insert(path.to_owned(), None).is_none(),
            Some((step, rest)) => match self.0.entry(step.to_owned()).or_insert_with(|| Some(Self::default())) {
                Some(inner) => inner.insert(rest),
                None => false,
            },
        }
    }

    /// The fields that are named.
    fn kept(&self, document: Document) -> Document {
        let fields = document.into_iter().filter_map(|(name, value)| match self.0.get(&name)? {
            None => Some((name, value)),
            Some(inner) => Some((name, inner.kept_within(value)?)),
        });
        fields.collect()
    }

    /// In arrays, of each document; what is none of both has no such fields.
    fn kept_within(&self, value: Bson) -> Option<Bson> {
        match value {
            Bson::Document(inner) => Some(Bson::Document(self.kept(inner))),
            Bson::Array(items) => {
                Some(Bson::Array(items.into_iter().filter_map(|item| self.kept_within(item)).collect()))
            }
            _ => None,
        }
    }

    /// The fields that are not named.
    fn rid(&self, document: Document) -> Document {
        let fields = document.into_iter().filter_map(|(name, value)| match self.0.get(&name) {
            None => Some((name, value)),
            Some(None) => None,
            Some(Some(inner)) => Some((name, inner.rid_within(value))),
        });
        fields.collect()
    }

    fn rid_within(&self, value: Bson) -> Bson {
        match value {
            Bson::Document(inner) => Bson::Document(self.rid(inner)),
            Bson::Array(items) => Bson::Array(items.into_iter().map(|item| self.rid_within(item)).collect()),
            other => other,
        }
    }
}

fn computed(path: &str) -> Failure {
    Failure::new(
        ErrorCode::OperationNotAllowed,
        format!(
            "under rules that hide fields, a projection is a list of fields to include, {{name: 1}}, or to leave out, \
             {{name: 0}}; `{path}` is something else: compute it from the answer"
        ),
    )
}

fn invalid(message: String) -> Failure {
    Failure::new(ErrorCode::InvalidDocument, message)
}

#[cfg(test)]
mod tests {
    use bson::{Document, bson, doc};
    use usher_contract::ErrorCode;

    use super::Projection;

    fn read(projection: &Document) -> Projection {
        Projection::read(Some(projection)).unwrap().unwrap()
    }

    #[test]
    fn applies_as_find_does() {
        let document = doc! {"a": 1, "_id": 7, "b": {"c": 1, "d": 2}, "e": [{"c": 1, "d": 2}, 3, [{"c": 4}]]};
        for (projection, expected) in [
            (doc! {"a": 1}, doc! {"_id": 7, "a": 1}),
            (doc! {"_id": 0, "a": true, "zzz": 1.0}, doc! {"a": 1}),
            (doc! {"_id": 1}, doc! {"_id": 7}),
            (doc! {"_id": 0}, doc! {"a": 1, "b": {"c": 1, "d": 2}, "e": [{"c": 1, "d": 2}, 3, [{"c": 4}]]}),
            (doc! {"b.c": 1, "a.x": 1}, doc! {"_id": 7, "b": {"c": 1}}),
            (doc! {"b": {"c": 1}, "e": {"d": 1}}, doc! {"_id": 7, "b": {"c": 1}, "e": [{"d": 2}, [{}]]}),
            (doc! {"a": 0, "e.c": 0, "b.d": false}, doc! {"_id": 7, "b": {"c": 1}, "e": [{"d": 2}, 3, [{}]]}),
            (doc! {"_id": 0, "e": 0, "b": 0, "a.x": 0}, doc! {"a": 1}),
        ] {
            assert_eq!(read(&projection).apply(document.clone()), expected, "{projection}");
        }
    }

    #[test]
    fn what_is_no_list_of_fields_is_refused() {
        for value in [bson!("$secret"), bson!({"$slice": 1}), bson!({}), bson!([1]), bson!(null)] {
            let failure = Projection::read(Some(&doc! {"a": value})).unwrap_err();
            assert!(failure.is(ErrorCode::OperationNotAllowed), "{failure}");
        }
        for projection in [doc! {"a.$": 1}, doc! {"_id.a": 0}, doc! {"_id": {"a": 0}}] {
            assert!(Projection::read(Some(&projection)).is_err(), "{projection}");
        }
        for projection in [doc! {"a": 1, "b": 0}, doc! {"a": 1, "a.b": 1}, doc! {"a.b": 1, "a": 1}] {
            assert!(Projection::read(Some(&projection)).unwrap_err().is(ErrorCode::InvalidDocument), "{projection}");
        }
        assert_eq!(Projection::read(Some(&doc! {})).unwrap(), None);
    }

    #[test]
    fn knows_what_it_hides() {
        let shown = read(&doc! {"a": 1, "b.c": 1});
        for (path, hidden) in
            [("_id", false), ("a", false), ("a.x", false), ("b", true), ("b.c", false), ("b.c.d", false), ("z", true)]
        {
            assert_eq!(shown.hides(path), hidden, "{path}");
        }
        let left_out = read(&doc! {"a": 0, "b.c": 0});
        for (path, hidden) in [
            ("a", true),
            ("a.x", true),
            ("b", true),
            ("b.c", true),
            ("b.d", false),
            ("z", false),
            ("b.0.c", true),
            ("b.0.d", false),
        ] {
            assert_eq!(left_out.hides(path), hidden, "{path}");
        }
    }
}
