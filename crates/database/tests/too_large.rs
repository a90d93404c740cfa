//! Events that are larger than a document may be. MongoDB refuses to give such an event; the embedded database does give
//! it. So a proxy between the two refuses in MongoDB's words.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bson::{Document, doc};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use usher_database::{Change, Changes, ConnectOptions, Database, Embedded, Following, Since, Step, Watched};

const HEADER: usize = 16;
/// The header, the flags and the kind of the only section of a reply.
const BEFORE_BODY: usize = HEADER + 4 + 1;

/// Whether a reply brings an event with a large document.
fn is_too_large(reply: &Document) -> bool {
    let Ok(cursor) = reply.get_document("cursor") else { return false };
    let batches = ["firstBatch", "nextBatch"].into_iter().filter_map(|name| cursor.get_array(name).ok());
    batches.flatten().any(|event| {
        let event = event.as_document().unwrap();
        event.get_document("fullDocument").is_ok_and(|document| document.contains_key("large"))
    })
}

/// Passes replies on; those that are too large become the error that MongoDB gives.
async fn replies(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    refused: &AtomicUsize,
) {
    let number = |bytes: &[u8]| i32::from_le_bytes(bytes[..4].try_into().unwrap());
    loop {
        let mut message = vec![0; HEADER];
        if from.read_exact(&mut message).await.is_err() {
            return;
        }
        message.resize(usize::try_from(number(&message)).unwrap(), 0);
        from.read_exact(&mut message[HEADER..]).await.unwrap();
        let is_message = number(&message[12..]) == 2013 && message[BEFORE_BODY - 1] == 0;
        let body = is_message.then(|| bson::deserialize_from_slice::<Document>(&message[BEFORE_BODY..]).ok()).flatten();
        if body.is_some_and(|body| is_too_large(&body)) {
            refused.fetch_add(1, Ordering::Relaxed);
            let error =
                doc! {"ok": 0.0, "code": 10_334, "codeName": "BSONObjectTooLarge", "errmsg": "BSONObj size is invalid"};
            message.truncate(BEFORE_BODY);
            message.extend(error.to_vec().unwrap());
            let length = i32::try_from(message.len()).unwrap();
            message[..4].copy_from_slice(&length.to_le_bytes());
        }
        if to.write_all(&message).await.is_err() {
            return;
        }
    }
}

/// A proxy to the database; its port.
async fn proxy(database: String, refused: Arc<AtomicUsize>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(&database).await.unwrap();
            let ((mut asks, answers), (replied, mut asked)) = (client.into_split(), server.into_split());
            let refused = refused.clone();
            tokio::spawn(async move { copy(&mut asks, &mut asked).await });
            tokio::spawn(async move { replies(replied, answers, &refused).await });
        }
    });
    port
}

async fn change(changes: &mut Changes) -> Change {
    let wait = async {
        loop {
            if let Step::Change(change) = changes.next().await.unwrap() {
                return *change;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(180), wait).await.expect("a change comes")
}

#[tokio::test]
async fn an_event_that_is_too_large_comes_without_its_large_parts_and_the_others_whole() {
    let directory = tempfile::tempdir().unwrap();
    let embedded = Embedded::start(directory.path(), None).await.unwrap();
    let direct = Database::connect(embedded.uri(), ConnectOptions::default()).await.unwrap();
    let address = embedded.uri().strip_prefix("mongodb://").unwrap();
    let address = address.split(['/', '?']).next().unwrap().to_owned();
    let refused = Arc::new(AtomicUsize::new(0));
    let port = proxy(address, refused.clone()).await;
    let uri = format!("mongodb://127.0.0.1:{port}/?directConnection=true");
    let database = Database::connect(&uri, ConnectOptions::default()).await.unwrap();

    let watched = Watched::Collection { database: "app".to_owned(), collection: "things".to_owned() };
    direct.ensure_collection("app", "things").await.unwrap();
    let place = direct.present(&watched).await.unwrap();
    let things = direct.client().database("app").collection::<Document>("things");
    for (id, large) in [(1, false), (2, false), (3, true), (4, true), (5, false), (6, false)] {
        let mut document = doc! {"_id": id, "n": id};
        if large {
            document.insert("large", true);
        }
        things.insert_one(document).await.unwrap();
    }
    let mut changes = database.changes(Following::new(watched, Since::After(place)));
    for id in 1..=6 {
        let change = change(&mut changes).await;
        assert_eq!(change.key, Some(doc! {"_id": id}));
        let large = [3, 4].contains(&id);
        assert_eq!(change.cut, large, "{id}");
        assert_eq!(change.event.contains_key("fullDocument"), !large, "{id}");
    }
    assert!(refused.load(Ordering::Relaxed) >= 2);
    embedded.stop().await;
}
