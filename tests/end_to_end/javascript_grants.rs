//! What JavaScript functions may reach, and the user-creation function among them.

use bson::{Document, doc};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::javascript_app::{app, int, system, write};
use crate::support::{AppDirectory, Client, Usher};

/// Does to a collection what its arguments say: database, collection, method, arguments.
const DO: &str = "exports = async function (database, collection, method, ...parts) {
  const answer = context.services.get('mongodb-atlas').db(database).collection(collection)[method](...parts);
  return answer.toArray ? answer.toArray() : answer;
};";

fn granted(grants: Value) -> AppDirectory {
    let app = app("granted", &[("any", DO, system()), ("chosen", DO, system()), ("user", DO, json!({}))]);
    app.write("usher.json", &json!({ "grants": grants }));
    app
}

struct Caller {
    client: Client,
    token: String,
}

impl Caller {
    async fn new(usher: &Usher) -> Self {
        let client = usher.client("granted");
        let token = client.token().await;
        Self { client, token }
    }

    async fn works(&self, function: &str, arguments: Value) -> Value {
        let reply = self.client.call(&self.token, function, arguments.clone()).await;
        assert_eq!(reply.status, StatusCode::OK, "{function} {arguments}: {reply:?}");
        reply.body
    }

    async fn refused(&self, function: &str, arguments: Value, error: &str) {
        let reply = self.client.call(&self.token, function, arguments.clone()).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{function} {arguments}: {reply:?}");
        reply.assert_error(400, "FunctionExecutionError", error);
    }
}

#[tokio::test]
async fn without_grants_the_system_reaches_custom_data_only() {
    let app = granted(json!([]));
    let usher = Usher::serve(&[app.path()]);
    let caller = Caller::new(&usher).await;
    caller.works("any", json!(["e2e", "custom_data", "insertOne", { "user_id": "somebody" }])).await;
    assert_eq!(caller.works("any", json!(["e2e", "custom_data", "count", {}])).await, int(1));
    assert_eq!(caller.works("user", json!(["e2e", "custom_data", "count", {}])).await, int(0));
    for (database, collection) in
        [("e2e", "orders"), ("other", "custom_data"), ("e2e", "custom_data.more"), ("E2E", "custom_data")]
    {
        caller
            .refused(
                "any",
                json!([database, collection, "find", {}]),
                "GrantNotFound: the function \"any\" was not granted",
            )
            .await;
        caller
            .refused(
                "user",
                json!([database, collection, "find", {}]),
                "GrantNotFound: the function \"user\" runs on behalf of a user",
            )
            .await;
    }
}

#[tokio::test]
async fn grants_name_functions_operations_and_collections() {
    let grant = |collection: &str, operations: Value, functions: Value| {
        json!({ "data_source": "mongodb-atlas", "database": "shop", "collection": collection,
                "operations": operations, "functions": functions })
    };
    let mut archive = grant("*", json!(["read"]), json!(["chosen"]));
    archive["database"] = "archive".into();
    let app = granted(json!([
        grant("orders", json!(["read", "insert"]), json!(["chosen"])),
        { "data_source": "mongodb-atlas", "database": "shop", "collection": "news", "operations": ["read"] },
        grant("news", json!(["delete"]), json!(["chosen"])),
        archive,
    ]));
    let usher = Usher::serve(&[app.path()]);
    let caller = Caller::new(&usher).await;
    let database = usher.database("archive").await;
    database.collection::<Document>("year.2019").insert_one(doc! { "n": 1 }).await.unwrap();

    caller.works("chosen", json!(["shop", "orders", "insertOne", { "n": int(1) }])).await;
    assert_eq!(
        caller.works("chosen", json!(["shop", "orders", "find", {}, { "_id": 0 }])).await,
        json!([{ "n": int(1) }])
    );
    let update = json!(["shop", "orders", "updateOne", {}, { "$set": { "n": 2 } }]);
    caller.refused("chosen", update, "OperationNotAllowed").await;
    caller.refused("chosen", json!(["shop", "orders", "deleteMany", {}]), "OperationNotAllowed").await;
    let take = json!(["shop", "orders", "findOneAndDelete", {}]);
    caller.refused("chosen", take, "OperationNotAllowed").await;
    caller.refused("any", json!(["shop", "orders", "find", {}]), "GrantNotFound").await;
    caller.refused("user", json!(["shop", "orders", "find", {}]), "GrantNotFound").await;

    // Without a list, every function; several grants of one collection add up.
    assert_eq!(caller.works("any", json!(["shop", "news", "find", {}])).await, json!([]));
    caller.refused("any", json!(["shop", "news", "deleteMany", {}]), "OperationNotAllowed").await;
    assert_eq!(
        caller.works("chosen", json!(["shop", "news", "deleteMany", {}])).await,
        json!({ "deletedCount": int(0) })
    );

    // A wildcard is all of one database.
    assert_eq!(caller.works("chosen", json!(["archive", "year.2019", "count", {}])).await, int(1));
    assert_eq!(caller.works("chosen", json!(["archive", "nothing", "find", {}])).await, json!([]));
    caller.refused("chosen", json!(["archive", "year.2019", "insertOne", {}]), "OperationNotAllowed").await;
    caller.refused("chosen", json!(["archive2", "year.2019", "find", {}]), "GrantNotFound").await;
}

#[tokio::test]
async fn a_wildcard_leaves_out_what_no_grant_could_name() {
    let app = granted(json!([{ "data_source": "mongodb-atlas", "database": "shop", "collection": "*" }]));
    let usher = Usher::serve(&[app.path()]);
    let caller = Caller::new(&usher).await;
    for collection in ["system.views", "system.profile", "system.js", "x.system.y", "$cmd", "a$b", ""] {
        for (method, argument) in [("find", json!({})), ("insertOne", json!({ "_id": "x" }))] {
            let reply = caller.client.call(&caller.token, "any", json!(["shop", collection, method, argument])).await;
            assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{collection} {method}: {reply:?}");
        }
    }
}

#[tokio::test]
async fn a_join_reaches_what_was_granted() {
    let grant = |collection: &str, operations: Value| json!({ "data_source": "mongodb-atlas", "database": "shop", "collection": collection, "operations": operations });
    let app = granted(json!([
        grant("orders", json!(["read", "insert"])),
        grant("people", json!(["read"])),
        grant("drop", json!(["insert"]))
    ]));
    let usher = Usher::serve(&[app.path()]);
    let database = usher.database("shop").await;
    for (name, document) in [
        ("people", doc! { "_id": 1, "name": "Ada" }),
        ("salaries", doc! { "_id": 1, "amount": 7 }),
        ("drop", doc! { "_id": 1 }),
    ] {
        database.collection::<Document>(name).insert_one(document).await.unwrap();
    }
    let caller = Caller::new(&usher).await;
    caller.works("any", json!(["shop", "orders", "insertOne", { "_id": int(1), "by": int(1) }])).await;
    let lookup =
        |from: Value| json!({ "$lookup": { "from": from, "localField": "by", "foreignField": "_id", "as": "joined" } });
    let aggregate = |pipeline: Value| json!(["shop", "orders", "aggregate", pipeline]);
    let joined = caller.works("any", aggregate(json!([lookup(json!("people")), { "$unset": "_id" }]))).await;
    assert_eq!(joined, json!([{ "by": int(1), "joined": [{ "_id": int(1), "name": "Ada" }] }]));

    let salaries = lookup(json!("salaries"));
    for pipeline in [
        json!([salaries]),
        json!([{ "$facet": { "a": [salaries] } }]),
        json!([{ "$lookup": { "from": "people", "pipeline": [salaries], "as": "joined" } }]),
        json!([{ "$unionWith": "salaries" }]),
        json!([{ "$unionWith": { "coll": "people", "pipeline": [{ "$unionWith": "salaries" }] } }]),
        json!([{ "$graphLookup": { "from": "salaries", "startWith": "$by", "connectFromField": "by",
                                   "connectToField": "_id", "as": "joined" } }]),
        json!([lookup(json!({ "db": "usher", "coll": "users" }))]),
        json!([lookup(json!("drop"))]),
        json!([{ "$out": "people" }]),
        json!([{ "$merge": { "into": { "db": "usher", "coll": "users" } } }]),
        json!([{ "$out": { "db": "usher", "coll": "users" } }]),
    ] {
        let reply = caller.client.call(&caller.token, "any", aggregate(pipeline.clone())).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{pipeline}: {reply:?}");
        let error = reply.text("error");
        assert!(error.contains("OperationNotAllowed") || error.contains("GrantNotFound"), "{pipeline}: {error}");
    }
}

#[tokio::test]
async fn the_system_database_is_out_of_reach_by_any_spelling() {
    let app = granted(json!([
        { "data_source": "mongodb-atlas", "database": "e2e", "collection": "*" },
    ]));
    let usher = Usher::serve(&[app.path()]);
    let caller = Caller::new(&usher).await;
    let users = usher.database("usher").await.collection::<Document>("users");
    assert_eq!(users.count_documents(doc! {}).await.unwrap(), 1, "there is something to see");
    for database in [
        "usher",
        "Usher",
        "USHER",
        "usher.",
        " usher",
        "usher\0",
        "e2e\0",
        "e2e.usher",
        "./usher",
        "admin",
        "local",
        "config",
    ] {
        for collection in ["users", "sessions", "users\0"] {
            for function in ["any", "user"] {
                caller.refused(function, json!([database, collection, "find", {}]), "GrantNotFound").await;
            }
        }
    }
    // Nor through the collections that it has.
    for collection in ["usher.users", "../usher/users", "custom_data\0users"] {
        let reply = caller.client.call(&caller.token, "any", json!(["e2e", collection, "find", {}])).await;
        assert!(reply.status == StatusCode::BAD_REQUEST || reply.body == json!([]), "{collection:?}: {reply:?}");
    }
    // An app that would grant it is refused.
    let app = granted(json!([{ "data_source": "mongodb-atlas", "database": "usher", "collection": "users" }]));
    let data = tempfile::tempdir().unwrap();
    let output =
        crate::support::program().arg("build").arg(app.path()).arg("--data").arg(data.path()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && text.contains("usher.json"), "{text}");
}

/// How many of each there are, in the app's database and in Usher's own.
async fn traces(usher: &Usher) -> [u64; 5] {
    let (app, system) = (usher.database("e2e").await, usher.database("usher").await);
    let count = async |database: &mongodb::Database, name: &str| {
        database.collection::<Document>(name).count_documents(doc! {}).await.unwrap()
    };
    [
        count(&app, "custom_data").await,
        count(&app, "audit").await,
        count(&system, "users").await,
        count(&system, "identities").await,
        count(&system, "events").await,
    ]
}

const CREATES: &str = "exports = async function (user) {
  const e2e = context.services.get('mongodb-atlas').db('e2e');
  await e2e.collection('custom_data').insertOne({ user_id: user.id, email: user.data.email });
  e2e.collection('audit').insertOne({ created: user.id });
END
};";

/// Writes the functions of the app, the one that creates users with so much time and this end.
fn write_creating(app: &AppDirectory, milliseconds: u32, end: &str) {
    let source = CREATES.replace("END", end);
    let manifest = json!({ "private": true, "run_as_system": true, "budget": { "wall_clock_ms": milliseconds } });
    let mine = "exports = () => context.user.custom_data.email;";
    write(app, &[("onCreate", &source, manifest), ("mine", mine, json!({}))]);
}

fn creating() -> AppDirectory {
    let app = AppDirectory::new("creating-js");
    app.write(
        "usher.json",
        &json!({ "grants": [{ "data_source": "mongodb-atlas", "database": "e2e", "collection": "audit" }] }),
    );
    app.custom_data(Some("onCreate"));
    app
}

async fn vetoes_then_is_repaired(end: &str, message: &str) {
    let app = creating();
    // Only what the clock has to end is given little time.
    write_creating(&app, if message == "time limit" { 1_500 } else { 20_000 }, end);
    let mut usher = Usher::serve(&[app.path()]);
    let client = usher.client("creating-js");
    assert_eq!(client.register("ada@example.com").await.status, StatusCode::CREATED);
    client.log_in("ada@example.com").await.assert_error(401, "AuthError", message);
    assert_eq!(traces(&usher).await, [0; 5], "something was left behind");

    write_creating(&app, 20_000, "");
    usher.terminate();
    assert!(usher.wait());
    usher.restart();
    let client = usher.client("creating-js");
    let login = client.log_in("ada@example.com").await;
    assert_eq!(login.status, StatusCode::OK, "the same login succeeds once the function is repaired: {login:?}");
    let counts = traces(&usher).await;
    assert_eq!(counts[..4], [1; 4], "{counts:?}");
    let mine = client.call(login.text("access_token"), "mine", json!([])).await;
    assert_eq!(mine.body, "ada@example.com", "the first token carries what the function wrote");
}

#[tokio::test]
async fn a_creation_script_that_throws_leaves_nothing() {
    vetoes_then_is_repaired("throw new Error('not on our list');", "not on our list").await;
}

#[tokio::test]
async fn a_creation_script_that_never_ends_leaves_nothing() {
    vetoes_then_is_repaired("for (;;);", "time limit").await;
}

#[tokio::test]
async fn a_creation_script_that_recurses_for_ever_leaves_nothing() {
    vetoes_then_is_repaired("const deeper = () => deeper() + 1; deeper();", "stack").await;
}

#[tokio::test]
async fn a_creation_script_cannot_begin_a_transaction_of_its_own() {
    let end = "const session = context.services.get('mongodb-atlas').startSession(); session.startTransaction();";
    vetoes_then_is_repaired(end, "cannot begin another").await;
}

#[tokio::test]
async fn an_operator_calls_scripts_from_the_command_line() {
    let app = app(
        "operated",
        &[
            (
                "private/sum",
                "exports = (...numbers) => numbers.reduce((sum, each) => sum + each, 0);",
                json!({ "private": true }),
            ),
            (
                "who",
                "exports = () => [context.user.type, context.runningAsSystem(), context.user.data, context.user.custom_data];",
                json!({}),
            ),
            ("fails", "exports = () => {\n  undeclared.thing;\n};", json!({})),
        ],
    );
    let mut usher = Usher::serve(&[app.path()]);
    usher.terminate();
    assert!(usher.wait());
    let call = |arguments: &[&str]| {
        let output = usher.command(app.path(), &[&["functions", "call"], arguments].concat());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.success(), text(&output.stdout), text(&output.stderr))
    };
    let (ok, sum, errors) = call(&["private/sum", "1", "2", "39"]);
    assert!(ok && sum.contains("42"), "{sum}{errors}");
    let (ok, who, errors) = call(&["--json", "who"]);
    let who: Value = serde_json::from_str(&who).unwrap_or_else(|error| panic!("{error}: {who}{errors}"));
    assert!(ok && who.to_string().contains(r#"["system",true,{},{}]"#), "{who}");
    let (ok, _, errors) = call(&["fails"]);
    assert!(!ok && errors.contains("ReferenceError: 'undeclared' is not defined"), "{errors}");
    assert!(errors.contains("functions/fails.js:2:"), "{errors}");
}
