//! Custom user data (reference 1).

use bson::oid::ObjectId;
use bson::spec::BinarySubtype;
use bson::{Binary, Bson, DateTime, DbPointer, Decimal128, JavaScriptCodeWithScope, Regex, Timestamp, doc};
use futures::TryStreamExt as _;
use serde_json::json;
use usher_identity::IdentityError;

use crate::support::{Host, PASSWORD, app, claims};

#[tokio::test]
async fn the_lookup_prefers_strings_and_then_the_first() {
    let host = Host::start().await;
    let data = host.custom_data();
    let user = ObjectId::new();
    let (hex, object_id) = (Bson::from(user.to_hex()), Bson::from(user));
    for (documents, expected) in [
        (vec![], None),
        (vec![&hex], Some(0)),
        (vec![&object_id], Some(0)),
        (vec![&object_id, &hex], Some(1)),
        (vec![&hex, &object_id], Some(0)),
        (vec![&hex, &hex, &hex], Some(0)),
        (vec![&object_id, &object_id], Some(0)),
        (vec![&object_id, &hex, &hex, &object_id], Some(1)),
    ] {
        data.delete_many(doc! {}).await.unwrap();
        data.insert_one(doc! {"user_id": "somebody else", "n": 100}).await.unwrap();
        for (n, id) in documents.iter().enumerate() {
            data.insert_one(doc! {"user_id": *id, "n": n as i32}).await.unwrap();
        }
        let found = host.identity.custom_data(&app(), &user.to_hex()).await.unwrap();
        assert_eq!(found.map(|document| document.get_i32("n").unwrap()), expected, "{documents:?}");
    }
    // Not by whatever else the field may hold.
    data.delete_many(doc! {}).await.unwrap();
    data.insert_one(doc! {"user_id": user.to_hex().to_uppercase()}).await.unwrap();
    assert_eq!(host.identity.custom_data(&app(), &user.to_hex()).await.unwrap(), None);

    // `_id` as the field.
    let mut by_id = app();
    by_id.custom_user_data.user_id_field = "_id".to_owned();
    by_id.custom_user_data.collection = "profiles".to_owned();
    host.identity.prepare_app(&by_id).await.unwrap();
    let profiles = host.database.client().database("shop").collection("profiles");
    profiles.insert_one(doc! {"_id": user, "n": 1}).await.unwrap();
    let found = host.identity.custom_data(&by_id, &user.to_hex()).await.unwrap();
    assert_eq!(found, Some(doc! {"_id": user, "n": 1}));
    profiles.insert_one(doc! {"_id": user.to_hex(), "n": 2}).await.unwrap();
    let found = host.identity.custom_data(&by_id, &user.to_hex()).await.unwrap();
    assert_eq!(found, Some(doc! {"_id": user.to_hex(), "n": 2}));

    let mut off = app();
    off.custom_user_data.enabled = false;
    data.insert_one(doc! {"user_id": &hex}).await.unwrap();
    assert_eq!(host.identity.custom_data(&off, &user.to_hex()).await.unwrap(), None);
    host.stop().await;
}

#[tokio::test]
async fn the_claim_is_canonical_with_a_bare_top_level_id() {
    let host = Host::start().await;
    let ann = host.user("ann@example.com").await;
    let (id, other) = (ObjectId::new(), ObjectId::parse_str("65f0123456789abcdef01234").unwrap());
    let document = doc! {
        "_id": id,
        "user_id": &ann.user_id,
        "double": 1.5,
        "string": "text",
        "document": {"_id": other, "n": 1},
        "array": [1, "two", other],
        "binary": Binary { subtype: BinarySubtype::Generic, bytes: vec![1, 2, 3] },
        "uuid": bson::Uuid::from_bytes([7; 16]),
        "undefined": Bson::Undefined,
        "objectId": other,
        "bool": true,
        "date": DateTime::from_millis(1_565_721_223_187),
        "early": DateTime::from_millis(-1),
        "null": Bson::Null,
        "regex": Regex { pattern: "^a".try_into().unwrap(), options: "i".try_into().unwrap() },
        "dbPointer": Bson::DbPointer(pointer(other)),
        "code": Bson::JavaScriptCode("f()".to_owned()),
        "symbol": Bson::Symbol("sym".to_owned()),
        "scoped": JavaScriptCodeWithScope { code: "g()".to_owned(), scope: doc! {"x": 1} },
        "int32": 13,
        "timestamp": Timestamp { time: 1, increment: 2 },
        "int64": 13_i64,
        "decimal": "1.50".parse::<Decimal128>().unwrap(),
        "minKey": Bson::MinKey,
        "maxKey": Bson::MaxKey,
        "infinity": f64::INFINITY,
    };
    host.custom_data().insert_one(document).await.unwrap();
    let oid = json!({"$oid": other.to_hex()});
    let expected = json!({
        "_id": id.to_hex(),
        "user_id": ann.user_id,
        "double": {"$numberDouble": "1.5"},
        "string": "text",
        "document": {"_id": oid, "n": {"$numberInt": "1"}},
        "array": [{"$numberInt": "1"}, "two", oid],
        "binary": {"$binary": {"base64": "AQID", "subType": "00"}},
        "uuid": {"$binary": {"base64": "BwcHBwcHBwcHBwcHBwcHBw==", "subType": "04"}},
        "undefined": {"$undefined": true},
        "objectId": oid,
        "bool": true,
        "date": {"$date": {"$numberLong": "1565721223187"}},
        "early": {"$date": {"$numberLong": "-1"}},
        "null": null,
        "regex": {"$regularExpression": {"pattern": "^a", "options": "i"}},
        "dbPointer": {"$dbPointer": {"$ref": "db.collection", "$id": oid}},
        "code": {"$code": "f()"},
        "symbol": {"$symbol": "sym"},
        "scoped": {"$code": "g()", "$scope": {"x": {"$numberInt": "1"}}},
        "int32": {"$numberInt": "13"},
        "timestamp": {"$timestamp": {"t": 1, "i": 2}},
        "int64": {"$numberLong": "13"},
        "decimal": {"$numberDecimal": "1.50"},
        "minKey": {"$minKey": 1},
        "maxKey": {"$maxKey": 1},
        "infinity": {"$numberDouble": "Infinity"},
    });
    let login = host.login("ann@example.com", PASSWORD).await.unwrap();
    let fresh = host.identity.refresh(&app(), &ann.refresh_token).await.unwrap();
    for token in [&login.access_token, &fresh] {
        assert_eq!(claims(token)["user_data"], expected);
        let verified = host.identity.verify_access(&app(), token).await.unwrap();
        let data: serde_json::Value = serde_json::from_str(&verified.user_data.unwrap()).unwrap();
        assert_eq!(data, expected);
    }
    assert!(claims(&login.refresh_token).get("user_data").is_none(), "only access tokens carry it");
    assert_eq!(host.identity.profile(&app(), &ann.user_id).await.unwrap().custom_data, Some(expected));

    host.identity.delete_custom_data(&app(), &ann.user_id).await.unwrap();
    let gone = host.identity.refresh(&app(), &ann.refresh_token).await.unwrap();
    assert!(claims(&gone).get("user_data").is_none(), "absent, not null");
    host.stop().await;
}

/// `DbPointer` has no public constructor.
fn pointer(id: ObjectId) -> DbPointer {
    let json = json!({"$dbPointer": {"$ref": "db.collection", "$id": {"$oid": id.to_hex()}}});
    match Bson::try_from(json).unwrap() {
        Bson::DbPointer(pointer) => pointer,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_operator_may_change_all_but_whose_it_is() {
    let host = Host::start().await;
    let user = ObjectId::new();
    let hex = user.to_hex();
    let set = async |fields| host.identity.set_custom_data(&app(), &hex, fields).await;
    for fields in [
        doc! {},
        doc! {"user_id": "somebody else"},
        doc! {"user_id.x": 1},
        doc! {"_id": 1},
        doc! {"$set": {"user_id": 1}},
        doc! {"": 1},
    ] {
        let refusal = set(fields.clone()).await;
        assert!(matches!(refusal, Err(IdentityError::BadRequest(_))), "{fields}: {refusal:?}");
    }
    assert_eq!(host.custom_data().count_documents(doc! {}).await.unwrap(), 0);

    let made = set(doc! {"colour": "red", "address.city": "Rome"}).await.unwrap();
    assert_eq!(made.get_str("user_id").unwrap(), hex);
    assert_eq!(made.get_document("address").unwrap(), &doc! {"city": "Rome"});
    let changed = set(doc! {"colour": "blue"}).await.unwrap();
    assert_eq!((changed.get("_id"), changed.get_str("colour").unwrap()), (made.get("_id"), "blue"));
    assert_eq!(host.identity.custom_data(&app(), &hex).await.unwrap(), Some(changed));

    host.custom_data().insert_many([doc! {"user_id": user}, doc! {"user_id": "somebody else"}]).await.unwrap();
    assert_eq!(host.identity.delete_custom_data(&app(), &hex).await.unwrap(), 2);
    assert_eq!(host.custom_data().count_documents(doc! {}).await.unwrap(), 1);

    let mut off = app();
    off.custom_user_data.enabled = false;
    let refusal = host.identity.set_custom_data(&off, &hex, doc! {"a": 1}).await;
    assert!(matches!(refusal, Err(IdentityError::BadRequest(_))), "{refusal:?}");
    host.stop().await;
}

#[tokio::test]
async fn preparing_an_app_makes_one_index_and_respects_those_there() {
    let host = Host::start().await;
    let keys = async |collection: &str| -> Vec<bson::Document> {
        let collection = host.database.client().database("shop").collection::<bson::Document>(collection);
        let indexes: Vec<_> = collection.list_indexes().await.unwrap().try_collect().await.unwrap();
        indexes.into_iter().map(|index| index.keys).collect()
    };
    host.identity.prepare_app(&app()).await.unwrap();
    let ascending = keys("custom_data").await;
    assert_eq!(ascending.len(), 2, "{ascending:?}");
    assert!(ascending[1].contains_key("user_id"));

    let mut own = app();
    own.custom_user_data.collection = "own".to_owned();
    let collection = host.database.client().database("shop").collection::<bson::Document>("own");
    host.database
        .ensure_indexes(&collection, [usher_database::index::unique(doc! {"user_id": 1, "kind": 1})])
        .await
        .unwrap();
    host.identity.prepare_app(&own).await.unwrap();
    assert_eq!(keys("own").await.len(), 2, "the app's own index will do");
    host.stop().await;
}
