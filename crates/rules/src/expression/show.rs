//! Values in sentences.

use bson::Bson;

/// Characters of a value that a sentence shows.
const SHOWN_CHARS: usize = 60;

/// A value as a person would write it; `nothing` for one that is missing.
pub(crate) fn value(value: Option<&Bson>) -> String {
    let Some(value) = value else { return "nothing".to_owned() };
    let text = match value {
        Bson::ObjectId(id) => format!("ObjectId({id})"),
        other => other.clone().into_relaxed_extjson().to_string(),
    };
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
