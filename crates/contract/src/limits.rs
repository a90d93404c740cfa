//! Every limit, with its reason.
//!
//! A constant here is a default. What an invocation may spend is a [`Budget`], which an app overrides per function
//! (`"budget"` in `functions/config.json`) up to the ceilings below; what a host may hold is set by flags of
//! `usher serve`. README's reference table lists them all.

use std::time::Duration;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// The most that one `find` or `aggregate` of a client answers, as BSON. All of it is held at once, as text of some three
/// times the size.
pub const SERVICE_RESULT_BYTES: usize = 32 * MIB;
/// The text of one answer to a client: what [`SERVICE_RESULT_BYTES`] of numbers make. Only control characters make more.
pub const ANSWER_BYTES: usize = 4 * SERVICE_RESULT_BYTES;
/// What the texts of all answers of one host may take together until they have been sent: eight of the largest. A result
/// of `find` or `aggregate` that finds no room is refused; what has been done already is told all the same.
pub const ANSWERS_BYTES: usize = 8 * ANSWER_BYTES;
/// Answers up to this are not counted among them: a page of documents is smaller, and [`CONNECTIONS`] of this fit a host.
pub const ANSWER_FREE_BYTES: usize = 256 * KIB;
/// Answers that may wait for room among them, for [`QUEUE_DEADLINE`] at most. Each holds a batch of the database, of up to
/// 16 MiB.
pub const ANSWERS_WAITING: usize = 32;
/// Wall-clock time of one call. Realm clients give up after 60 s, so a longer default would only hold sandboxes
/// for answers that nobody reads.
pub const WALL_CLOCK: Duration = Duration::from_secs(60);
/// The most an app may ask for: the App Services limit (reference 5.6).
pub const WALL_CLOCK_CEILING: Duration = Duration::from_secs(300);
/// Wall-clock time of a user-creation function. It runs inside a transaction, which MongoDB ends after 60 s; what
/// is left over is for retries and the commit.
pub const CREATION_WALL_CLOCK: Duration = Duration::from_secs(20);
/// How long the top level of an app's scripts may run at deploy, all of them together. App Services evaluated it in
/// each call, so it is short in every app that was usable there.
pub const PRELOAD_WALL_CLOCK: Duration = Duration::from_secs(20);
/// How often a running guest is interrupted to look at its deadline and to let others run. Short enough that an
/// endless loop delays its neighbours by no more than a client notices.
pub const EPOCH_TICK: Duration = Duration::from_millis(2);

/// Linear memory of one call. Room for several of the largest documents with their decoded forms.
pub const MEMORY: usize = 64 * MIB;
/// The most an app may ask for; sandboxes reserve address space for it. App Services allowed 350 MB.
pub const MEMORY_CEILING: usize = 512 * MIB;
/// Table elements of one call. Compiled programs need one for each function whose address is taken; the largest
/// language runtimes have some 20,000.
pub const TABLE_ELEMENTS: usize = 50_000;
/// The most an app may ask for. The same as the default, since every slot of the sandbox pool has room for it.
pub const TABLE_ELEMENTS_CEILING: usize = TABLE_ELEMENTS;
/// Stack of one call. A script can recurse a good thousand levels deep, and each level takes the engine some 750 bytes.
pub const STACK: usize = MIB;

/// Calls from function to host. App Services allowed 1,000 asynchronous operations (reference 5.6); reading a
/// fact counts as well here, so there is more room.
pub const HOST_CALLS: u64 = 5_000;
/// The most an app may ask for: ten times the default, for a function that runs over a whole collection.
pub const HOST_CALLS_CEILING: u64 = 50_000;
/// Database operations among the host calls: the 1,000 asynchronous operations of reference 5.6.
pub const DATABASE_CALLS: u64 = 1_000;
/// The most an app may ask for, in the same proportion.
pub const DATABASE_CALLS_CEILING: u64 = 10_000;
/// Bytes that cross between function and host, both directions together. Four of the largest documents.
pub const HOST_BYTES: usize = 64 * MIB;
/// The most an app may ask for. All of it passes through the host's memory once.
pub const HOST_BYTES_CEILING: usize = 256 * MIB;
/// Collections and cursors open at once. Each holds host memory, a cursor also a database cursor.
pub const HANDLES: usize = 256;
/// The most an app may ask for: four times the default, since each handle holds memory of the host until the call ends.
pub const HANDLES_CEILING: usize = 1_024;
/// Handles of system interfaces (streams, timers) beside them. A program needs a few at a time.
pub const SYSTEM_HANDLES: usize = 256;
/// Tasks of one invocation that run at once; more that were started wait their turn. The connections to the database
/// are shared by all calls.
pub const TASKS: usize = 16;
/// Random bytes of one request. They are made in one go, which nothing can interrupt.
pub const RANDOM_BYTES: u64 = 64 * 1024;
/// Bytes of log of one call. Enough for a long story, too little to fill a disk.
pub const LOG_BYTES: usize = 256 * KIB;
/// The most an app may ask for: a log entry has to fit a document with room to spare.
pub const LOG_BYTES_CEILING: usize = 4 * MIB;
/// One log line; longer ones are cut with a mark.
pub const LOG_LINE_BYTES: usize = 8 * KIB;
/// How deep functions may call functions. Each level holds a sandbox.
pub const CALL_DEPTH: usize = 8;

/// One BSON document: MongoDB's own limit.
pub const DOCUMENT_BYTES: usize = 16 * MIB;
/// Nesting of a document: MongoDB's own limit, and it bounds recursion in the host.
pub const DOCUMENT_DEPTH: usize = 100;
/// Memory of one compiled regular expression of a query that is matched on the host, such as a watcher's filter.
pub const QUERY_PATTERN_BYTES: usize = 256 * KIB;
/// Regular expressions of one such query. A user may have [`WATCHERS_PER_USER`] of them, each for as long as it watches.
pub const QUERY_PATTERNS: usize = 8;
/// Documents of one query's result: the App Services limit (reference 3.1).
pub const QUERY_DOCUMENTS: u64 = 50_000;
/// Documents that cross in one batch of a cursor: MongoDB's default first batch.
pub const BATCH_DOCUMENTS: u32 = 101;
/// Documents of one insert-many. MongoDB allows 100,000; a document limit on results should hold for writes too.
pub const INSERT_DOCUMENTS: usize = 50_000;
/// Documents that one update or delete changes where the rules have to be asked about each. Each takes a round trip to
/// the database, and all of them together have to end within a transaction's 60 s.
pub const RULED_CHANGES: u64 = 10_000;
/// What these documents may weigh together, since the host holds them until the transaction ends. Four of the largest.
pub const RULED_CHANGE_BYTES: usize = 64 * MIB;
/// What is remembered of the questions that one operation asked functions of rules. Beyond it everything is forgotten and
/// asked anew: some hundred thousand ids, or a few whole documents.
pub const RULE_ANSWERS_BYTES: usize = 8 * MIB;
/// Different fields that one query of a user, its order included, names where rules govern it, and that one update
/// changes where rules hide fields: the rules are asked about each, for each document where only the host can decide. No
/// form has a tenth of these.
pub const RULED_QUERY_FIELDS: usize = 1_000;
/// Stages of one pipeline: MongoDB's own limit is 1,000; nobody writes fifty by hand.
pub const PIPELINE_STAGES: usize = 50;

/// Calls that run at once on one host; the sandbox pool is sized from this one number. A sandbox costs address
/// space and one MiB of memory that stays resident.
pub const CONCURRENT_CALLS: u32 = 128;
/// How long a call waits for a sandbox. Longer, and the client's patience is better spent on a retry.
pub const QUEUE_DEADLINE: Duration = Duration::from_secs(5);
/// Calls that may wait for a sandbox; beyond that the answer is immediate. The 10,000 concurrent requests of
/// reference 3.1.
pub const QUEUE_LENGTH: usize = 10_000;
/// One component. The largest language runtimes are below 20 MiB.
pub const COMPONENT_BYTES: usize = 64 * MIB;

/// What the compile cache may hold. An app's scripts take some ten MiB for each edit; beyond this the oldest files go.
pub const CACHE_BYTES: u64 = 1024 * 1024 * 1024;
/// Compiled code of single functions that is kept beside it, for components that share most of theirs. All of it is in
/// memory while something is compiled; beyond this only what the last compilation used stays.
pub const CACHED_FUNCTIONS_BYTES: usize = 128 * MIB;

/// One request body: the App Services limit (reference 3.1).
pub const REQUEST_BYTES: usize = 18 * MIB;

/// One configuration file of an app directory. It is read into memory whole; thousands of functions fit.
pub const APP_FILE_BYTES: usize = 4 * MIB;
/// Characters of a function's name, as of the names of values and secrets (reference 7.7). It also bounds how deep
/// `functions/` is searched.
pub const FUNCTION_NAME_CHARS: usize = 64;

/// Keys that custom tokens of an app may be signed with: the App Services limit (reference 7.7).
pub const SIGNING_KEYS: usize = 3;
/// Characters of a key that custom tokens are signed with by HS256, at least (reference 7.7).
pub const SIGNING_KEY_CHARS_LEAST: usize = 32;
/// And at most.
pub const SIGNING_KEY_CHARS: usize = 512;
/// Characters of an e-mail's subject: the App Services limit (reference 3.4).
pub const MAIL_SUBJECT_CHARS: usize = 256;
/// What an answer tells of one document's violations of its schema: enough to repair it by.
pub const SCHEMA_VIOLATIONS: usize = 20;
/// What one pattern of a schema may take when it is compiled: a short one with large repetitions could fill the memory.
pub const SCHEMA_PATTERN_BYTES: usize = MIB;

/// How long a refresh token lives: the App Services default (reference 4).
pub const REFRESH_TOKEN_LIFETIME: Duration = Duration::from_secs(60 * 24 * 60 * 60);
/// The shortest life that an app may give it: the App Services limit (reference 4).
pub const REFRESH_TOKEN_LEAST: Duration = Duration::from_secs(30 * 60);
/// The longest: 5 years (reference 4).
pub const REFRESH_TOKEN_MOST: Duration = Duration::from_secs(5 * 365 * 24 * 60 * 60);
/// How long an anonymous user's refresh token lives. There is no credential to log in with again, so it outlives the
/// device: the value seen in samples (reference 4).
pub const ANONYMOUS_REFRESH_TOKEN_LIFETIME: Duration = Duration::from_secs(1_576_800_000);
/// Changes of one collection that are kept for its watchers. One that is further behind is told that it is too slow.
pub const WATCH_EVENTS: usize = 1_024;
/// Bytes that these may take: room for the largest document, as values and as text.
pub const WATCH_BYTES: usize = 128 * MIB;
/// How long these are kept: a watcher that is further behind has stopped reading.
pub const WATCH_LAG: Duration = Duration::from_secs(30);
/// How long the stream of a watch is silent at most: a comment keeps proxies from closing it.
pub const WATCH_KEEP_ALIVE: Duration = Duration::from_secs(20);
/// How long shutdown waits for the last words to a watcher, who may not be reading.
pub const WATCH_CLOSE: Duration = Duration::from_secs(1);
/// Streams of watchers on one host. Each holds a connection, and other clients need some, too.
pub const WATCHERS: usize = 8_000;
/// Streams of one user on one host: ten devices with ten each. A user who could hold more could take everybody's places.
pub const WATCHERS_PER_USER: usize = 100;
/// Collections that are watched on one host. Each is a change stream, which costs the database a connection and a look at
/// every change; where a default rule holds, clients may name any collection.
pub const WATCHED_COLLECTIONS: usize = 500;
/// How long an entry of the log is kept: what App Services did (reference 5.7); `--log-retention` says otherwise.
pub const LOG_RETENTION: Duration = Duration::from_secs(10 * 24 * 60 * 60);
/// Entries that wait to be written and say something. A minute of failures at a pace that no host keeps for long.
pub const LOG_QUEUE: usize = 16_384;
/// Entries that wait to be written and say only that a call went well: those are the first that are left out.
pub const LOG_QUEUE_PLAIN: usize = 4_096;
/// Bytes that all waiting entries hold. The lines of one invocation may be many.
pub const LOG_QUEUE_BYTES: usize = 64 * MIB;
/// Text of the lines of one entry. Beyond it they are in the log of the host only; MongoDB holds 16 MB in a document.
pub const LOG_ENTRY_BYTES: usize = MIB;
/// Entries that are written at once.
pub const LOG_BATCH: usize = 500;
/// Times that a batch is sent before its entries count as lost: a database that restarts takes some seconds.
pub const LOG_ATTEMPTS: u32 = 8;
/// How long shutdown waits for the last entries.
pub const LOG_FLUSH: Duration = Duration::from_secs(10);
/// Entries of one answer (reference 7.5).
pub const LOG_PAGE: i64 = 100;
/// How long an anonymous user is kept after the last sign of life (reference 4); an app may say otherwise in `usher.json`.
pub const ANONYMOUS_USER_LIFETIME: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// The longest that an app may say. Their refresh tokens live no longer than 50 years.
pub const ANONYMOUS_USER_MOST: Duration = Duration::from_secs(50 * 365 * 24 * 60 * 60);
/// Custom data in an access token beyond which the host warns: the whole token is in a header of each request, and proxies
/// take headers of 8 to 64 KiB. App Services recommended as much (reference 1.2).
pub const CLAIM_BYTES: usize = 16 * KIB;
/// How long an access token lives (reference 4).
pub const ACCESS_TOKEN_LIFETIME: Duration = Duration::from_secs(30 * 60);
/// Failed logins of one identity within the window: a person who mistypes has enough, a guesser does not.
pub const LOGIN_FAILURES_PER_IDENTITY: u32 = 20;
/// Failed logins from one address within the window: an office behind one address has enough. The same number of e-mails is
/// sent for one address, counted apart: each goes to a stranger, for all that is known.
pub const LOGIN_FAILURES_PER_ADDRESS: u32 = 200;
/// Anonymous users and registrations from one address within the window: a school behind one address has enough, and a
/// program that makes users for as long as it is let makes one in a second. The host's own machine is not counted.
pub const NEW_USERS_PER_ADDRESS: u32 = 1_000;
/// The window in which failures and new users are counted.
pub const LOGIN_FAILURE_WINDOW: Duration = Duration::from_secs(15 * 60);

/// Password hashes that may wait for a thread; beyond, an answer at once is kinder than a long queue.
pub const PASSWORD_QUEUE: usize = 1_000;
/// How long the link of a confirmation or a password reset works: the App Services limit (reference 3.4).
pub const ONE_TIME_TOKEN_LIFETIME: Duration = Duration::from_secs(30 * 60);
/// E-mails, and calls of confirmation and reset functions, for one e-mail address within the window of failed logins.
/// Somebody who waits for a mail asks for it a few times; more only fills a stranger's mailbox.
pub const MAILS_PER_IDENTITY: u32 = 10;
/// How long the mail server may take to accept one e-mail. The client waits for it, for 60 s as a rule.
pub const MAIL_DEADLINE: Duration = Duration::from_secs(20);
/// API keys of one user: the App Services limit (reference 3.6).
pub const USER_API_KEYS: u64 = 20;
/// API keys of an app: the App Services limit (reference 3.6).
pub const SERVER_API_KEYS: u64 = 100;
/// Characters of an API key's name, as of other names (reference 7.7).
pub const API_KEY_NAME_CHARS: usize = 64;
/// How long an access token may still be good on another host after its user was disabled or deleted. Each host asks the
/// database for news that often, which is one small query.
pub const REVOCATION_DELAY: Duration = Duration::from_secs(1);
/// How often a host deletes anonymous users that nobody has used for long.
pub const REAPING_PAUSE: Duration = Duration::from_secs(60 * 60);
/// How exactly the last sign of life of an anonymous user is kept. A write at each refresh of an access token would cost
/// more than it tells.
pub const SEEN_PRECISION: Duration = Duration::from_secs(60 * 60);
/// Users on one page of a list (reference 7.6).
pub const USER_PAGE: u32 = 50;

/// An e-mail address, in bytes: the longest that the mail protocol delivers to.
pub const EMAIL_BYTES: usize = 254;

/// Characters of a token that somebody else issued: the App Services limit (reference 7.7).
pub const EXTERNAL_TOKEN_CHARS: usize = 1_000_000;
/// The body of a login with such a token: the token, and what a client says of its device.
pub const EXTERNAL_TOKEN_BODY_BYTES: usize = EXTERNAL_TOKEN_CHARS + CREDENTIAL_BYTES;
/// Bytes of the id by which another authority knows a user. Longer ones do not fit the index keys of every database.
pub const EXTERNAL_ID_BYTES: usize = 1_000;
/// Characters of one metadata field of a token or profile: the App Services limit (reference 7.7).
pub const METADATA_CHARS: usize = 4_096;
/// How far the clock of an issuer may be ahead of ours. Hosts that keep time are within seconds.
pub const CLOCK_LEEWAY: Duration = Duration::from_secs(60);
/// How long an authentication provider may take to answer. A person waits for it.
pub const PROVIDER_DEADLINE: Duration = Duration::from_secs(10);
/// The answer of an authentication provider. Key sets and profiles are a few KiB.
pub const PROVIDER_ANSWER_BYTES: usize = 256 * KIB;
/// How old published keys may be before they are fetched again: a key that is withdrawn is trusted no longer than this.
pub const KEY_SET_AGE: Duration = Duration::from_secs(10 * 60);
/// How long published keys are trusted while they cannot be fetched again: an outage of the publisher is no outage of
/// logins.
pub const KEY_SET_GRACE: Duration = Duration::from_secs(24 * 60 * 60);
/// How often published keys are fetched at most: tokens that name unknown keys cost nothing to make.
pub const KEY_SET_PAUSE: Duration = Duration::from_secs(5);
/// How long a browser may take between leaving for a provider and coming back: time to type a password and a code.
pub const AUTHORIZATION_LIFETIME: Duration = Duration::from_secs(10 * 60);

/// A request body that is no function call: a credential, whose parts are short. Parsed JSON takes many times its
/// size, and these requests need no account.
pub const CREDENTIAL_BYTES: usize = 64 * KIB;
/// A function call's body from which on it counts as large: parsed, it may take fifty times as much memory.
pub const LARGE_CALL_BYTES: usize = MIB;
/// Large calls that are parsed at once; the others wait their turn.
pub const LARGE_CALLS: usize = 4;
/// Connections at once, so that idle ones cannot use up the host. The 10,000 concurrent requests of reference 3.1.
pub const CONNECTIONS: usize = 10_000;

/// One file of an app that is kept in the database: one document holds it.
pub const HOSTED_FILE_BYTES: usize = DOCUMENT_BYTES - 64 * KIB;
/// All files of such an app. Hosts keep them in memory while they are edited.
pub const HOSTED_APP_BYTES: usize = 64 * MIB;
/// Files of such an app. Their list is a part of every deployment, which is one document; real apps have hundreds.
pub const HOSTED_FILES: usize = 10_000;
/// The path of such a file, in bytes.
pub const HOSTED_PATH_BYTES: usize = 1_024;
/// Deployments of an app that are kept to go back to, failed ones included.
pub const DEPLOYMENTS_KEPT: u64 = 100;
/// How long a change of such an app is made again while other hosts change the app: two importers at once take turns, and
/// whoever waits for the answer still does.
pub const CHANGE_PATIENCE: Duration = Duration::from_secs(60);
/// A secret of an app that is kept in the database. App Services took 500 characters; a private key has more.
pub const SECRET_BYTES: usize = 8 * KIB;

/// An e-mail address that an administrator gives a user instead of another (reference 7.6), in characters.
pub const RESET_EMAIL_CHARS: usize = 128;

/// The part of a text that a log line may hold.
pub fn log_line(text: &str) -> &str {
    &text[..text.floor_char_boundary(LOG_LINE_BYTES)]
}

/// What one invocation may spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Time from the first instruction to the answer.
    pub wall_clock: Duration,
    /// Bytes of linear memory, all memories together.
    pub memory: usize,
    /// Elements of each table.
    pub table_elements: usize,
    /// Calls from function to host.
    pub host_calls: u64,
    /// Database operations among them.
    pub database_calls: u64,
    /// Bytes that cross between function and host.
    pub host_bytes: usize,
    /// Collections and cursors open at once.
    pub handles: usize,
    /// Bytes of log.
    pub log_bytes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            wall_clock: WALL_CLOCK,
            memory: MEMORY,
            table_elements: TABLE_ELEMENTS,
            host_calls: HOST_CALLS,
            database_calls: DATABASE_CALLS,
            host_bytes: HOST_BYTES,
            handles: HANDLES,
            log_bytes: LOG_BYTES,
        }
    }
}

/// How often a transaction is run again after a transient error, the first run included. Conflicts between
/// registrations end after one or two; more attempts help a function that all registrations let write one document, and
/// whoever meets a commit that takes seconds because the disk is busy: with the pauses in between they last about 6 s.
pub const TRANSACTION_ATTEMPTS: u32 = 30;
/// No further attempt of a transaction begins after this. Together with the last attempt it stays within the 60 s
/// after which a Realm client gives up.
pub const TRANSACTION_PATIENCE: Duration = Duration::from_secs(30);
/// How often a commit whose outcome is unknown is sent again. It is idempotent; a new primary is elected meanwhile.
pub const COMMIT_ATTEMPTS: u32 = 5;
/// How long an operation waits for a reachable primary. An election takes about 12 s with MongoDB's defaults; the
/// driver's own default of 30 s would hold clients that could retry.
pub const SERVER_SELECTION: Duration = Duration::from_secs(15);

/// How long the embedded database may take to answer after its start: recovery of a journal after a crash included.
pub const DATABASE_START: Duration = Duration::from_secs(60);
/// How long the embedded database may take to write its last checkpoint when asked to stop, before it is killed.
pub const DATABASE_STOP: Duration = Duration::from_secs(20);
/// The longest pause before the embedded database is started again after it died.
pub const DATABASE_RESTART_PAUSE: Duration = Duration::from_secs(5);

/// How long a connection may take to send a request's head, idle time before it included. Longer than the 60 s for
/// which common proxies keep idle connections, so that the proxy closes first and no request is lost in between.
pub const REQUEST_HEADER_DEADLINE: Duration = Duration::from_secs(75);
/// How long a client may take nothing of what it is sent, before its connection is closed: one that has vanished, or reads
/// no more, holds memory and a slot.
pub const SEND_DEADLINE: Duration = Duration::from_secs(30);
/// How long a request's body may take. The largest passes at 2.5 Mbit/s.
pub const REQUEST_BODY_DEADLINE: Duration = Duration::from_secs(60);
/// How much of a body that is too large is read and thrown away, so that its sender sees the answer; beyond it the
/// connection is closed.
pub const REQUEST_DRAIN_BYTES: usize = 4 * REQUEST_BYTES;
/// How long the database may take to answer a readiness probe. Shorter than a prober's own patience.
pub const READINESS_DEADLINE: Duration = Duration::from_secs(2);
/// How long shutdown waits for running requests: every call within the default budget ends by then.
pub const SHUTDOWN_DEADLINE: Duration = WALL_CLOCK.saturating_add(QUEUE_DEADLINE);

/// How long the database keeps a change stream waiting for an event before it answers that there is none. Every answer
/// moves the place to resume from, and nobody waits for it.
pub const STREAM_AWAIT: Duration = Duration::from_secs(1);
/// The longest pause before a change stream that failed is opened again.
pub const STREAM_RETRY_PAUSE: Duration = Duration::from_secs(10);

/// For how long a host has the right to run a trigger, unless it renews it; it does so every third of this. When a host
/// dies, another takes its triggers over after about this time.
pub const TRIGGER_LEASE: Duration = Duration::from_secs(10);
/// Functions that triggers run at once on one host, of [`CONCURRENT_CALLS`]: the rest is left to clients.
pub const TRIGGER_CALLS: u32 = 32;
/// Functions that one trigger runs at once: half of them, so that one busy trigger leaves room for others.
pub const TRIGGER_CALLS_EACH: usize = 16;
/// How often a function that fails is called for one event before the event is set aside.
pub const TRIGGER_ATTEMPTS: u32 = 5;
/// How often, one after the other, a function is called for an event without an end of the call, before the event is set
/// aside: a host may die by chance, and some while they are replaced, but not so often over one event.
pub const TRIGGER_UNFINISHED: i32 = 10;
/// The pause after the first failure, at most: a conflict or a restart next door is over by then. It grows fourfold.
pub const TRIGGER_FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause between two attempts: an outage that lasts longer is for a person.
pub const TRIGGER_LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How long events that were set aside are kept, for somebody to replay them.
pub const TRIGGER_DEAD_RETENTION: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Events that were set aside and are shown at once: a person reads the first ones, and all may be more than memory holds.
pub const TRIGGER_DEAD_SHOWN: i64 = 1_000;
/// Events that are written down at once.
pub const TRIGGER_BATCH_EVENTS: usize = 100;
/// Their size together; a larger event is written down by itself. All of it stands in one document for a moment.
pub const TRIGGER_BATCH_BYTES: usize = 4 * MIB;
/// Events of one trigger that are in memory while they wait; more wait in the database.
pub const TRIGGER_BUFFER_EVENTS: usize = 512;
/// Their size together, but for the last one: two of the largest documents.
pub const TRIGGER_BUFFER_BYTES: usize = 2 * DOCUMENT_BYTES;
/// How often a trigger that has nothing to do looks for events that an operator has put back, and writes down how far
/// it has come.
pub const TRIGGER_POLL: Duration = Duration::from_secs(2);
/// How long nobody may have listened before a trigger that skips what it missed begins anew: less is a change of hosts.
pub const TRIGGER_ABSENCE: Duration = Duration::from_secs(60);

/// One MongoDB command. The server takes the largest document and 16 KiB around it; the driver's own fields need some.
pub const COMMAND_BYTES: usize = DOCUMENT_BYTES + 12 * KIB;
/// How much earlier than the invocation's deadline MongoDB is told to give up, so that its answer still arrives and no
/// connection has to be cut.
pub const DATABASE_MARGIN: Duration = Duration::from_millis(20);

/// The body of one HTTP response, decompressed. The response is handed over as one BSON document, and its headers need
/// some of the room.
pub const HTTP_RESPONSE_BYTES: usize = DOCUMENT_BYTES - 256 * KIB;
/// URL and headers of one HTTP request, and the headers of one response. Servers accept 8 to 64 KiB.
pub const HTTP_HEAD_BYTES: usize = 64 * KIB;
/// Headers of one HTTP request or response: what the HTTP library itself reads.
pub const HTTP_HEADERS: usize = 100;
/// Redirects that one HTTP request follows: as many as Go's client, which App Services used.
pub const HTTP_REDIRECTS: usize = 10;
/// How long a connection to another host may take to open. An address that swallows everything would otherwise take
/// all of a function's time, and the function could not say what went wrong.
pub const HTTP_CONNECT: Duration = Duration::from_secs(10);
/// HTTP requests of one host that run at once to one origin; more wait their turn. App Services allowed a function 25
/// sockets (reference 5.6); all functions share these.
pub const HTTP_REQUESTS_PER_ORIGIN: usize = 64;
/// Idle connections that are kept for each origin, to save the next request the handshake.
pub const HTTP_IDLE_PER_ORIGIN: usize = 8;

/// One JavaScript or JSON file of an app's functions. The sources of all functions are a part of every snapshot.
pub const SCRIPT_BYTES: usize = 4 * MIB;
/// What an archive of npm packages (`functions/node_modules.tar.gz`) may unpack to. App Services took archives of 15 MB
/// (reference 5.6), and sources shrink to a fifth.
pub const PACKAGES_BYTES: u64 = 512 * 1024 * 1024;
