//! Reads: find, find-one, count, distinct.

use std::sync::Arc;

use bson::{Bson, Document, doc};
use usher_contract::{Collection, Failure, Operation, Reply, value};
use usher_rules::Projection;

use super::RuledCollection;
use super::judge::Judge;
use super::named::Named;
use super::operation::{Options, parts, unreadable, with_filter};
use super::sight::Sight;
use super::stream::{Empty, Shown, Window};

impl RuledCollection {
    pub(super) async fn find(&self, judge: &Arc<Judge>, operation: Operation) -> Result<Reply, Failure> {
        self.scoped.check(&operation)?;
        let Some((filter, options)) = parts(&operation) else { return Ok(Reply::Document(None)) };
        let one = matches!(operation, Operation::FindOne { .. });
        let options = Options::read(options)?;
        let mut named = Named::default();
        named.query(value::document(filter)?)?;
        named.sort(options.document("sort"))?;
        let Some(sight) = Sight::of(judge, named) else {
            return Ok(if one { Reply::Document(None) } else { Reply::Cursor(Box::new(Empty)) });
        };
        if sight.is_direct() {
            let filter = sight.query(filter)?;
            return self.scoped.execute(with_filter(operation, filter)).await;
        }
        let projection = Projection::read(options.document("projection"))?;
        let limit = if one { Some(1) } else { options.number("limit") };
        let mut shown = self.shown(&sight, filter, &options, limit).await?.projected(projection);
        if !one {
            return Ok(Reply::Cursor(Box::new(shown)));
        }
        let first = shown.next().await?.into_iter().next();
        Ok(Reply::Document(first.map(|(_, shown)| value::bytes(&shown)).transpose()?))
    }

    /// Asks for documents, skip and limit by whoever can decide them.
    async fn shown(
        &self,
        sight: &Sight,
        filter: &[u8],
        options: &Options,
        limit: Option<u64>,
    ) -> Result<Shown, Failure> {
        let mut asked = options.only(&["batchSize"]);
        asked.insert("sort", sight.order(options.document("sort")));
        let skip = options.number("skip").unwrap_or_default();
        if !sight.exact {
            return Shown::find(&self.scoped, sight, filter, &asked, Window { skip, limit }).await;
        }
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        asked.insert("skip", whole(skip));
        asked.insert("limit", whole(limit.unwrap_or_default()));
        Shown::find(&self.scoped, sight, filter, &asked, Window::default()).await
    }

    pub(super) async fn count(&self, judge: &Arc<Judge>, operation: Operation) -> Result<Reply, Failure> {
        self.scoped.check(&operation)?;
        let Some((filter, options)) = parts(&operation) else { return Ok(Reply::Count(0)) };
        let options = Options::read(options)?;
        let mut named = Named::default();
        named.query(value::document(filter)?)?;
        let Some(sight) = Sight::of(judge, named) else { return Ok(Reply::Count(0)) };
        if sight.exact {
            let filter = sight.query(filter)?;
            return self.scoped.execute(with_filter(operation, filter)).await;
        }
        let mut shown = self.shown(&sight, filter, &options, options.number("limit")).await?;
        let mut number = 0;
        loop {
            match shown.next().await?.len() {
                0 => return Ok(Reply::Count(number)),
                more => number += u64::try_from(more).unwrap_or_default(),
            }
        }
    }

    pub(super) async fn distinct(&self, judge: &Arc<Judge>, operation: Operation) -> Result<Reply, Failure> {
        self.scoped.check(&operation)?;
        let Operation::Distinct { field, filter, options } = &operation else { return Ok(Reply::Document(None)) };
        let options = Options::read(options)?;
        let mut named = Named::default();
        named.key(field);
        named.query(value::document(filter)?)?;
        let Some(sight) = Sight::of(judge, named) else { return listed(Vec::new()) };
        if !sight.exact {
            let mut shown = self.shown(&sight, filter, &options, None).await?;
            let mut values = Vec::new();
            let steps: Vec<&str> = field.split('.').collect();
            loop {
                let documents = shown.next().await?;
                if documents.is_empty() {
                    return listed(in_order(values)?);
                }
                for (_, document) in documents {
                    collect(&Bson::Document(document), &steps, &mut values);
                }
            }
        }
        let filter = sight.query(filter)?;
        let reply = self.scoped.execute(with_filter(operation, filter)).await?;
        match reply {
            Reply::Document(Some(values)) if !sight.whole => {
                let values = value::array(&values)?.into_iter().map(Bson::try_from).collect::<Result<_, _>>();
                listed(in_order(values.map_err(unreadable)?)?)
            }
            reply => Ok(reply),
        }
    }
}

fn listed(values: Vec<Bson>) -> Result<Reply, Failure> {
    Ok(Reply::Document(Some(value::array_bytes(values)?)))
}

/// The values at a path, as MongoDB's distinct takes them: through arrays, and elements of an array one by one.
fn collect(value: &Bson, steps: &[&str], values: &mut Vec<Bson>) {
    match (value, steps) {
        (Bson::Array(items), []) => values.extend(items.iter().cloned()),
        (other, []) => values.push(other.clone()),
        (Bson::Document(document), [step, rest @ ..]) => {
            if let Some(inner) = document.get(step) {
                collect(inner, rest, values);
            }
        }
        (Bson::Array(items), [step, rest @ ..]) => {
            for item in items.iter().filter(|item| item.as_document().is_some()) {
                collect(item, steps, values);
            }
            if let Some(item) = step.parse().ok().and_then(|index: usize| items.get(index)) {
                collect(item, rest, values);
            }
        }
        _ => {}
    }
}

/// Each value once, in an order that says nothing of the documents: that of their bytes.
fn in_order(values: Vec<Bson>) -> Result<Vec<Bson>, Failure> {
    let mut keyed = values
        .into_iter()
        .map(|value| Ok((value::bytes(&doc! {"": alike(&value)})?, value)))
        .collect::<Result<Vec<_>, Failure>>()?;
    keyed.sort_by(|(one, _), (other, _)| one.cmp(other));
    keyed.dedup_by(|(one, _), (other, _)| one == other);
    Ok(keyed.into_iter().map(|(_, value)| value).collect())
}

/// A value in the form that all equal numbers share.
fn alike(value: &Bson) -> Bson {
    match value {
        Bson::Int32(number) => Bson::Int64((*number).into()),
        #[allow(clippy::cast_possible_truncation, reason = "whole and below 2^53: checked")]
        Bson::Double(number) if number.fract() == 0.0 && number.abs() < 9e15 => Bson::Int64(*number as i64),
        Bson::Document(document) => {
            Bson::Document(document.iter().map(|(name, value)| (name.clone(), alike(value))).collect::<Document>())
        }
        Bson::Array(items) => Bson::Array(items.iter().map(alike).collect()),
        other => other.clone(),
    }
}
