//! Change streams that go on: after an error they are opened again at the place where they stopped.

use std::time::Duration;

use bson::{Bson, Document, doc};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use mongodb::change_stream::ChangeStream;
use mongodb::change_stream::event::ResumeToken;
use mongodb::error::{Error, ErrorKind};
use mongodb::options::{ChangeStreamOptions, FullDocumentBeforeChangeType, FullDocumentType};
use serde::{Deserialize, Serialize};
use usher_contract::limits;

use crate::connect::Database;
use crate::error::DatabaseError;

/// The pause before a stream that failed is opened again; it doubles up to [`limits::STREAM_RETRY_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// Where a projection cannot reach: what this module has to know of every event.
const KEPT: &str = "usher";

/// What an event loses that is larger than a document may be: all that has no bounds of its own.
pub const LARGE_PARTS: [&str; 3] = ["fullDocument", "fullDocumentBeforeChange", "updateDescription"];

/// What is followed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Watched {
    /// One collection, which need not exist yet.
    Collection {
        /// Its database.
        database: String,
        /// Its name.
        collection: String,
    },
    /// Every collection of a database.
    Database(String),
    /// Every collection of every database but MongoDB's own. A filter keeps out what is nobody's business.
    Deployment,
}

/// A place in the history of changes: the last one that was seen, or a moment between two. MongoDB calls it a resume
/// token, and forgets the oldest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Place(ResumeToken);

/// Where to begin.
#[derive(Debug, Clone, PartialEq)]
pub enum Since {
    /// With what happens from now on.
    Now,
    /// With what happened after this.
    After(Place),
}

/// What to follow, and how.
#[derive(Debug, Clone)]
pub struct Following {
    /// What is followed.
    pub watched: Watched,
    /// Where to begin.
    pub since: Since,
    /// A query that events must match.
    pub filter: Option<Document>,
    /// A projection of the events that match.
    pub project: Option<Document>,
    /// Whether an update carries the whole document, as it is when the event is read.
    pub full_document: bool,
    /// Whether events carry the document as it was before, where the collection keeps it.
    pub before_change: bool,
    /// Whether there are events of collections that are made and changed, and of their indexes.
    pub expanded: bool,
}

impl Following {
    /// Everything that happens to something from a place on.
    pub fn new(watched: Watched, since: Since) -> Self {
        Self {
            watched,
            since,
            filter: None,
            project: None,
            full_document: false,
            before_change: false,
            expanded: false,
        }
    }
}

/// Something that happened.
#[derive(Debug, Clone)]
pub struct Change {
    /// `insert`, `update`, `delete` and so on: the event's `operationType`, whatever the projection leaves of it.
    pub kind: String,
    /// The event's `documentKey`, likewise; none where it is about no single document.
    pub key: Option<Document>,
    /// The event as MongoDB words it, projected.
    pub event: Document,
    /// Whether the event is larger than a document may be, and therefore lacks [`LARGE_PARTS`].
    pub cut: bool,
    /// The place of this event.
    pub place: Place,
}

/// One step along the stream.
#[derive(Debug)]
pub enum Step {
    /// Something happened.
    Change(Box<Change>),
    /// Nothing that matches did for a while, [`limits::STREAM_AWAIT`] as a rule; the place may have moved on.
    Quiet(Place),
}

/// Why a stream does not go on.
#[derive(Debug, thiserror::Error)]
pub enum ChangesError {
    /// What came after the place is forgotten, or the place is no place of this history.
    #[error("the database no longer knows what came after the place to go on from: {0}")]
    Lost(String),
    /// The database refuses, and asking again would not help: the filter is no query, for instance.
    #[error(transparent)]
    Refused(#[from] DatabaseError),
}

impl Database {
    /// Follows changes. Nothing is asked of the database before the first step.
    pub fn changes(&self, following: Following) -> Changes {
        Changes { at: At::Rest(Box::new(Reader::new(self.clone(), following))) }
    }

    /// The present as a place: whatever happens from now on comes after it.
    ///
    /// # Errors
    /// The driver's.
    pub async fn present(&self, watched: &Watched) -> Result<Place, DatabaseError> {
        let mut reader = Reader::new(self.clone(), Following::new(watched.clone(), Since::Now));
        reader.open().await?;
        match reader.following.since {
            Since::After(place) => Ok(place),
            Since::Now => Err(Error::custom("the database gave no resume token with an empty change stream").into()),
        }
    }
}

/// A stream of changes. Dropped, it ends.
pub struct Changes {
    at: At,
}

/// A step that was begun is kept, so that no change is lost when the one who waits for it turns away.
enum At {
    Rest(Box<Reader>),
    Step(BoxFuture<'static, (Box<Reader>, Result<Step, ChangesError>)>),
    /// Only while a step is taken.
    Nowhere,
}

impl Changes {
    /// The next step. Network errors and elections are waited out. To drop the future is harmless.
    ///
    /// # Errors
    /// See [`ChangesError`]. The step after an error tries again.
    pub async fn next(&mut self) -> Result<Step, ChangesError> {
        self.at = match std::mem::replace(&mut self.at, At::Nowhere) {
            At::Rest(reader) => At::Step(Reader::step(reader).boxed()),
            other => other,
        };
        let At::Step(step) = &mut self.at else {
            return Err(DatabaseError::from(Error::custom("the change stream has ended")).into());
        };
        let (reader, outcome) = step.await;
        self.at = At::Rest(reader);
        outcome
    }

    /// The next step, if it is there already.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub fn next_now(&mut self) -> Option<Result<Step, ChangesError>> {
        self.next().now_or_never()
    }
}

struct Reader {
    database: Database,
    following: Following,
    stream: Option<ChangeStream<Document>>,
    /// Whether the stream has been opened and not yet answered.
    untried: bool,
    steps: Steps,
    pause: Duration,
}

/// How events are asked for. MongoDB gives none that is larger than a document may be: the stream fails there, whoever
/// opens it again.
#[derive(Clone, Copy, PartialEq)]
enum Steps {
    /// As many at once as there are.
    Many,
    /// One at a time: the stream has failed at one that is too large, and comes to stand right before it.
    Single,
    /// Just the next, without its large parts.
    Cut,
}

impl Reader {
    fn new(database: Database, following: Following) -> Self {
        Self { database, following, stream: None, untried: true, steps: Steps::Many, pause: FIRST_PAUSE }
    }

    async fn step(mut reader: Box<Self>) -> (Box<Self>, Result<Step, ChangesError>) {
        loop {
            match reader.attempt().await {
                Ok(Some(step)) => return (reader, Ok(step)),
                Ok(None) => {}
                Err(error) => {
                    reader.stream = None;
                    if is_too_large(&error) && reader.steps != Steps::Cut {
                        // Only what fails at its first event stands right before the one that is too large.
                        let first = reader.steps == Steps::Single && reader.untried;
                        reader.steps = if first { Steps::Cut } else { Steps::Single };
                        continue;
                    }
                    // A place that a running stream could not go on from is tried once more by itself.
                    if is_lost(&error) && reader.untried {
                        return (reader, Err(ChangesError::Lost(error.to_string())));
                    }
                    if is_refusal(&error) && reader.untried {
                        return (reader, Err(ChangesError::Refused(error.into())));
                    }
                    tracing::debug!(%error, watched = ?reader.following.watched, "change stream failed, opening it again");
                    reader.untried = true;
                    reader.rest().await;
                }
            }
        }
    }

    async fn attempt(&mut self) -> Result<Option<Step>, Error> {
        if self.stream.is_none() {
            self.open().await?;
        }
        let Some(stream) = &mut self.stream else { return Ok(None) };
        let event = stream.next_if_any().await?;
        (self.untried, self.pause) = (false, FIRST_PAUSE);
        let token = stream.resume_token();
        let alive = stream.is_alive();
        if let Some(token) = token {
            self.following.since = Since::After(Place(token));
        }
        let Since::After(place) = &self.following.since else { return Ok(None) };
        let Some(event) = event else {
            let step = Step::Quiet(place.clone());
            if self.steps == Steps::Single {
                // What was too large is gone.
                (self.stream, self.steps) = (None, Steps::Many);
            }
            if !alive {
                self.stream = None;
                self.rest().await;
            }
            return Ok(Some(step));
        };
        let change = self.change(event, place.clone());
        if self.steps == Steps::Cut {
            (self.stream, self.steps) = (None, Steps::Many);
        }
        // What was followed is gone; its successor of the same name is followed on.
        if change.kind == "invalidate" {
            self.stream = None;
            return Ok(None);
        }
        Ok(Some(Step::Change(Box::new(change))))
    }

    async fn open(&mut self) -> Result<(), Error> {
        self.untried = true;
        let following = &self.following;
        let mut options = ChangeStreamOptions::default();
        options.full_document = following.full_document.then_some(FullDocumentType::UpdateLookup);
        options.full_document_before_change =
            following.before_change.then_some(FullDocumentBeforeChangeType::WhenAvailable);
        options.max_await_time = Some(limits::STREAM_AWAIT);
        options.show_expanded_events = following.expanded.then_some(true);
        options.batch_size = (self.steps != Steps::Many).then_some(1);
        if let Since::After(Place(token)) = &following.since {
            // Unlike `resumeAfter`, it goes on after the end of a collection.
            options.start_after = Some(token.clone());
        }
        let client = self.database.streams().map_err(Error::custom)?;
        let mut pipeline = pipeline(following);
        if self.steps == Steps::Cut {
            pipeline.push(doc! {"$unset": LARGE_PARTS.to_vec()});
        }
        let stream = match &following.watched {
            Watched::Collection { database, collection } => {
                let collection = client.database(database).collection::<Document>(collection);
                collection.watch().pipeline(pipeline).with_options(options).await?
            }
            Watched::Database(database) => {
                client.database(database).watch().pipeline(pipeline).with_options(options).await?
            }
            Watched::Deployment => client.watch().pipeline(pipeline).with_options(options).await?,
        };
        if let (Since::Now, Some(token)) = (&following.since, stream.resume_token()) {
            self.following.since = Since::After(Place(token));
        }
        self.stream = Some(stream.with_type());
        Ok(())
    }

    fn change(&self, mut event: Document, place: Place) -> Change {
        let kept = event.remove(KEPT).and_then(|kept| match kept {
            Bson::Document(kept) => Some(kept),
            _ => None,
        });
        let known = kept.as_ref().unwrap_or(&event);
        let kind = known.get_str("operationType").unwrap_or_default().to_owned();
        let key = known.get_document("documentKey").ok().cloned();
        if self.following.project.as_ref().is_some_and(|project| project.get("_id").is_some_and(is_off)) {
            event.remove("_id");
        }
        Change { kind, key, event, cut: self.steps == Steps::Cut, place }
    }

    async fn rest(&mut self) {
        tokio::time::sleep(self.pause).await;
        self.pause = self.pause.saturating_mul(2).min(limits::STREAM_RETRY_PAUSE);
    }
}

fn pipeline(following: &Following) -> Vec<Document> {
    let mut stages = Vec::new();
    if let Some(filter) = &following.filter {
        let mut passes = vec![doc! {"operationType": "invalidate"}];
        if let Since::After(Place(token)) = &following.since
            && let Ok(token) = bson::serialize_to_bson(token)
        {
            // MongoDB itself looks for it before the filter; some servers that speak its protocol look behind.
            passes.push(doc! {"_id": token});
        }
        passes.push(filter.clone());
        stages.push(doc! {"$match": {"$or": passes}});
    }
    if let Some(project) = &following.project {
        let mut project = project.clone();
        let id = project.remove("_id");
        if project.values().any(|value| !is_off(value)) || id.is_some_and(|id| !is_off(&id)) {
            project.insert("_id", 1);
            project.insert(KEPT, 1);
        }
        stages.push(doc! {"$set": {KEPT: {"operationType": "$operationType", "documentKey": "$documentKey"}}});
        if !project.is_empty() {
            stages.push(doc! {"$project": project});
        }
    }
    stages
}

/// Whether a projection takes a field away by this value.
fn is_off(value: &Bson) -> bool {
    match value {
        Bson::Boolean(on) => !on,
        Bson::Int32(number) => *number == 0,
        Bson::Int64(number) => *number == 0,
        Bson::Double(number) => *number == 0.0,
        _ => false,
    }
}

/// CappedPositionLost, InvalidResumeToken, ChangeStreamFatalError, ChangeStreamHistoryLost, a token that is none.
fn is_lost(error: &Error) -> bool {
    matches!(error.kind.as_ref(), ErrorKind::Command(command) if [136, 260, 280, 286, 40_647].contains(&command.code))
}

/// BSONObjectTooLarge.
fn is_too_large(error: &Error) -> bool {
    matches!(error.kind.as_ref(), ErrorKind::Command(command) if command.code == 10_334)
}

impl DatabaseError {
    /// Whether the server refuses for good; errors of the network and of elections pass.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Driver(error) if is_refusal(error))
    }
}

/// Whether the server refuses for good. Errors of the network and of elections pass.
fn is_refusal(error: &Error) -> bool {
    const PASSING: [i32; 17] =
        [6, 7, 43, 63, 89, 91, 133, 150, 189, 234, 262, 9001, 10_107, 11_600, 11_602, 13_388, 13_435];
    match error.kind.as_ref() {
        ErrorKind::Command(command) => command.code != 13_436 && !PASSING.contains(&command.code),
        ErrorKind::InvalidArgument { .. } => true,
        _ => false,
    }
}
