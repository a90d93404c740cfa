//! The row filter: conjoined with every query, and kept by every write.

use bson::Bson;
use bson::raw::{CStr, RawBsonRef, RawDocument};

use super::filter::Filter;
use super::refusal::{Check, Refusal};
use super::writer::Writer;
use crate::scope::Scope;

/// The row filter of a scope, ready for use.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    field: &'a CStr,
    values: &'a [Bson],
}

impl<'a> Rows<'a> {
    pub(super) fn of(scope: &'a Scope) -> Check<Option<Self>> {
        scope
            .rows
            .as_ref()
            .map(|rows| Ok(Self { field: <&CStr>::try_from(rows.field.as_str())?, values: &rows.values }))
            .transpose()
    }

    pub(super) fn field(&self) -> &'a str {
        self.field.as_str()
    }

    pub(super) fn values(&self) -> &'a [Bson] {
        self.values
    }

    /// Whether a document may hold this value in the field: exactly one of the scope's, type included.
    pub(super) fn holds(&self, value: RawBsonRef<'_>) -> bool {
        self.values.iter().any(|own| match (own, value) {
            (Bson::String(own), RawBsonRef::String(value)) => own == value,
            (Bson::ObjectId(own), RawBsonRef::ObjectId(value)) => *own == value,
            (Bson::String(_) | Bson::ObjectId(_), _) => false,
            (own, value) => Bson::try_from(value).is_ok_and(|value| *own == value),
        })
    }

    /// Whether a write to this path changes the field.
    pub(super) fn touches(&self, path: &str) -> bool {
        path.strip_prefix(self.field()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    /// Whether a collation could make a value equal to another user's. ObjectIds have no letter case to ignore.
    pub(super) fn bends_to_collation(&self) -> bool {
        self.values.iter().any(|value| !matches!(value, Bson::ObjectId(_)))
    }

    /// The refusal of a write that would change the field.
    pub(super) fn refuse(&self, operator: &str, path: &str) -> Refusal {
        Refusal::outside(format!(
            "`{operator}` on `{path}` would change `{}`, which says whose document it is: leave that field alone",
            self.field()
        ))
    }

    /// Writes `{field: value}` or `{field: {$in: values}}`, without the braces.
    pub(super) fn condition(&self, writer: &mut Writer) -> Check {
        if let [only] = self.values {
            return writer.bson(self.field(), only);
        }
        let operator = writer.open_document(self.field());
        self.array(writer, "$in")?;
        writer.close(operator);
        Ok(())
    }

    /// Writes the field with the value that a new document gets.
    pub(super) fn value(&self, writer: &mut Writer, pinned: Option<RawBsonRef<'_>>) -> Check {
        match (pinned, self.values) {
            (Some(value), _) => {
                writer.value(self.field, value);
                Ok(())
            }
            (None, [first, ..]) => writer.bson(self.field(), first),
            (None, []) => Err(Refusal::outside("nothing is inside this scope")),
        }
    }

    /// The value of the scope that the query itself asks for, where it is one of several. An upsert takes it, because
    /// MongoDB builds the new document from the query.
    pub(super) fn pinned<'q>(&self, query: &'q RawDocument) -> Check<Option<RawBsonRef<'q>>> {
        let mut found = None;
        for element in query {
            let (key, value) = element?;
            if key == self.field {
                if found.is_some() || !self.holds(value) {
                    return Ok(None);
                }
                found = Some(value);
            }
        }
        Ok(found)
    }

    fn array(&self, writer: &mut Writer, key: &str) -> Check {
        let array = writer.open_array(key);
        for (index, value) in self.values.iter().enumerate() {
            writer.bson(&index.to_string(), value)?;
        }
        writer.close(array);
        Ok(())
    }
}

/// Writes a query under the key, conjoined with the row filter where there is one.
pub(super) fn write_query(writer: &mut Writer, key: &str, rows: Option<&Rows<'_>>, filter: Filter<'_>) -> Check {
    let Some(rows) = rows else {
        writer.document(key, filter.document);
        return Ok(());
    };
    let query = writer.open_document(key);
    if filter.document.is_empty() {
        rows.condition(writer)?;
    } else {
        let both = writer.open_array("$and");
        let own = writer.open_document("0");
        rows.condition(writer)?;
        writer.close(own);
        if filter.evaluates {
            let fenced = writer.open_document("1");
            fence(writer, rows, filter.document)?;
            writer.close(fenced);
        } else {
            writer.document("1", filter.document);
        }
        writer.close(both);
    }
    writer.close(query);
    Ok(())
}

/// Writes the query of an upsert that pins the field: the field moves to the row filter's place, since MongoDB refuses
/// to build a document from a query that gives one field twice.
pub(super) fn write_pinned(
    writer: &mut Writer,
    key: &str,
    rows: &Rows<'_>,
    pinned: RawBsonRef<'_>,
    filter: Filter<'_>,
) -> Check {
    let query = writer.open_document(key);
    let both = writer.open_array("$and");
    let own = writer.open_document("0");
    writer.value(rows.field, pinned);
    writer.close(own);
    let rest = writer.open_document("1");
    for element in filter.document {
        let (key, value) = element?;
        if key != rows.field {
            writer.value(key, value);
        }
    }
    writer.close(rest);
    writer.close(both);
    writer.close(query);
    Ok(())
}

/// Copies a query with each `$expr` fenced in, so that it is evaluated for documents of the scope only. MongoDB may
/// evaluate the parts of an `$and` in any order, and an expression that fails says on what value it failed: without
/// the fence, `{$or: [{$expr: {$toInt: "$secret"}}, …]}` would tell other people's secrets.
fn fence(writer: &mut Writer, rows: &Rows<'_>, query: &RawDocument) -> Check {
    for element in query {
        let (key, held) = element?;
        match (key.as_str(), held) {
            ("$expr", _) => {
                let expression = writer.open_document("$expr");
                let condition = writer.open_array("$cond");
                let inside = writer.open_document("0");
                let membership = writer.open_array("$in");
                writer.string("0", &format!("${}", rows.field()));
                let values = writer.open_document("1");
                rows.array(writer, "$literal")?;
                writer.close(values);
                writer.close(membership);
                writer.close(inside);
                writer.value(bson::raw::cstr!("1"), held);
                writer.boolean("2", false);
                writer.close(condition);
                writer.close(expression);
            }
            ("$and" | "$or" | "$nor", RawBsonRef::Array(items)) => {
                let alternatives = writer.open_array(key.as_str());
                for (index, item) in items.into_iter().enumerate() {
                    if let RawBsonRef::Document(inner) = item? {
                        let one = writer.open_document(&index.to_string());
                        fence(writer, rows, inner)?;
                        writer.close(one);
                    }
                }
                writer.close(alternatives);
            }
            _ => writer.value(key, held),
        }
    }
    Ok(())
}
