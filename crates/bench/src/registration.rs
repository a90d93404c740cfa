//! A registration (the first login of an anonymous user, creation function included) beside the bare driver doing the
//! same database operations.

use std::time::{Duration, Instant};

use anyhow::Result;
use bson::oid::ObjectId;
use bson::{DateTime, Document, doc};
use mongodb::{Client as Driver, Database, IndexModel};

use crate::load::Client;
use crate::measure::{Row, in_turn, throughput};
use crate::server::Server;

const LANES: usize = 8;
const ROUND: Duration = Duration::from_secs(3);

pub(crate) async fn run(server: &Server) -> Result<Row> {
    let driver = Driver::with_uri_str(&server.mongodb).await?;
    let database = driver.database("bench");
    for name in ["identities", "users", "events", "sessions", "custom_data"] {
        database.create_collection(name).await?;
    }
    // The indexes that Usher keeps: without them inserts would be cheaper and the last read dearer.
    for (name, keys) in [
        ("identities", doc! { "app": 1, "provider": 1, "provider_id": 1 }),
        ("identities", doc! { "user_id": 1 }),
        ("users", doc! { "app": 1, "_id": -1 }),
        ("sessions", doc! { "expires_at": 1 }),
        ("sessions", doc! { "user_id": 1 }),
        ("custom_data", doc! { "user_id": 1 }),
    ] {
        let index = IndexModel::builder().keys(keys).build();
        database.collection::<Document>(name).create_index(index).await?;
    }
    in_turn(
        "registration",
        "users/s",
        || {
            throughput(LANES, ROUND, |_, until| {
                let address = server.address.clone();
                async move {
                    let mut client = Client::connect(&address).await?;
                    let mut registered = 0;
                    while Instant::now() < until {
                        client.log_in().await?;
                        registered += 1;
                    }
                    Ok(registered)
                }
            })
        },
        || {
            throughput(LANES, ROUND, |_, until| {
                let (driver, database) = (driver.clone(), database.clone());
                async move {
                    let mut registered = 0;
                    while Instant::now() < until {
                        register(&driver, &database).await?;
                        registered += 1;
                    }
                    Ok(registered)
                }
            })
        },
    )
    .await
}

/// One transaction with the documents of a registration, then what every login does.
async fn register(driver: &Driver, database: &Database) -> Result<()> {
    let collection = |name: &str| database.collection::<Document>(name);
    let (id, now) = (ObjectId::new(), DateTime::now());
    let hex = id.to_hex();
    let mut session = driver.start_session().await?;
    session.start_transaction().await?;
    let identity = doc! { "_id": ObjectId::new(), "app": "sample", "user_id": id, "provider": "anon-user", "provider_id": &hex, "data": {}, "linked_at": now };
    collection("identities").insert_one(identity).session(&mut session).await?;
    let data = doc! { "user_id": &hex, "nickname": null, "visits": 0, "created_at": now };
    collection("custom_data").insert_one(data).session(&mut session).await?;
    let user = doc! { "_id": id, "app": "sample", "type": "normal", "data": {}, "disabled": false, "created_at": now };
    collection("users").insert_one(user).session(&mut session).await?;
    let event = |kind: &str| doc! { "app": "sample", "type": kind, "user": { "id": &hex }, "providers": ["anon-user"], "time": now };
    collection("events").insert_one(event("CREATE")).session(&mut session).await?;
    session.commit_transaction().await?;

    let login = doc! { "app": "sample", "user_id": id, "device_id": &hex, "created_at": now, "expires_at": now };
    let (sessions, events) = (collection("sessions"), collection("events"));
    let (users, data) = (collection("users"), collection("custom_data"));
    let (session, event, user, read) = tokio::join!(
        sessions.insert_one(login),
        events.insert_one(event("LOGIN")),
        users.update_one(doc! { "_id": id }, doc! { "$set": { "last_login_at": now } }),
        data.find_one(doc! { "user_id": &hex }),
    );
    session?;
    event?;
    user?;
    read?;
    Ok(())
}
