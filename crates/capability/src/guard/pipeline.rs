//! Aggregation pipelines.

use bson::raw::{RawArray, RawBsonRef, RawDocument};
use usher_contract::{limits, value};

use super::data::{self, Use};
use super::filter::Filter;
use super::options::check_sort;
use super::refusal::{At, Check, Refusal};
use super::rows::{Rows, write_query};
use super::writer::Writer;
use super::{expression, names};
use crate::scope::Scope;

/// A checked pipeline.
pub(super) struct Pipeline<'a> {
    bytes: &'a [u8],
    stages: Vec<RawBsonRef<'a>>,
    walk: Walk<'a>,
}

/// What was met on the way.
pub(super) struct Walk<'a> {
    pub(super) scope: &'a Scope,
    /// Stages, nested ones too.
    stages: usize,
    /// Whether a `$match` holds a `$expr`.
    evaluates: bool,
    /// Whether the last stage writes into a collection.
    pub(super) writes: bool,
}

/// Where a stage stands.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Place {
    /// It is the last one of the whole pipeline.
    Last,
    /// Before it, or in a pipeline inside another stage.
    Inside,
}

/// More documents than any collection scanned within a call, so the stage lets everything through.
const EVERYTHING: i64 = 1 << 40;

impl<'a> Pipeline<'a> {
    /// Checks a pipeline that came from the guest.
    pub(super) fn read(bytes: &'a [u8], scope: &'a Scope) -> Check<Self> {
        let stages = value::array(bytes)?;
        let mut walk = Walk { scope, stages: 0, evaluates: false, writes: false };
        for (index, stage) in stages.iter().enumerate() {
            let place = if index + 1 == stages.len() { Place::Last } else { Place::Inside };
            walk.stage(*stage, place).at(index)?;
        }
        Ok(Self { bytes, stages, walk })
    }

    /// Whether it writes its documents into a collection and gives none.
    pub(super) fn writes(&self) -> bool {
        self.walk.writes
    }

    /// Writes the pipeline, with the row filter in front.
    pub(super) fn write(&self, writer: &mut Writer, key: &str, rows: Option<&Rows<'_>>) -> Check {
        let Some(rows) = rows else {
            writer.array_bytes(key, self.bytes);
            return Ok(());
        };
        let pipeline = writer.open_array(key);
        let first = writer.open_document("0");
        let (leading, rest) = self.leading_match()?;
        match leading {
            Some(filter) => write_query(writer, "$match", Some(rows), filter)?,
            None => {
                let own = writer.open_document("$match");
                rows.condition(writer)?;
                writer.close(own);
            }
        }
        writer.close(first);
        let mut index = 1;
        if self.walk.evaluates {
            // MongoDB merges a later $match into the first one and may evaluate its expressions before the row filter,
            // telling values of other people's documents in its errors (see `rows::fence`). It never moves a $match
            // across a $limit.
            let fence = writer.open_document("1");
            writer.long("$limit", EVERYTHING);
            writer.close(fence);
            index += 1;
        }
        for stage in rest {
            if let RawBsonRef::Document(stage) = stage {
                writer.document(&index.to_string(), stage);
                index += 1;
            }
        }
        writer.close(pipeline);
        Ok(())
    }

    /// A `$match` in front joins the row filter in one stage, which `$text` needs: it may stand only there.
    fn leading_match(&self) -> Check<(Option<Filter<'a>>, &[RawBsonRef<'a>])> {
        if let (Some((first, rest)), false) = (self.stages.split_first(), self.walk.evaluates)
            && let ("$match", RawBsonRef::Document(document)) = stage_of(*first)?
        {
            let filter = Filter { document, evaluates: false };
            return Ok((Some(filter), rest));
        }
        Ok((None, &self.stages))
    }
}

/// Checks fields, or variables, with an expression each.
pub(super) fn computed(fields: &RawDocument) -> Check {
    for field in fields {
        let (key, value) = field?;
        if key.as_str().starts_with('$') {
            return Err(Refusal::not_allowed(format!("`{key}` is not allowed as the name of a field")));
        }
        expression::value(value).at(key.as_str())?;
    }
    Ok(())
}

/// The name and the arguments of a stage.
pub(super) fn stage_of(stage: RawBsonRef<'_>) -> Check<(&str, RawBsonRef<'_>)> {
    let one = || Refusal::invalid("each stage is a document with one field, the stage's name");
    let RawBsonRef::Document(document) = stage else {
        return Err(one());
    };
    let mut elements = document.iter();
    let (name, arguments) = elements.next().ok_or_else(one)??;
    match elements.next() {
        None => Ok((name.as_str(), arguments)),
        Some(_) => Err(one()),
    }
}

impl Walk<'_> {
    fn stage(&mut self, stage: RawBsonRef<'_>, place: Place) -> Check {
        self.stages += 1;
        if self.stages > limits::PIPELINE_STAGES {
            return Err(Refusal::not_allowed(format!("a pipeline has at most {} stages", limits::PIPELINE_STAGES)));
        }
        let (name, arguments) = stage_of(stage)?;
        self.arguments(name, arguments, place).at(name)
    }

    fn arguments(&mut self, name: &str, arguments: RawBsonRef<'_>, place: Place) -> Check {
        match (name, arguments) {
            ("$lookup" | "$graphLookup" | "$unionWith", _) if self.scope.joins() => self.join(name, arguments),
            ("$merge" | "$out", _) if self.scope.joins() && place == Place::Last => self.output(name, arguments),
            ("$match", RawBsonRef::Document(query)) => {
                self.evaluates |= Filter::check(query)?.evaluates;
                Ok(())
            }
            ("$sort", RawBsonRef::Document(keys)) => check_sort(keys),
            ("$facet", RawBsonRef::Document(facets)) => self.facets(facets),
            ("$geoNear", RawBsonRef::Document(near)) => self.geo_near(near),
            ("$match" | "$sort" | "$facet" | "$geoNear", _) => {
                Err(Refusal::invalid(format!("`{name}` takes a document")))
            }
            ("$addFields" | "$set" | "$project" | "$group", RawBsonRef::Document(fields)) => computed(fields),
            (
                "$addFields" | "$bucket" | "$bucketAuto" | "$count" | "$fill" | "$group" | "$limit" | "$project"
                | "$redact" | "$replaceRoot" | "$replaceWith" | "$sample" | "$set" | "$setWindowFields" | "$skip"
                | "$sortByCount" | "$unset" | "$unwind",
                _,
            ) => expression::value(arguments),
            _ => Err(Refusal::not_allowed(format!(
                "Unrecognized pipeline stage name: '{name}'. The stage is not allowed: {}",
                names::advice(name)
            ))),
        }
    }

    fn facets(&mut self, facets: &RawDocument) -> Check {
        for facet in facets {
            let (key, stages) = facet?;
            let RawBsonRef::Array(stages) = stages else {
                return Err(Refusal::invalid("each facet is an array of stages")).at(key.as_str());
            };
            self.nested(stages).at(key.as_str())?;
        }
        Ok(())
    }

    /// A pipeline inside a stage: it only reads.
    pub(super) fn nested(&mut self, stages: &RawArray) -> Check {
        stages.into_iter().enumerate().try_for_each(|(index, stage)| self.stage(stage?, Place::Inside).at(index))
    }

    /// `$geoNear` has to be the first stage, and under a row filter the row filter is.
    fn geo_near(&mut self, near: &RawDocument) -> Check {
        if self.scope.rows.is_some() {
            return Err(Refusal::not_allowed(format!(
                "the stage `$geoNear` is not allowed on a part of a collection: {}",
                names::advice("$geoNear")
            )));
        }
        for argument in near {
            let (key, value) = argument?;
            match (key.as_str(), value) {
                ("query", RawBsonRef::Document(query)) => Filter::check(query).map(|_| ()),
                (
                    "near" | "distanceField" | "distanceMultiplier" | "includeLocs" | "key" | "maxDistance"
                    | "minDistance" | "spherical",
                    _,
                ) => data::value(value, Use::Compared),
                (other, _) => Err(Refusal::not_allowed(format!("unknown argument: {other}"))),
            }
            .at(key.as_str())?;
        }
        Ok(())
    }
}
