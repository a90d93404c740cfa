//! One change, as it is kept for all who watch.

use std::sync::OnceLock;
use std::time::Instant;

use bson::{Bson, Document};
use bytes::Bytes;
use usher_contract::value;

/// The members of an event that clients get (reference 6), in order.
const MEMBERS: [&str; 6] = ["_id", "operationType", "fullDocument", "ns", "documentKey", "updateDescription"];

/// One change.
pub(crate) struct Happened {
    /// As clients see it who see everything.
    event: Document,
    /// The document before the change, where the collection keeps it: to decide about what is gone.
    before: Option<Document>,
    /// About how much memory it holds.
    pub(crate) bytes: usize,
    /// When it was read.
    pub(crate) at: Instant,
    /// The text for clients who see everything, made once.
    whole: OnceLock<Bytes>,
}

/// The document that a change is about.
pub(crate) enum Subject<'a> {
    /// As it is now, or was a moment ago.
    Present(&'a Document),
    /// As it was before it was deleted.
    Past(&'a Document),
    /// Gone, and not kept; only its key is known.
    Unknown(&'a Document),
    /// The change is about no document.
    None,
}

impl Happened {
    pub(crate) fn read(mut event: Document) -> Self {
        let before = match event.remove("fullDocumentBeforeChange") {
            Some(Bson::Document(before)) => Some(before),
            _ => None,
        };
        let members = MEMBERS.into_iter().filter_map(|name| Some((name.to_owned(), event.remove(name)?)));
        let event: Document = members.collect();
        let size = |document: &Document| value::bytes(document).map_or(0, |bytes| bytes.len());
        // As values and as text it takes some times what it takes as BSON.
        let bytes = 4 * (size(&event) + before.as_ref().map_or(0, size));
        Self { event, before, bytes, at: Instant::now(), whole: OnceLock::new() }
    }

    /// The event as those see it who see everything.
    pub(crate) fn event(&self) -> &Document {
        &self.event
    }

    pub(crate) fn subject(&self) -> Subject<'_> {
        let known = match self.event.get_str("operationType") {
            // An update's is looked up when the event is read, and may be gone by then.
            Ok("insert" | "update" | "replace") => self.event.get_document("fullDocument").ok().map(Subject::Present),
            Ok("delete") => self.before.as_ref().map(Subject::Past),
            _ => return Subject::None,
        };
        known.unwrap_or_else(|| self.event.get_document("documentKey").map_or(Subject::None, Subject::Unknown))
    }

    /// What an update says of itself; none of any other change.
    pub(crate) fn description(&self) -> Option<&Document> {
        self.event.get_document("updateDescription").ok()
    }

    /// The text of the whole event.
    pub(crate) fn whole(&self) -> Bytes {
        self.whole.get_or_init(|| text(self.event.clone())).clone()
    }
}

/// An event of a stream (reference 3.7): the three characters are escaped in the text of the JSON, where a line break
/// stands only between tokens.
pub(crate) fn text(event: Document) -> Bytes {
    let json = value::to_extended_json(Bson::Document(event)).to_string();
    let json = json.replace('%', "%25").replace('\n', "%0A").replace('\r', "%0D");
    Bytes::from(format!("data: {json}\n\n"))
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    #[test]
    fn an_event_has_the_members_that_clients_know() {
        let event = doc! {
            "_id": {"_data": "82"}, "operationType": "update", "clusterTime": 1, "wallTime": 2, "ns": {"db": "d", "coll": "c"},
            "documentKey": {"_id": 1}, "updateDescription": {"updatedFields": {"a": 1}, "removedFields": []},
            "fullDocument": {"_id": 1, "a": 1}, "fullDocumentBeforeChange": {"_id": 1, "secret": true},
        };
        let happened = Happened::read(event);
        assert_eq!(happened.event().keys().collect::<Vec<_>>(), MEMBERS.iter().collect::<Vec<_>>());
        assert!(!String::from_utf8(happened.whole().to_vec()).unwrap().contains("secret"));
        assert_eq!(happened.before, Some(doc! {"_id": 1, "secret": true}));
    }

    #[test]
    fn the_text_is_one_line_with_three_characters_escaped() {
        let text = String::from_utf8(text(doc! {"a": "50 %\nline\r"}).to_vec()).unwrap();
        assert_eq!(text, "data: {\"a\":\"50 %25\\nline\\r\"}\n\n");
    }
}
