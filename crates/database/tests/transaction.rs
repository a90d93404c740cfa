//! Transactions, with the real database.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bson::{Document, doc};
use tokio::sync::Barrier;
use usher_database::{ConnectOptions, Database, DatabaseError, Embedded, is_duplicate_key};

async fn started() -> (tempfile::TempDir, Embedded, Database) {
    let directory = tempfile::tempdir().unwrap();
    let embedded = Embedded::start(directory.path(), None).await.unwrap();
    let database = Database::connect(embedded.uri(), ConnectOptions::default()).await.unwrap();
    database.ensure_collection("app", "things").await.unwrap();
    (directory, embedded, database)
}

#[tokio::test]
async fn commits_all_or_nothing() {
    let (_directory, embedded, database) = started().await;
    database.ensure_collection("app", "things").await.expect("an existing collection is fine");
    let things = database.client().database("app").collection::<Document>("things");

    let answer = database
        .transaction(async |transaction| {
            let mut session = transaction.session().await;
            things.insert_one(doc! {"_id": 1}).session(&mut *session).await?;
            things.insert_one(doc! {"_id": 2}).session(&mut *session).await?;
            Ok::<_, DatabaseError>("done")
        })
        .await;
    assert_eq!(answer.unwrap(), "done");
    assert_eq!(things.count_documents(doc! {}).await.unwrap(), 2);

    let runs = AtomicU32::new(0);
    let kept = std::sync::Mutex::new(None);
    let failure = database
        .transaction(async |transaction| {
            runs.fetch_add(1, Ordering::Relaxed);
            *kept.lock().unwrap() = Some(transaction.clone());
            let mut session = transaction.session().await;
            things.insert_one(doc! {"_id": 3}).session(&mut *session).await?;
            things.insert_one(doc! {"_id": 1}).session(&mut *session).await?;
            Ok::<_, DatabaseError>(())
        })
        .await;
    assert!(matches!(failure, Err(DatabaseError::Driver(error)) if is_duplicate_key(&error)));
    assert_eq!(runs.load(Ordering::Relaxed), 1, "a duplicate key is not transient");
    assert_eq!(things.count_documents(doc! {}).await.unwrap(), 2);

    // A handle kept beyond the end writes nothing.
    let stray = kept.lock().unwrap().take().unwrap();
    let _ = things.insert_one(doc! {"_id": 4}).session(&mut *stray.session().await).await;
    drop(stray);
    assert_eq!(things.count_documents(doc! {}).await.unwrap(), 2);
    embedded.stop().await;
}

#[tokio::test]
async fn an_error_that_the_body_swallows_still_ends_the_transaction() {
    let (_directory, embedded, database) = started().await;
    let things = database.client().database("app").collection::<Document>("things");
    things.insert_one(doc! {"_id": 1}).await.unwrap();
    let failure = database
        .transaction(async |transaction| {
            let mut session = transaction.session().await;
            things.insert_one(doc! {"_id": 2}).session(&mut *session).await?;
            if let Err(error) = things.insert_one(doc! {"_id": 1}).session(&mut *session).await {
                transaction.note_error(&error);
            }
            Ok::<_, DatabaseError>(())
        })
        .await;
    assert!(matches!(failure, Err(DatabaseError::Doomed(_))), "{failure:?}");
    assert_eq!(things.count_documents(doc! {}).await.unwrap(), 1);
    embedded.stop().await;
}

#[tokio::test]
async fn conflicting_transactions_run_again_until_both_succeed() {
    let (_directory, embedded, database) = started().await;
    let things = database.client().database("app").collection::<Document>("things");
    things.insert_one(doc! {"_id": 1, "n": 0}).await.unwrap();
    // Both have read the same snapshot before either writes, so one of them must run twice.
    let barrier = Arc::new(Barrier::new(2));
    let runs = Arc::new(AtomicU32::new(0));
    let contender = |swallow: bool| {
        let (database, things) = (database.clone(), things.clone());
        let (barrier, runs) = (Arc::clone(&barrier), Arc::clone(&runs));
        tokio::spawn(async move {
            database
                .transaction(|transaction| {
                    let (things, barrier, runs) = (&things, &barrier, &runs);
                    async move {
                        let run = runs.fetch_add(1, Ordering::Relaxed);
                        let mut session = transaction.session().await;
                        let one = doc! {"_id": 1};
                        let read = things.find_one(one.clone()).session(&mut *session).await?;
                        if run < 2 {
                            barrier.wait().await;
                        }
                        let n = read.unwrap().get_i32("n").unwrap();
                        let write = things.update_one(one, doc! {"$set": {"n": n + 1}}).session(&mut *session).await;
                        match write {
                            Err(error) if swallow => transaction.note_error(&error),
                            write => drop(write?),
                        }
                        Ok::<_, DatabaseError>(())
                    }
                })
                .await
        })
    };
    for swallow in [false, true] {
        runs.store(0, Ordering::Relaxed);
        let (left, right) = tokio::join!(contender(swallow), contender(swallow));
        left.unwrap().unwrap();
        right.unwrap().unwrap();
        assert!(runs.load(Ordering::Relaxed) > 2, "nobody ran twice");
    }
    let end = things.find_one(doc! {"_id": 1}).await.unwrap().unwrap();
    assert_eq!(end.get_i32("n").unwrap(), 4);
    embedded.stop().await;
}

/// Where the disk is busy, a commit can take seconds.
#[tokio::test]
async fn a_transaction_outlasts_another_that_takes_its_time() {
    let (_directory, embedded, database) = started().await;
    let things = database.client().database("app").collection::<Document>("things");
    things.insert_one(doc! {"_id": 1, "n": 0}).await.unwrap();
    let (one, more) = (doc! {"_id": 1}, doc! {"$inc": {"n": 1}});
    let slow = database.begin().await.unwrap();
    things.update_one(one.clone(), more.clone()).session(&mut *slow.session().await).await.unwrap();
    let runs = AtomicU32::new(0);
    let quick = database
        .transaction(async |transaction| {
            // After a second or two of pauses.
            if runs.fetch_add(1, Ordering::Relaxed) == 15 {
                slow.commit().await?;
            }
            let mut session = transaction.session().await;
            things.update_one(one.clone(), more.clone()).session(&mut *session).await?;
            Ok::<_, DatabaseError>(())
        })
        .await;
    quick.unwrap();
    assert_eq!(things.find_one(one).await.unwrap().unwrap().get_i32("n").unwrap(), 2);
    embedded.stop().await;
}
