//! A test as its author wrote it.

use std::collections::BTreeMap;
use std::fmt;

use bson::oid::ObjectId;
use bson::{Bson, Document, doc};
use serde::Deserialize;
use serde_json::Value;
use usher_contract::{is_reserved_database, value};

/// The caller of a test that does not say which user it is.
const SOMEBODY: &str = "000000000000000000000001";

/// One test.
pub(super) struct Case {
    pub(super) file: String,
    pub(super) name: String,
    pub(super) function: String,
    pub(super) caller: Caller,
    pub(super) arguments: Vec<Bson>,
    /// What is in the database before the call.
    pub(super) documents: BTreeMap<Namespace, Vec<Document>>,
    pub(super) expect: Expect,
}

/// On whose behalf the function is called.
pub(super) enum Caller {
    System,
    User {
        /// `{id, type, data, identities}`, as a function sees it.
        user: Document,
        /// What the access token holds; without it, what the test's documents hold.
        custom_data: Option<Value>,
    },
}

/// What should come of the call.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Expect {
    /// The result, as Extended JSON with placeholders; without it, any result will do.
    #[serde(default, deserialize_with = "present")]
    pub(super) result: Option<Value>,
    pub(super) error: Option<ExpectedError>,
    /// All documents of these collections, in any order.
    #[serde(default)]
    pub(super) documents: BTreeMap<Namespace, Vec<Value>>,
    /// Texts that lines of the log hold, in this order.
    #[serde(default)]
    pub(super) logs: Vec<String>,
}

/// The error that a call should end with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectedError {
    /// The code, exactly.
    pub(super) code: Option<String>,
    /// A part of the message.
    pub(super) message: Option<String>,
}

/// A collection, written `database.collection`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Namespace {
    pub(super) database: String,
    pub(super) collection: String,
}

impl TryFrom<String> for Namespace {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.split_once('.') {
            Some((database, _)) if is_reserved_database(database) => {
                Err(format!("the database {database} is not an app's"))
            }
            Some((database, collection)) if !database.is_empty() && !collection.is_empty() => {
                Ok(Self { database: database.to_owned(), collection: collection.to_owned() })
            }
            _ => Err(format!("{text:?} names no collection; write \"database.collection\"")),
        }
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.database, self.collection)
    }
}

/// The keys of a test. The values of MongoDB are still Extended JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    function: String,
    r#as: Value,
    #[serde(default)]
    arguments: Vec<Value>,
    #[serde(default)]
    documents: BTreeMap<Namespace, Vec<Value>>,
    expect: Expect,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AsUser {
    user: WrittenUser,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenUser {
    id: Option<String>,
    r#type: Option<String>,
    #[serde(default)]
    data: Value,
    #[serde(default)]
    identities: Vec<Value>,
    custom_data: Option<Value>,
}

/// Null is a result like any other.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// The tests of one file, or every mistake in it.
pub(super) fn parse(file: &str, text: &str) -> Result<Vec<Case>, Vec<String>> {
    let written: Result<Vec<Written>, _> = match text.trim_start().starts_with('[') {
        true => serde_json::from_str(text),
        false => serde_json::from_str(text).map(|one| vec![one]),
    };
    let written = written.map_err(|error| vec![format!("{file}:{}: {error}", error.line())])?;
    let mut mistakes = Vec::new();
    let mut cases = Vec::new();
    for written in written {
        let name = written.name.clone();
        match written.into_case(file) {
            Ok(case) => cases.push(case),
            Err(mistake) => mistakes.push(format!("{file}: {name}: {mistake}")),
        }
    }
    if mistakes.is_empty() { Ok(cases) } else { Err(mistakes) }
}

impl Case {
    /// The test's name with its file.
    pub(super) fn title(&self) -> String {
        format!("{}: {}", self.file, self.name)
    }
}

impl Written {
    fn into_case(self, file: &str) -> Result<Case, String> {
        let Self { name, function, r#as, arguments, documents, expect } = self;
        if expect.result.is_some() && expect.error.is_some() {
            return Err("\"expect\" has a result and an error; a call has one of them".to_owned());
        }
        let arguments = arguments.into_iter().map(bson).collect::<Result<_, _>>()?;
        let documents = documents
            .into_iter()
            .map(|(namespace, all)| Ok((namespace, all.into_iter().map(document).collect::<Result<_, String>>()?)))
            .collect::<Result<_, String>>()?;
        Ok(Case { file: file.to_owned(), name, function, caller: caller(r#as)?, arguments, documents, expect })
    }
}

fn caller(written: Value) -> Result<Caller, String> {
    if written == "system" {
        return Ok(Caller::System);
    }
    if !written.is_object() {
        return Err("\"as\" is \"system\" or {\"user\": {…}}".to_owned());
    }
    let AsUser { user } = serde_json::from_value(written).map_err(|error| format!("\"as\": {error}"))?;
    let id = user.id.unwrap_or_else(|| SOMEBODY.to_owned());
    if ObjectId::parse_str(&id).is_err() {
        return Err(format!("the user id {id:?} is not 24 hexadecimal digits"));
    }
    let data = if user.data.is_null() { Document::new() } else { document(user.data)? };
    let identities = user.identities.into_iter().map(bson).collect::<Result<Vec<_>, _>>()?;
    // The token holds it as canonical Extended JSON.
    let custom_data = user.custom_data.map(document).transpose()?;
    let custom_data = custom_data.map(|document| value::to_extended_json(Bson::Document(document)));
    let user = doc! {
        "id": id,
        "type": user.r#type.unwrap_or_else(|| "normal".to_owned()),
        "data": data,
        "identities": identities,
    };
    Ok(Caller::User { user, custom_data })
}

fn bson(json: Value) -> Result<Bson, String> {
    let text = json.to_string();
    value::from_extended_json(json).map_err(|failure| format!("{text}: {}", failure.message))
}

fn document(json: Value) -> Result<Document, String> {
    let text = json.to_string();
    match bson(json)? {
        Bson::Document(document) => Ok(document),
        _ => Err(format!("{text} is not a document")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(text: &str) -> String {
        parse("tests/a.json", text).err().unwrap().join("\n")
    }

    #[test]
    fn one_test_or_several() {
        let one = r#"{"name": "n", "function": "f", "as": "system", "expect": {}}"#;
        assert_eq!(parse("a", one).unwrap().len(), 1);
        assert_eq!(parse("a", &format!("[{one}, {one}]")).unwrap().len(), 2);
    }

    #[test]
    fn a_result_of_null_is_an_expectation() {
        let text = r#"{"name": "n", "function": "f", "as": "system", "expect": {"result": null}}"#;
        assert_eq!(parse("a", text).unwrap()[0].expect.result, Some(Value::Null));
    }

    #[test]
    fn mistakes_name_the_place_and_a_way_out() {
        let text = "{\n \"name\": \"n\",\n \"functoin\": \"f\"\n}";
        assert!(mistakes(text).starts_with("tests/a.json:3: unknown field `functoin`"), "{}", mistakes(text));
        let case = |more: &str| format!(r#"{{"name": "n", "function": "f", {more}, "expect": {{}}}}"#);
        assert!(mistakes(&case(r#""as": "me""#)).contains(r#""system" or {"user""#));
        assert!(mistakes(&case(r#""as": {"user": {"id": "1"}}"#)).contains("24 hexadecimal"));
        assert!(mistakes(&case(r#""as": "system", "documents": {"app": []}"#)).contains("database.collection"));
        assert!(mistakes(&case(r#""as": "system", "documents": {"usher.users": []}"#)).contains("not an app's"));
        assert!(mistakes(&case(r#""as": "system", "documents": {"app.a": [1]}"#)).contains("not a document"));
    }
}
