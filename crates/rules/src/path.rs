//! Dotted paths, walked as MongoDB's queries walk them: through documents, and through the elements of arrays.

use bson::{Bson, Document};

/// Whether `test` holds for anything that the path leads to; `None` stands for a missing field. Elements of an array
/// on the way count one by one, and those that are no documents lead nowhere. An array at the end counts as a whole.
pub(crate) fn any<'a>(document: &'a Document, path: &str, test: &mut dyn FnMut(Option<&'a Bson>) -> bool) -> bool {
    let (name, rest) = split(path);
    match (document.get(name), rest) {
        (found, None) => test(found),
        (Some(Bson::Document(inner)), Some(rest)) => any(inner, rest, test),
        (Some(Bson::Array(items)), Some(rest)) => any_element(items, rest, test),
        (_, Some(_)) => test(None),
    }
}

fn any_element<'a>(items: &'a [Bson], path: &str, test: &mut dyn FnMut(Option<&'a Bson>) -> bool) -> bool {
    let (name, rest) = split(path);
    let by_index = match (element(items, name), rest) {
        (Some(item), None) => test(Some(item)),
        (Some(Bson::Array(inner)), Some(rest)) => any_element(inner, rest, test),
        (Some(Bson::Document(inner)), Some(rest)) => any(inner, rest, test),
        _ => false,
    };
    by_index || items.iter().filter_map(Bson::as_document).any(|item| any(item, path, test))
}

/// The value at a path. Through an array it is the array of what its elements hold.
pub(crate) fn value(document: &Document, path: &str) -> Option<Bson> {
    let (name, rest) = split(path);
    let found = document.get(name)?;
    match rest {
        None => Some(found.clone()),
        Some(rest) => inside(found, rest),
    }
}

fn inside(value: &Bson, path: &str) -> Option<Bson> {
    match value {
        Bson::Document(inner) => self::value(inner, path),
        Bson::Array(items) => {
            let (name, rest) = split(path);
            if let Some(item) = element(items, name) {
                return rest.map_or_else(|| Some(item.clone()), |rest| inside(item, rest));
            }
            let found: Vec<Bson> =
                items.iter().filter_map(Bson::as_document).filter_map(|item| self::value(item, path)).collect();
            (!found.is_empty()).then_some(Bson::Array(found))
        }
        _ => None,
    }
}

/// Whether a part of a path can be the index of an array's element.
pub(crate) fn is_index(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit())
}

fn element<'a>(items: &'a [Bson], name: &str) -> Option<&'a Bson> {
    if is_index(name) { items.get(name.parse::<usize>().ok()?) } else { None }
}

fn split(path: &str) -> (&str, Option<&str>) {
    match path.split_once('.') {
        Some((name, rest)) => (name, Some(rest)),
        None => (path, None),
    }
}
