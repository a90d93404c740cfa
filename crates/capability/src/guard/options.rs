//! Options of operations. Each operation knows its own; `maxTimeMS` and `comment` are the host's.

use bson::raw::{CStr, RawArray, RawBsonRef, RawDocument, cstr};
use usher_contract::{limits, value};

use super::data::{self, Use};
use super::refusal::{At, Check, Refusal};
use super::rows::Rows;
use super::writer::Writer;
use super::{filter, projection};

/// Checked options; what is absent is `None` or false.
#[derive(Default)]
pub(super) struct Options<'a> {
    pub(super) projection: Option<&'a RawDocument>,
    pub(super) sort: Option<&'a RawDocument>,
    pub(super) skip: Option<i64>,
    pub(super) limit: Option<i64>,
    pub(super) hint: Option<RawBsonRef<'a>>,
    pub(super) collation: Option<&'a RawDocument>,
    pub(super) batch_size: Option<i64>,
    pub(super) array_filters: Option<&'a RawArray>,
    pub(super) allow_disk_use: Option<bool>,
    pub(super) ordered: Option<bool>,
    pub(super) upsert: bool,
    pub(super) return_new: bool,
}

impl<'a> Options<'a> {
    /// Checks options. No bytes at all are no options.
    pub(super) fn read(bytes: &'a [u8], known: &[&str], rows: Option<&Rows<'_>>) -> Check<Self> {
        let mut options = Self::default();
        if bytes.is_empty() {
            return Ok(options);
        }
        let document = value::document(bytes)?;
        for (index, element) in document.iter().enumerate() {
            let (key, value) = element?;
            let key = key.as_str();
            if !known.contains(&key) {
                return Err(Refusal::not_allowed(format!(
                    "the option `{key}` is not known here; there are: {}",
                    known.join(", ")
                )));
            }
            if document.iter().take(index).flatten().any(|(other, _)| other.as_str() == key) {
                return Err(Refusal::invalid(format!("the option `{key}` occurs twice")));
            }
            if !matches!(value, RawBsonRef::Null | RawBsonRef::Undefined) {
                options.take(key, value, rows).at(key)?;
            }
        }
        Ok(options)
    }

    fn take(&mut self, key: &str, value: RawBsonRef<'a>, rows: Option<&Rows<'_>>) -> Check {
        match key {
            "projection" => {
                let fields = document(value)?;
                projection::document(fields)?;
                self.projection = Some(fields);
            }
            "sort" => {
                let keys = document(value)?;
                check_sort(keys)?;
                self.sort = Some(keys);
            }
            "hint" => {
                check_hint(value)?;
                self.hint = Some(value);
            }
            "collation" => {
                let collation = document(value)?;
                check_collation(collation, rows)?;
                self.collation = Some(collation);
            }
            "arrayFilters" => {
                let filters = value.as_array().ok_or_else(|| Refusal::invalid("takes an array of query documents"))?;
                for (index, item) in filters.into_iter().enumerate() {
                    document(item?).and_then(filter::element).at(index)?;
                }
                self.array_filters = Some(filters);
            }
            "skip" => self.skip = Some(count(value)?),
            "limit" => self.limit = Some(count(value)?),
            "batchSize" => self.batch_size = Some(count(value)?),
            "allowDiskUse" => self.allow_disk_use = Some(flag(value)?),
            "ordered" => self.ordered = Some(flag(value)?),
            "upsert" => self.upsert = flag(value)?,
            "returnNewDocument" => self.return_new = flag(value)?,
            other => return Err(Refusal::not_allowed(format!("the option `{other}` is not known"))),
        }
        Ok(())
    }

    /// Documents of one batch.
    pub(super) fn batch(&self) -> u32 {
        let most = limits::BATCH_DOCUMENTS;
        match self.batch_size {
            None | Some(0) => most,
            Some(asked) => u32::try_from(asked).map_or(most, |asked| asked.min(most)),
        }
    }

    /// Documents of a find: what was asked for, zero meaning all, within the limit of a query.
    pub(super) fn most(&self) -> i64 {
        let most = i64::try_from(limits::QUERY_DOCUMENTS).unwrap_or(i64::MAX);
        self.limit.filter(|asked| *asked > 0).map_or(most, |asked| asked.min(most))
    }

    /// Writes `hint` and `collation`, which many commands share.
    pub(super) fn write_plan(&self, writer: &mut Writer) {
        const HINT: &CStr = cstr!("hint");
        if let Some(hint) = self.hint {
            writer.value(HINT, hint);
        }
        if let Some(collation) = self.collation {
            writer.document("collation", collation);
        }
    }
}

/// Checks the order of a sort: 1, -1 or a text score for each field.
pub(super) fn check_sort(keys: &RawDocument) -> Check {
    for element in keys {
        let (path, order) = element?;
        let path = path.as_str();
        if path.starts_with('$') && path != "$natural" {
            return Err(Refusal::not_allowed(format!("`{path}` is not allowed as a field to sort by")));
        }
        let fine = match order {
            RawBsonRef::Document(inner) => {
                matches!(inner.get("$meta")?, Some(RawBsonRef::String("textScore"))) && inner.iter().count() == 1
            }
            other => matches!(number(other), Some(1 | -1)),
        };
        if !fine {
            return Err(Refusal::invalid(format!("the order of `{path}` is 1, -1 or {{$meta: \"textScore\"}}")))
                .at(path);
        }
    }
    Ok(())
}

fn check_hint(hint: RawBsonRef<'_>) -> Check {
    match hint {
        RawBsonRef::String(_) => Ok(()),
        RawBsonRef::Document(keys) => keys.iter().try_for_each(|element| {
            let (path, kind) = element?;
            let path = path.as_str();
            if path.starts_with('$') && path != "$natural" {
                return Err(Refusal::not_allowed(format!("`{path}` is not allowed in a hint")));
            }
            match kind {
                RawBsonRef::Document(_) | RawBsonRef::Array(_) => {
                    Err(Refusal::invalid("a hint names the keys of an index"))
                }
                _ => Ok(()),
            }
        }),
        _ => Err(Refusal::invalid("takes the name or the keys of an index")),
    }
}

/// A collation applies to the whole query, so also to the row filter: one that ignores case would let ids that differ
/// in case be the same.
fn check_collation(collation: &RawDocument, rows: Option<&Rows<'_>>) -> Check {
    for element in collation {
        let (key, value) = element?;
        let key = key.as_str();
        if !matches!(
            key,
            "locale"
                | "caseLevel"
                | "caseFirst"
                | "strength"
                | "numericOrdering"
                | "alternate"
                | "maxVariable"
                | "backwards"
                | "normalization"
        ) {
            return Err(Refusal::not_allowed(format!("`{key}` is not a part of a collation")));
        }
        data::value(value, Use::Compared).at(key)?;
    }
    let simple = matches!(collation.get("locale")?, Some(RawBsonRef::String("simple")));
    if !simple && rows.is_some_and(Rows::bends_to_collation) {
        return Err(Refusal::not_allowed(
            "a `collation` other than {locale: \"simple\"} is not allowed on a part of a collection, because it would \
             change which user ids are equal: compare in the function",
        ));
    }
    Ok(())
}

fn document(value: RawBsonRef<'_>) -> Check<&RawDocument> {
    value.as_document().ok_or_else(|| Refusal::invalid("takes a document"))
}

fn flag(value: RawBsonRef<'_>) -> Check<bool> {
    value.as_bool().ok_or_else(|| Refusal::invalid("takes true or false"))
}

fn count(value: RawBsonRef<'_>) -> Check<i64> {
    number(value).filter(|count| *count >= 0).ok_or_else(|| Refusal::invalid("takes a whole number from 0"))
}

/// A whole number of any numeric type; JavaScript sends doubles.
fn number(value: RawBsonRef<'_>) -> Option<i64> {
    match value {
        RawBsonRef::Int32(number) => Some(number.into()),
        RawBsonRef::Int64(number) => Some(number),
        #[allow(clippy::cast_possible_truncation, reason = "whole and small: checked")]
        RawBsonRef::Double(number) if number.fract() == 0.0 && number.abs() < 1e15 => Some(number as i64),
        _ => None,
    }
}
