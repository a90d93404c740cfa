//! Which documents take part, as a query.

use bson::Document;

use super::{BoundRole, Visible};
use crate::expression::clause::{Found, Part};

/// The documents that some role shows, with every named field.
///
/// A role has a document where it applies and none before it does. Where a role before it shows every document that
/// it applies to, that need not be asked: the document takes part either way.
pub(super) fn visible(roles: &[BoundRole], named: &[&str]) -> Visible {
    let mut parts = Vec::new();
    let mut before: Vec<Part> = Vec::new();
    for role in roles {
        let shows = Part::all(
            [role.shows().query(true)].into_iter().chain(named.iter().map(|path| role.reads(path).query(true))),
        );
        if shows != Part::known(true) {
            let applies = [role.applies.query(true), shows];
            parts.push(Part::all(applies.into_iter().chain(before.iter().cloned())));
            before.push(role.applies.query(false));
        } else {
            parts.push(Part::all([role.applies.query(true)].into_iter().chain(before.iter().cloned())));
        }
    }
    as_query(Part::any(parts))
}

pub(super) fn as_query(part: Part) -> Visible {
    match part {
        Part { found: Found::Nothing, .. } => Visible::Nothing,
        Part { found: Found::Everything, exact } => Visible::Matching { query: Document::new(), exact },
        Part { found: Found::Matching(query), exact } => Visible::Matching { query, exact },
    }
}
