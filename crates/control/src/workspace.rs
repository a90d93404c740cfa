//! An app's files while they are read or edited, with the ids that its things have.

use std::collections::BTreeMap;

use bson::oid::ObjectId;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::error::ControlError;
use crate::files::Files;

/// An app's files while they are read or edited.
#[derive(Clone)]
pub struct Workspace {
    /// The app's internal id.
    pub app: ObjectId,
    /// The client app id.
    pub client_app_id: String,
    /// The files.
    pub files: Files,
    /// When the app was last changed, in seconds since the Unix epoch.
    pub modified_at: i64,
    /// The names of the app's secrets, by id.
    pub secrets: BTreeMap<String, String>,
}

/// The id of one thing of an app: 24 hexadecimal digits that follow from what it is, so that it keeps its id as long
/// as it keeps its name, on every host and over every import.
pub fn id_of(app: ObjectId, kind: &str, key: &str) -> String {
    let mut hash = Sha256::new();
    for part in [app.bytes().as_slice(), kind.as_bytes(), key.as_bytes()] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hex::encode(&hash.finalize()[..12])
}

impl Workspace {
    /// The id of one thing of this app.
    pub(crate) fn id(&self, kind: &str, key: &str) -> String {
        id_of(self.app, kind, key)
    }

    /// The members of a JSON file that is an object; none where there is no such file.
    pub(crate) fn object(&self, path: &str) -> Map<String, Value> {
        match self.files.json(path) {
            Some(Value::Object(members)) => members,
            _ => Map::new(),
        }
    }

    /// The objects of a JSON file that is an array of them; none where there is no such file.
    pub(crate) fn array(&self, path: &str) -> Vec<Map<String, Value>> {
        let items = match self.files.json(path) {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        };
        let object = |item| match item {
            Value::Object(members) => Some(members),
            _ => None,
        };
        items.into_iter().filter_map(object).collect()
    }

    /// Puts an object in the place of the one that `is` it in such an array, or at its end; without an object, takes that
    /// one away.
    pub(crate) fn put_in_array(
        &mut self,
        path: &str,
        is: impl Fn(&Map<String, Value>) -> bool,
        object: Option<Map<String, Value>>,
    ) -> Result<(), ControlError> {
        let mut all = self.array(path);
        let place = all.iter().position(is);
        match (place, object) {
            (Some(place), Some(object)) => all[place] = object,
            (Some(place), None) => drop(all.remove(place)),
            (None, object) => all.extend(object),
        }
        let all = all.into_iter().map(Value::Object).collect();
        self.files.write_json(path, &Value::Array(all))
    }
}

/// A member that must be a non-empty string.
///
/// # Errors
/// Where it is anything else.
pub(crate) fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Result<&'a str, ControlError> {
    match members.get(name) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        None | Some(Value::Null | Value::String(_)) => {
            Err(ControlError::Invalid("MissingParameter", format!("'{name}' is a required string")))
        }
        Some(_) => Err(ControlError::Invalid("InvalidParameter", format!("'{name}' must be a string"))),
    }
}

/// As [`text`], for a name that becomes a part of a path.
pub(crate) fn segment<'a>(members: &'a Map<String, Value>, name: &str) -> Result<&'a str, ControlError> {
    let text = text(members, name)?;
    if crate::files::is_segment(text) {
        return Ok(text);
    }
    let message = format!("'{name}' cannot begin with \".\" nor hold \"/\", \"\\\" or control characters");
    Err(ControlError::Invalid("InvalidParameter", message))
}
