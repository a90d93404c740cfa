//! Random rules and documents, small enough to meet each other.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part")]

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

fn value() -> impl Strategy<Value = Value> {
    select(vec![
        json!(1),
        json!(2),
        json!("ann"),
        json!("bob"),
        json!(null),
        json!(true),
        json!([1, 2]),
        json!(["ann"]),
        json!([]),
        json!({ "x": 1 }),
        json!([{ "x": 1 }, { "y": "ann" }]),
        json!(1.5),
        json!([[1]]),
        json!([null]),
    ])
}

fn field() -> impl Strategy<Value = &'static str> {
    select(vec!["a", "b", "c", "a.x", "b.y"])
}

fn operand() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => value().prop_filter("a plain value", |it| !it.is_object()),
        2 => select(vec![json!("%%user.id"), json!("%%user.custom_data.team"), json!("%%values.gone"), json!("%%values.limit"),
            json!("%%user.custom_data.teams"), json!("%%user.custom_data.nothing")]),
        1 => field().prop_map(|field| json!(format!("%%root.{field}"))),
    ]
}

fn test() -> impl Strategy<Value = Value> {
    let lists = select(vec![
        json!([1, "ann"]),
        json!(["%%user.id", null]),
        json!("%%user.custom_data.teams"),
        json!([]),
        json!("%%root.c"),
    ]);
    prop_oneof![
        operand().prop_filter("no empty list of operators", |it| *it != json!({})),
        (select(vec!["$eq", "$ne", "$gt", "%gte", "$lt", "%lte"]), operand())
            .prop_map(|(name, it)| json!({ name: it })),
        (select(vec!["$in", "$nin", "$all"]), lists).prop_map(|(name, it)| json!({ name: it })),
        any::<bool>().prop_map(|it| json!({ "%exists": it })),
        (0..3).prop_map(|it| json!({ "$size": it })),
        operand().prop_map(|it| json!({ "$not": { "$gt": it } })),
        (operand().prop_filter("known", |it| !it.as_str().is_some_and(|it| it.starts_with("%%root"))), any::<bool>())
            .prop_map(|(it, own)| if own {
                json!({ "$elemMatch": { "x": it } })
            } else {
                json!({ "$elemMatch": { "$ne": it } })
            }),
    ]
}

pub fn expression() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        1 => any::<bool>().prop_map(Value::Bool),
        6 => (field(), test()).prop_map(|(field, test)| json!({ field: test })),
        1 => (select(vec!["%%user.id", "%%user.custom_data.teams", "%%user.custom_data.level", "%%user.custom_data.gone"]),
            select(vec!["$eq", "$ne", "$in", "$nin", "$gt", "$lte"]), field())
            .prop_map(|(fact, name, field)| json!({ fact: { name: format!("%%root.{field}") } })),
        1 => field().prop_map(|it| json!({ "%%true": { "%function": { "name": "isAnn", "arguments": [format!("%%root.{it}")] } } })),
        1 => (field(), any::<bool>()).prop_map(|(field, it)| json!({ (if it { "%%true" } else { "%%false" }): { field: 1 } })),
    ];
    leaf.prop_recursive(2, 6, 2, |inner| {
        let two = prop::collection::vec(inner.clone(), 1..3);
        prop_oneof![
            (select(vec!["%and", "$or", "%nor"]), two).prop_map(|(name, inner)| json!({ name: inner })),
            inner.prop_map(|inner| json!({ "%not": inner })),
        ]
    })
}

fn clause() -> impl Strategy<Value = Option<Value>> {
    prop_oneof![2 => Just(None), 1 => any::<bool>().prop_map(|it| Some(Value::Bool(it))), 1 => expression().prop_map(Some)]
}

fn permission() -> impl Strategy<Value = Value> {
    (clause(), clause()).prop_map(|(read, write)| members([("read", read), ("write", write)]))
}

fn role() -> impl Strategy<Value = Value> {
    let fields =
        prop::collection::btree_map(select(vec!["a", "b", "c"]), (permission(), prop::option::of(permission())), 0..3);
    (expression(), permission(), prop::option::of(permission()), fields, permission()).prop_map(
        |(when, document, filters, fields, additional)| {
            let fields: Value = fields
                .into_iter()
                .map(|(name, (mut own, inner))| {
                    if let Some(inner) = inner {
                        own["fields"] = json!({ "x": inner });
                    }
                    (name.to_owned(), own)
                })
                .collect::<serde_json::Map<_, _>>()
                .into();
            let mut role = document;
            role["apply_when"] = when;
            role["fields"] = fields;
            role["additional_fields"] = additional;
            if let Some(filters) = filters {
                role["document_filters"] = filters;
            }
            role
        },
    )
}

pub fn rules() -> impl Strategy<Value = Value> {
    prop::collection::vec(role(), 1..4).prop_map(|roles| json!({ "roles": roles }))
}

pub fn documents() -> impl Strategy<Value = Value> {
    let field = || prop::option::weighted(0.7, value());
    (field(), field(), field(), field())
        .prop_map(|(a, b, c, d)| members([("_id", Some(json!(1))), ("a", a), ("b", b), ("c", c), ("d", d)]))
}

fn members<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    members
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
