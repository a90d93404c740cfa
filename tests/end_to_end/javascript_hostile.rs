//! JavaScript that misbehaves: each call ends by its own budget or with a clear error, a well-behaved call beside it
//! succeeds, and nothing is left for the next call. The functions are those of `tests/javascript/hostile`.

use std::time::{Duration, Instant};

use futures::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::javascript_app::int;
use crate::support::{Client, Usher, repository};

const APP: &str = "hostile-js";
/// Calls at once, where each uses a processor or a sandbox to the full.
const AT_ONCE: usize = 8;
fn serve() -> Usher {
    Usher::serve(&[&repository("tests/javascript/hostile")])
}

/// What a hostile call must come to.
enum End {
    /// The budget for time: the error says how much it was.
    Time,
    /// A failure whose message holds this text.
    Fails(&'static str),
    /// A result.
    Gives(Value),
}

impl End {
    #[track_caller]
    fn assert(&self, what: &str, status: StatusCode, body: &Value) {
        let (code, text) = match self {
            Self::Time => ("ExecutionTimeLimitExceeded", "execution time limit exceeded ("),
            Self::Fails(text) => ("FunctionExecutionError", *text),
            Self::Gives(value) => return assert_eq!((status, body), (StatusCode::OK, value), "{what}"),
        };
        assert_eq!((status, &body["error_code"]), (StatusCode::BAD_REQUEST, &json!(code)), "{what}: {body}");
        assert!(body["error"].as_str().unwrap().contains(text), "{what}: {body}");
    }
}

async fn good(client: &Client, token: &str) {
    let beside = client.call(token, "well_behaved", json!([])).await;
    assert_eq!((beside.status, &beside.body), (StatusCode::OK, &json!(true)));
}

/// The next call of a function that was hostile: it finds the module as it was deployed.
async fn fine(client: &Client, token: &str, function: &str) {
    let next = client.call(token, function, json!(["fine"])).await;
    assert_eq!((next.status, &next.body), (StatusCode::OK, &json!({ "$numberInt": "1" })), "{function}");
}

/// Makes hostile calls of one function, some at once, each with a good one beside it; and calls it as often afterwards, when
/// the short time that it may have is not spent waiting for a processor.
async fn each_ends(function: &str, calls: Vec<(Value, End)>) {
    let usher = serve();
    let client = usher.client(APP);
    let token = client.token().await;
    for calls in calls.chunks(AT_ONCE) {
        join_all(calls.iter().map(async |(arguments, end)| {
            let (ended, ()) = tokio::join!(client.call(&token, function, arguments.clone()), good(&client, &token));
            end.assert(&format!("{function} {arguments}"), ended.status, &ended.body);
        }))
        .await;
        for _ in calls {
            fine(&client, &token, function).await;
        }
    }
    good(&client, &token).await;
    assert_eq!(client.call(&token, "untouched", json!([])).await.body, json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_never_ends_is_ended_by_the_clock() {
    let ways = [
        "loop",
        "microtasks",
        "forgottenMicrotasks",
        "asyncLoop",
        "timers",
        "interval",
        "oneLongTimer",
        "regexp",
        "regexpReplace",
        "generator",
        "sort",
        "finallyLoop",
        "bigNumbers",
        "thenable",
        "getterOfResult",
        "toBsonOfResult",
        "laughs",
        "thenOfItself",
        "valueOfResult",
        "proxyOfResult",
        "getterOfError",
        "getterOfFilter",
    ];
    each_ends("endless", ways.map(|way| (json!([way]), End::Time)).into()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_is_bounded_however_it_is_asked_for() {
    let ways = [
        "array",
        "holes",
        "doubling",
        "manyStrings",
        "repeat",
        "pad",
        "join",
        "buffer",
        "typed",
        "buffers",
        "map",
        "closures",
        "promises",
        "promiseChain",
        "generator",
        "caught",
        "regexp",
        "json",
        "parse",
        "crypto",
    ];
    each_ends("memory", ways.map(|way| (json!([way]), End::Fails("MemoryLimitExceeded"))).into()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recursion_ends_before_the_stack_does() {
    let stack = || End::Fails("StackLimitExceeded");
    let mut calls: Vec<(Value, End)> = ["plain", "asynchronous", "mutual", "getter", "proxy", "toString", "toJSON"]
        .map(|way| (json!([way]), stack()))
        .into();
    calls.extend(["parse", "stringify", "flat", "source", "clone"].map(|way| (json!([way, 100_000]), stack())));
    calls.extend([
        // This much fits.
        (json!(["depth", 500]), End::Gives(int(500))),
        (json!(["depth", 5_000]), stack()),
        (json!(["depth", 1_000_000]), stack()),
        (json!(["parse", 1_000]), End::Gives(json!("object"))),
        // Frames of four thousand variables each use up the engine's own stack, which lies in its memory.
        (json!(["wide"]), End::Fails("outside of its memory, as it does when it recurses too deeply")),
        (json!(["bound", 100_000]), End::Fails("MemoryLimitExceeded")),
        (json!(["regexp", 100_000]), End::Fails("too many captures")),
        (json!(["spread", 100_000]), End::Fails("RangeError: too many arguments")),
        // Values that cross are as deep as a document, however they are written.
        (json!(["result", 100_000]), End::Fails("nested deeper than 100 levels")),
        (json!(["ejsonStringify", 100_000]), End::Fails("nested deeper than 100 levels")),
        (json!(["ejsonParse", 100_000]), End::Fails("SyntaxError: recursion limit exceeded")),
        (json!(["throws", 100_000]), End::Fails("{ value: { value: ")),
        (json!(["log", 100_000]), End::Gives(json!({ "$undefined": true }))),
        (json!(["free", 100_000]), End::Gives(json!("freed"))),
    ]);
    each_ends("recursion", calls).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_ends_where_its_budget_does() {
    let way = |way: &str| json!([way]);
    let calls = vec![
        (way("log"), End::Fails("LogLimitExceeded")),
        (way("hugeLine"), End::Fails("HostBytesLimitExceeded")),
        (way("operations"), End::Fails("HostCallLimitExceeded: the function called the database more than 1000 times")),
        (way("awaited"), End::Fails("HostCallLimitExceeded: the function called the database more than 1000 times")),
        (way("cursors"), End::Fails("HandleLimitExceeded: more than 256 collections and cursors were open at once")),
        (json!(["manyAtOnce", 1000]), End::Gives(int(1000))),
        (json!(["manyAtOnce", 1001]), End::Fails("HostCallLimitExceeded")),
        (way("timers"), End::Fails("MemoryLimitExceeded")),
        // They are told in the log, as far as there is room.
        (way("rejections"), End::Gives(json!("rejected"))),
        (way("largeFilter"), End::Fails("MemoryLimitExceeded")),
        (way("manyLargeFilters"), End::Fails("HostBytesLimitExceeded")),
        (way("deepFilter"), End::Fails("nested deeper than 100 levels")),
        (way("calls"), End::Fails("StackLimitExceeded")),
        (way("crossings"), End::Fails("HostCallLimitExceeded: the function called the host more than 5000 times")),
        (json!(["callsDeeper", 3]), End::Gives(json!("at the bottom"))),
        (json!(["callsDeeper", 50]), End::Fails("CallDepthExceeded")),
        (way("random"), End::Fails("RangeError: at most 65536 random bytes")),
    ];
    each_ends("flood", calls).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operations_that_a_dead_call_left_hold_nobody_up() {
    let usher = serve();
    let client = usher.client(APP);
    let token = client.token().await;
    let [mut after, mut later] = [Duration::ZERO; 2];
    for _ in 0..20 {
        let dead = client.call(&token, "flood", json!(["operations"])).await;
        dead.assert_error(400, "FunctionExecutionError", "HostCallLimitExceeded");
        for time in [&mut after, &mut later] {
            let begun = Instant::now();
            good(&client, &token).await;
            *time += begun.elapsed();
        }
    }
    // The driver's pool looks at operations that were given up every half second, so every other call would wait for that.
    // How long a call takes otherwise is the machine's affair.
    let most = later * 5 + Duration::from_secs(1);
    assert!(after < most, "20 good calls after a dead one took {after:?}, 20 others {later:?}");
}

#[tokio::test]
async fn arguments_are_as_large_as_a_document_may_be() {
    let usher = serve();
    let client = usher.client(APP);
    let token = client.token().await;
    let call = async |bytes: usize| client.call(&token, "flood", json!(["argument", "x".repeat(bytes)])).await;
    assert_eq!(call(15_900_000).await.body, int(15_900_000));
    call(17_000_000).await.assert_error(400, "InvalidParameter", "more than the 16777216 of one document");
    fine(&client, &token, "flood").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn results_that_are_none_are_clear_errors() {
    let never = || End::Fails("the function returned a promise that nothing will ever settle");
    let deep = || End::Fails("TypeError: nested deeper than 100 levels, or in a circle");
    let undefined = json!({ "$undefined": true });
    let empty = json!({ "$binary": { "base64": "", "subType": "00" } });
    let calls = [
        ("circular", deep()),
        ("circularArray", deep()),
        ("endlessToBson", deep()),
        ("large", End::Fails("LimitExceeded")),
        ("manyLarge", End::Fails("LimitExceeded")),
        ("wide", End::Fails("LimitExceeded")),
        ("hugeError", End::Fails("LimitExceeded")),
        ("neverSettles", never()),
        ("thenNeverCalls", never()),
        ("nestedNeverSettles", never()),
        ("thenThrows", End::Fails("Error: no answer")),
        ("proxy", End::Gives(json!({ "a": int(1) }))),
        ("proxyOfArray", End::Gives(json!([int(1), int(2)]))),
        ("revoked", End::Fails("TypeError: revoked proxy")),
        ("revokedInside", End::Fails("TypeError: revoked proxy")),
        ("revokedArray", End::Fails("TypeError: revoked proxy")),
        ("proxyThatThrows", End::Fails("Error: hands off")),
        ("proxyOfPrototype", End::Fails("Error: no prototype")),
        ("detached", End::Gives(json!({ "bytes": empty, "length": int(0) }))),
        ("shrunk", End::Gives(json!({ "bytes": empty }))),
        ("symbols", End::Gives(json!({ "shown": int(2) }))),
        ("symbol", End::Gives(undefined.clone())),
        ("symbolInside", End::Gives(json!({ "a": undefined }))),
        ("getterThatThrows", End::Fails("RangeError: not today")),
        ("getterThatGrows", End::Gives(json!({ "first": int(1), "third": "added while it was read" }))),
        ("arrayThatShrinks", End::Gives(json!(["now short"]))),
        ("sideEffect", End::Gives(json!({ "wrote": { "nested": { "$numberLong": "5" } } }))),
        ("falseTypes", End::Gives(json!(vec!["TypeError"; 8]))),
        ("nulInKey", End::Fails("TypeError: the name of a field holds a NUL")),
        ("halfSurrogate", End::Gives(json!({ "\u{fffd}key": ["a\u{fffd}", "\u{fffd}x", "😀"], "parsed": "A" }))),
        ("proto", End::Gives(json!({ "__proto__": { "admin": true }, "constructor": int(1) }))),
        ("invalidDate", End::Gives(Value::Null)),
        ("hugeBigInt", End::Fails("RangeError: result: a BigInt beyond the 64 bits of a Long")),
        (
            "largestBigInt",
            End::Gives(json!([{ "$numberLong": i64::MAX.to_string() }, { "$numberLong": i64::MIN.to_string() }])),
        ),
        ("generator", End::Gives(json!({}))),
        ("weak", End::Gives(json!({ "a": {}, "b": {}, "c": {} }))),
        ("rejectsLater", End::Gives(json!("fine"))),
        ("throwsNull", End::Fails("null")),
        ("throwsUndefined", End::Fails("undefined")),
        ("throwsProxy", End::Fails("what was thrown cannot be described")),
        ("throwsCircle", End::Fails("[Circular]")),
    ];
    each_ends("results", calls.into_iter().map(|(way, end)| (json!([way]), end)).collect()).await;
}

#[tokio::test]
async fn a_rejection_that_nobody_noticed_is_in_the_log() {
    let usher = serve();
    let client = usher.client(APP);
    let token = client.token().await;
    assert_eq!(client.call(&token, "results", json!(["rejectsLater"])).await.body, json!("fine"));
    usher.wait_for_log("a promise was rejected and nobody noticed: Error: nobody listens");
    assert_eq!(client.call(&token, "flood", json!(["rejections"])).await.body, json!("rejected"));
    usher.wait_for_log("1980 more promises were rejected and nobody noticed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_call_changes_is_gone_with_it() {
    let usher = serve();
    let client = usher.client(APP);
    let token = client.token().await;
    let pristine = json!([int(0), true, true, true, true, true, true, true]);
    for way in ["prototypes", "promises", "builtins", "globals", "constructors", "frozen", "documents", "setters"] {
        let polluted = client.call(&token, "pollute", json!([way])).await;
        let done = if way == "documents" { "yes" } else { "done" };
        assert_eq!(polluted.body, json!(done), "{way} did what it is named for");
        assert_eq!(client.call(&token, "pollute", json!(["check"])).await.body, pristine, "{way}: the same function");
        assert_eq!(client.call(&token, "untouched", json!([])).await.body, json!([]), "{way}: another function");
    }
    // A call that runs at the same time sees nothing of it either.
    let calls = (0..40).map(async |index| {
        if index % 2 == 0 {
            client.call(&token, "pollute", json!(["prototypes"])).await;
        } else {
            assert_eq!(client.call(&token, "untouched", json!([])).await.body, json!([]));
        }
    });
    join_all(calls).await;
}

#[tokio::test]
async fn the_engines_inside_gives_nobody_more_authority() {
    let usher = serve();
    let client = usher.client(APP);
    let token = client.token().await;
    let call = async |arguments: Value| client.call(&token, "internals", arguments).await;
    assert_eq!(call(json!(["names"])).await.body, json!([]));
    assert_eq!(call(json!(["binding"])).await.body, json!(["crypto"]));
    let refused: Vec<_> = ["fs", "natives", "os"].map(|name| format!("No such module: {name}")).into();
    assert_eq!(call(json!(["otherBindings"])).await.body, json!(refused));
    assert_eq!(call(json!(["evaluated"])).await.body, json!(["string", "string", "undefined"]));
    assert_eq!(call(json!(["privates"])).await.body, json!([int(0), int(0), int(0)]));
    // Lied to, the engine asks in the name of the function that was granted more; the host knows who was called.
    let other = "GrantNotFound: the function \"admin/audit\" has other grants than \"internals\", in whose instance";
    call(json!(["actAsAudit"])).await.assert_error(400, "FunctionExecutionError", other);
    call(json!(["runAuditHere"])).await.assert_error(400, "FunctionExecutionError", other);
    assert_eq!(call(json!(["callTheFrames"])).await.body, json!(["GrantNotFound"]));
    let forged = client.call(&token, "admin/everything", json!(["forge"])).await;
    let other = "GrantNotFound: the function \"admin/audit\" has other grants than \"admin/everything\"";
    forged.assert_error(400, "FunctionExecutionError", other);
    for (database, collection) in [("e2e", "audit"), ("e2e", "$cmd"), ("e2e\0", "custom_data"), ("usher", "users")] {
        let reply = call(json!(["collection", database, collection])).await;
        reply.assert_error(400, "FunctionExecutionError", "GrantNotFound");
    }
    fine(&client, &token, "internals").await;
}

#[tokio::test]
async fn a_user_who_tampers_stays_that_user() {
    let usher = serve();
    let client = usher.client(APP);
    let login = client.log_in_anonymously().await;
    let (id, token) = (login.text("user_id").to_owned(), login.text("access_token").to_owned());
    let login = client.log_in_anonymously().await;
    let other = login.text("user_id").to_owned();
    good(&client, &token).await;
    good(&client, login.text("access_token")).await;
    let call = async |arguments: Value| client.call(&token, "tamper", arguments).await;
    let gives = async |arguments: Value, expected: Value| {
        let reply = call(arguments.clone()).await;
        assert_eq!((reply.status, &reply.body), (StatusCode::OK, &expected), "{arguments}");
    };
    gives(json!(["own"]), json!([id])).await;
    gives(json!(["otherId", other]), json!([id])).await;
    gives(json!(["filterOther", other]), int(0)).await;
    gives(json!(["orFilter", other]), int(1)).await;
    gives(json!(["system"]), int(1)).await;
    call(json!(["takeOver", other])).await.assert_error(400, "FunctionExecutionError", "OutsideScope");
    call(json!(["insertOther", other])).await.assert_error(400, "FunctionExecutionError", "OutsideScope");

    // A system function runs in an instance of its own: what goes in and what comes out is data.
    gives(json!(["executeSystem", "count"]), int(2)).await;
    gives(json!(["executeSystem", "whoAmI"]), json!({ "id": id, "type": "normal", "system": true })).await;
    gives(json!(["handleFromSystem"]), json!({ "type": "object", "find": "undefined" })).await;
    gives(json!(["changeArgument"]), json!({ "list": [int(1)] })).await;
    gives(json!(["callbackToSystem"]), json!("object")).await;
}

#[tokio::test]
async fn proto_is_a_name_like_any_other() {
    let usher = serve();
    let client = usher.client(APP);
    let token = client.token().await;
    let argument = json!({ "__proto__": { "admin": true } });
    let reply = client.call(&token, "tamper", json!(["protoArgument", argument])).await;
    assert_eq!(reply.body, json!([true, ["__proto__"], true]));
    let reply = client.call(&token, "tamper", json!(["protoDocument"])).await;
    assert_eq!(reply.body, json!([true, ["__proto__"]]));
}
