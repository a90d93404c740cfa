//! Tables of cases: who may do what to which document, and why.

mod support;

use bson::doc;
use serde_json::{Value, json};
use support::{Case, World, bind, document, parse, table};
use usher_rules::matcher::Query;
use usher_rules::{Change, Explanation, Expression, Operation, Problem, Rules, Subject, Visible, Write};

#[tokio::test]
async fn expressions_hold_where_they_should() {
    let mut wrong = Vec::new();
    let mut cases = 0;
    for (index, line) in include_str!("expressions.txt").lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        cases += 1;
        let (asked, expected) = line.rsplit_once("->").expect("an outcome");
        let (caller, rest) = asked.split_once(' ').expect("a caller");
        let values = parse(rest, index);
        let [expression, document] = values.as_slice() else { panic!("{line}: two values") };
        let document = support::document(document);
        let bound = bind(&json!({ "roles": [{ "apply_when": expression, "read": true }] }), &World::of(caller)).await;
        let seen = bound.read(&document, &[]).await.expect("a decision").is_some();
        let (matched, exact) = match bound.visible(&[]) {
            Visible::Nothing => (false, true),
            Visible::Matching { query, exact } => {
                (Query::compile(&query).expect("good operators").matches(&document), exact)
            }
        };
        let host = expected.contains("host");
        let agrees = if exact { matched == seen } else { matched || !seen };
        if seen != expected.contains("yes") || exact == host || !agrees {
            wrong.push(format!("{}: {line}: seen {seen}, matched {matched}, exact {exact}", index + 1));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases >= 150, "{cases} cases");
}

#[tokio::test]
async fn roles_decide_as_they_should() {
    let cases = table(include_str!("roles.txt"));
    let mut wrong = Vec::new();
    for case in &cases {
        let explanation = decide(case).await;
        let mut got = vec![if explanation.allowed { "yes" } else { "no" }.to_owned(), explanation.clause.clone()];
        got.extend(explanation.hidden.iter().map(|path| format!("-{path}")));
        if got != case.expected {
            wrong.push(format!("line {}: {got:?} because {}", case.line, explanation.because));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases.len() >= 100, "{} cases", cases.len());
}

async fn decide(case: &Case) -> Explanation {
    let bound = bind(&case.rules, &World::of(&case.caller)).await;
    let first = &case.documents[0];
    let explanation = match (case.operation.as_str(), case.documents.as_slice()) {
        ("read", _) => bound.explain(Operation::Read, first).await,
        ("search", _) => bound.explain(Operation::Search, first).await,
        ("insert", _) => bound.explain_change(Change::Insert(first)).await,
        ("update", [before, after]) => bound.explain_change(Change::Update(before, after)).await,
        ("delete", _) => bound.explain_change(Change::Delete(first)).await,
        // What decides about a document that was found.
        ("change", [before, after]) => bound.write(Change::Update(before, after)).await,
        ("remove", _) => bound.write(Change::Delete(first)).await,
        (other, _) => panic!("line {}: {other}", case.line),
    }
    .expect("a decision");
    if case.operation == "read" {
        let read = bound.read(first, &[]).await.expect("a decision");
        assert_eq!(read.is_some(), explanation.allowed, "line {}: both ways of asking agree", case.line);
    }
    explanation
}

#[tokio::test]
async fn explanations_name_the_values_that_decided() {
    let rules = json!({ "roles": [
        { "name": "owner", "apply_when": { "owner": "%%user.id" }, "read": true, "write": { "count": { "$lt": "%%values.limit" } } },
        { "name": "team", "apply_when": { "team": "%%user.custom_data.team" }, "read": true },
        { "name": "fn", "apply_when": { "%%true": { "%function": { "name": "isAnn", "arguments": ["%%user.id"] } } }, "read": true },
    ] });
    let bob = bind(&rules, &World::of("bob")).await;
    let none = bob.explain(Operation::Read, &doc! { "owner": "ann" }).await.expect("a decision");
    assert_eq!(
        none.because,
        "no role applies (owner: owner is \"ann\", and it is to be \"bob\"; team: %%user.custom_data.team is missing; \
         fn: the function isAnn answered false)"
    );
    let (before, after) = (doc! { "owner": "bob", "count": 9 }, doc! { "owner": "bob", "count": 12 });
    let over = bob.write(Change::Update(&before, &after)).await.expect("a decision");
    assert_eq!((over.clause.as_str(), over.role.as_deref()), ("roles[0].write", Some("owner")));
    assert_eq!(over.because, "count is 12, and it is to match {\"$lt\":10}");
    let filter = json!({ "owner": "%%user.id" });
    let twice = json!({ "roles": [{ "apply_when": {}, "document_filters": { "read": filter, "write": filter }, "read": true }] });
    let hidden = bind(&twice, &World::of("bob")).await.explain(Operation::Read, &doc! { "owner": "ann" }).await;
    assert_eq!(hidden.expect("a decision").because, "owner is \"ann\", and it is to be \"bob\"", "said once");
}

#[tokio::test]
async fn named_fields_have_to_be_readable() {
    let rules = json!({ "roles": [{
        "apply_when": {},
        "fields": { "a": { "fields": { "b": { "read": true } } }, "c": { "read": { "owner": "%%user.id" } }, "d": {} },
        "additional_fields": { "read": true },
    }] });
    let bound = bind(&rules, &World::of("ann")).await;
    let own = Visible::Matching { query: doc! { "owner": { "$eq": "ann" } }, exact: true };
    let all = Visible::Matching { query: doc! {}, exact: true };
    for (path, expected) in [
        ("a", Visible::Nothing),
        ("a.b", all.clone()),
        ("a.b.c", all.clone()),
        ("a.0.b", all.clone()),
        ("a.0", Visible::Nothing),
        ("a.c", Visible::Nothing),
        ("c", own.clone()),
        ("c.x", own.clone()),
        ("d", Visible::Nothing),
        ("d.x", Visible::Nothing),
        ("e.x", all.clone()),
        ("_id", all.clone()),
        ("", Visible::Nothing),
    ] {
        assert_eq!(bound.visible(&[path]), expected, "{path}");
        let seen = bound.read(&doc! { "owner": "bob" }, &[path]).await.expect("a decision").is_some();
        assert_eq!(seen, expected == all, "{path}: the host agrees");
    }
    assert_eq!(bound.visible(&["c", "d"]), Visible::Nothing);
}

/// Whoever writes a document decides how many fields it has: were each compared with the others, this would not end.
#[tokio::test]
async fn many_hidden_fields_cost_no_more_than_they_are() {
    let many = 300_000;
    let profile: bson::Document = std::iter::once(("name".to_owned(), "bob".into()))
        .chain((0..many).map(|n| (format!("f{n}"), bson::Bson::from(n))))
        .collect();
    let rules = json!({ "roles": [{ "apply_when": {}, "fields": { "name": { "read": true } } }] });
    let bound = bind(&rules, &World::of("ann")).await;
    assert_eq!(bound.read(&profile, &[]).await.expect("a decision"), Some(doc! { "name": "bob" }));
    let paths: Vec<String> = profile.keys().cloned().collect();
    let readable = bound.readable(&profile, &paths).await.expect("decisions");
    assert_eq!(readable.iter().filter(|readable| **readable).count(), 1);
    let told = bound.explain(Operation::Read, &profile).await.expect("a decision");
    assert_eq!(told.hidden.len(), usize::try_from(many).expect("positive"));
}

#[tokio::test]
async fn fields_are_asked_about_together() {
    let rules = json!({ "roles": [
        { "apply_when": { "owner": "%%user.id" }, "read": true },
        { "apply_when": { "open": true }, "fields": { "name": { "read": true }, "address": { "fields": { "city": { "read": true } } } } },
    ] });
    let bound = bind(&rules, &World::of("ann")).await;
    let paths = ["name", "salary", "address", "address.city", "address.0.city", "_id"].map(str::to_owned);
    for (document, expected) in [
        (doc! { "owner": "ann" }, [true; 6]),
        (doc! { "owner": "bob", "open": true }, [true, false, false, true, true, true]),
        (doc! { "owner": "bob" }, [false; 6]),
    ] {
        assert_eq!(bound.readable(&document, &paths).await.expect("decisions"), expected, "{document}");
        for (path, expected) in paths.iter().zip(expected) {
            let alone = bound.read(&document, &[path]).await.expect("a decision").is_some();
            assert_eq!(alone, expected, "{path} of {document}");
        }
    }
}

#[tokio::test]
async fn writes_are_picked_by_a_query_where_it_can_tell() {
    let owner = json!({ "apply_when": { "owner": "%%user.id" }, "read": true, "write": true });
    let everybody = json!({ "apply_when": {}, "read": true, "write": false });
    let own = || Visible::Matching { query: doc! { "owner": { "$eq": "ann" } }, exact: true };
    let filters = json!({ "read": { "owner": "%%user.id" }, "write": { "owner": "%%user.id" } });
    let draft = json!({ "apply_when": {}, "read": true, "write": { "state": "draft" } });
    let fields = json!({ "apply_when": { "owner": "%%user.id" }, "fields": { "a": { "write": true } }, "additional_fields": { "write": true } });
    let asked = json!({ "apply_when": { "owner": "%%user.id" }, "read": true, "write": true,
        "delete": { "%function": { "name": "isAnn", "arguments": ["%%root.a"] } } });
    let drafts = Visible::Matching { query: doc! { "state": { "$eq": "draft" } }, exact: true };
    let nothing = || Visible::Nothing;
    let text = || (vec!["text".to_owned()], doc! { "text": 1 });
    let to = |owner: &str| (vec!["owner".to_owned(), "text".to_owned()], doc! { "owner": owner, "text": 1 });
    let touches = |path: &str| (vec![path.to_owned()], doc! {});
    for (roles, update, updates, deletes) in [
        (json!([owner]), text(), own(), own()),
        (json!([owner, everybody]), text(), own(), own()),
        (json!([{ "apply_when": {}, "document_filters": filters, "read": true, "write": true }]), text(), own(), own()),
        (json!([fields]), text(), own(), own()),
        // The whole object is sent, with the owner that it has.
        (json!([owner]), to("ann"), own(), own()),
        // Given away, or touched in a way that only the changed document tells.
        (json!([owner]), to("bob"), nothing(), own()),
        (json!([owner]), touches("owner.x"), nothing(), own()),
        (json!([draft]), touches("state"), nothing(), drafts.clone()),
        (json!([draft]), text(), drafts.clone(), drafts),
        // A role before it could come to apply.
        (
            json!([{ "apply_when": { "locked": true }, "read": true }, owner]),
            touches("locked"),
            nothing(),
            Visible::Matching {
                query: doc! { "$and": [{ "owner": { "$eq": "ann" } }, { "locked": { "$ne": true } }] },
                exact: true,
            },
        ),
    ] {
        let bound = bind(&json!({ "roles": roles }), &World::of("ann")).await;
        let (touched, set) = update;
        let got = bound.permitted(Write::Update { touched: &touched, set: &set }, &[]);
        assert_eq!(got, updates, "{roles}: {touched:?} {set}");
        assert_eq!(bound.permitted(Write::Delete, &[]), deletes, "{roles}");
    }
    let bound = bind(&json!({ "roles": [asked] }), &World::of("ann")).await;
    assert!(
        matches!(bound.permitted(Write::Delete, &[]), Visible::Matching { exact: false, .. }),
        "a function decides"
    );
}

#[tokio::test]
async fn answers_are_remembered_for_one_operation_and_within_bounds() {
    let rules = json!({ "roles": [{
        "apply_when": { "%%true": { "%function": { "name": "same", "arguments": ["%%root.a", "%%root.b"] } } }, "read": true,
    }] });
    let world = World::of("ann");
    let bound = bind(&rules, &world).await;
    let calls = || std::mem::take(&mut *world.calls.lock().expect("no test panics here")).len();
    let document = |text: &str| doc! { "a": text, "b": text };
    let operation = bound.for_one_operation();
    for (rules, expected) in [(&operation, 1), (&bound, 3), (&operation, 0), (&bound.for_one_operation(), 1)] {
        for _ in 0..3 {
            assert!(rules.read(&document("x"), &[]).await.expect("a decision").is_some());
        }
        assert_eq!(calls(), expected);
    }
    // Each of these questions is larger than all that is remembered; it is asked once while it is decided.
    let large = "x".repeat(usher_contract::limits::RULE_ANSWERS_BYTES);
    for _ in 0..2 {
        assert!(operation.read(&document(&large), &[]).await.expect("a decision").is_some());
        assert_eq!(calls(), 1);
    }
}

/// What narrows every query, and what has to be found before it changes.
#[tokio::test]
async fn explanations_begin_where_operations_do() {
    let rules = json!({
        "roles": [{ "apply_when": {}, "read": true, "write": true }],
        "filters": [{ "apply_when": {}, "query": { "for": "%%user.id" }, "projection": { "inner": 0, "address.street": 0 } }],
    });
    let bound = bind(&rules, &World::of("ann")).await;
    let (own, other) =
        (doc! { "for": "ann", "inner": 1, "address": { "street": 1, "town": 2 } }, doc! { "for": "bob" });
    let read = bound.explain(Operation::Read, &own).await.expect("a decision");
    assert_eq!(
        (read.allowed, read.hidden.as_slice()),
        (true, &["inner".to_owned(), "address (in part)".to_owned()][..])
    );
    for found in [
        bound.explain(Operation::Read, &other).await,
        bound.explain(Operation::Search, &other).await,
        bound.explain_change(Change::Update(&other, &own)).await,
        bound.explain_change(Change::Delete(&other)).await,
    ] {
        let found = found.expect("a decision");
        assert_eq!((found.allowed, found.clause.as_str()), (false, "filters"), "{found:?}");
        assert!(found.because.contains("a filter narrows every query to {\"for\":{\"$eq\":\"ann\"}}"), "{found:?}");
    }
    let inserted = bound.explain_change(Change::Insert(&other)).await.expect("a decision");
    assert!(inserted.allowed, "a filter is about queries: {inserted:?}");

    let hidden = json!({ "roles": [{ "apply_when": {}, "document_filters": { "read": { "open": true } }, "read": true, "write": true }] });
    let bound = bind(&hidden, &World::of("ann")).await;
    let unseen = bound.explain_change(Change::Delete(&doc! { "open": false })).await.expect("a decision");
    assert_eq!((unseen.allowed, unseen.clause.as_str()), (false, "roles[0].document_filters.read"));
    assert!(unseen.because.starts_with("the document is not found: "), "{unseen:?}");
}

#[tokio::test]
async fn the_account_is_asked_for_where_rules_speak_of_it() {
    use std::sync::Arc;
    for (expression, asks) in [
        (json!({ "owner": "%%user.id", "%%user.custom_data.role": "admin" }), false),
        (json!({ "%or": [{ "a": 1 }, { "%not": { "%%user.data.email": "x" } }] }), true),
        (json!({ "%%user.type": { "$exists": true } }), true),
        (json!({ "a": { "$in": ["%%user.identities"] } }), true),
        (json!({ "a": { "$elemMatch": { "b": "%%user.data.name" } } }), true),
        (json!({ "%%true": { "%function": { "name": "isAnn", "arguments": ["%%user"] } } }), true),
        (json!({ "%%values.limit": 1, "%%request.httpMethod": "%%environment.tag" }), false),
    ] {
        let role = json!({ "apply_when": {}, "fields": { "a": { "fields": { "b": { "write": expression } } } } });
        let filter = json!({ "apply_when": {}, "query": { "a": "%%user.id" } });
        for rules in [
            json!({ "roles": [{ "apply_when": expression }] }),
            json!({ "roles": [role] }),
            json!({ "roles": [], "filters": [filter] }),
        ] {
            let world = World::of("ann");
            Arc::new(Rules::compile(&rules).expect("good rules")).bind(world.clone()).await.expect("they bind");
            let asks = asks && rules.get("filters").is_none();
            assert_eq!(world.asked_for_account.load(std::sync::atomic::Ordering::Relaxed), asks, "{rules}");
        }
    }
}

#[tokio::test]
async fn queries_are_simple_where_rules_are() {
    let owner = json!({ "apply_when": { "owner": "%%user.id" }, "read": true, "write": true });
    let all = json!({ "apply_when": {}, "read": { "public": true } });
    for (roles, expected) in [
        (json!([owner]), doc! { "owner": { "$eq": "ann" } }),
        (json!([owner, { "apply_when": {}, "read": false }]), doc! { "owner": { "$eq": "ann" } }),
        (json!([owner, all]), doc! { "$or": [{ "owner": { "$eq": "ann" } }, { "public": { "$eq": true } }] }),
        (
            json!([{ "apply_when": { "owner": "%%user.id" }, "read": { "open": true } }, all]),
            doc! { "$or": [
                { "$and": [{ "owner": { "$eq": "ann" } }, { "open": { "$eq": true } }] },
                { "$and": [{ "public": { "$eq": true } }, { "owner": { "$ne": "ann" } }] },
            ] },
        ),
    ] {
        let bound = bind(&json!({ "roles": roles }), &World::of("ann")).await;
        assert_eq!(bound.visible(&[]), Visible::Matching { query: expected, exact: true }, "{roles}");
    }
    let nobody = bind(&json!({ "roles": [] }), &World::of("ann")).await;
    assert_eq!((nobody.visible(&[]), nobody.mask()), (Visible::Nothing, Some(doc! { "_id": 1 })));
}

#[tokio::test]
async fn masks_hide_what_any_role_hides() {
    let open = json!({ "apply_when": { "o": 1 }, "read": true });
    let except = json!({ "apply_when": { "o": 2 }, "fields": { "x": {}, "y": { "fields": { "z": { "read": true } } } }, "additional_fields": { "read": true } });
    let only = json!({ "apply_when": { "o": 3 }, "fields": { "a": { "read": true }, "b": { "fields": { "c": { "write": true }, "d": {} } }, "x": { "read": true } } });
    let inner = json!({ "apply_when": { "o": 4 }, "fields": { "a": { "fields": { "q": { "read": true } } }, "e": { "read": { "f": 1 } } } });
    let own = json!({ "apply_when": { "o": 5 }, "read": { "public": true } });
    for (roles, expected) in [
        (json!([open]), None),
        (json!([own]), None),
        (json!([open, except]), Some(doc! { "x": 0, "y": 0 })),
        (json!([open, only]), Some(doc! { "_id": 1, "a": 1, "b.c": 1, "x": 1 })),
        (json!([except, only]), Some(doc! { "_id": 1, "a": 1, "b.c": 1 })),
        (json!([only, inner]), Some(doc! { "_id": 1, "a.q": 1 })),
        (json!([inner]), Some(doc! { "_id": 1, "a.q": 1 })),
    ] {
        let bound = bind(&json!({ "roles": roles }), &World::of("ann")).await;
        assert_eq!(bound.mask(), expected, "{roles}");
        assert_eq!(bound.reads_whole(), expected.is_none(), "{roles}");
    }
}

#[tokio::test]
async fn only_what_is_certain_is_free() {
    let everything = json!({ "apply_when": {}, "read": true, "write": true });
    let owner = json!({ "apply_when": { "owner": "%%user.id" }, "read": true, "write": true });
    let read = json!({ "apply_when": {}, "read": true });
    let late = json!({ "apply_when": {}, "read": true, "write": true, "delete": { "%function": { "name": "isAnn", "arguments": ["%%user.id"] } } });
    let filtered = json!({ "apply_when": {}, "document_filters": { "read": { "a": 1 } }, "read": true, "write": true });
    use Operation::{Delete, Insert, Read, Search, Update};
    for (roles, expected) in [
        (json!([everything]), vec![Read, Insert, Update, Delete, Search]),
        (json!([owner]), vec![]),
        (json!([owner, everything]), vec![Read, Insert, Update, Delete, Search]),
        (json!([owner, read]), vec![Read, Search]),
        (json!([late]), vec![Read, Insert, Update, Search]),
        (json!([filtered]), vec![Insert]),
        (json!([]), vec![]),
    ] {
        let bound = bind(&json!({ "roles": roles }), &World::of("ann")).await;
        let free: Vec<Operation> =
            [Read, Insert, Update, Delete, Search].into_iter().filter(|it| bound.free(*it)).collect();
        assert_eq!(free, expected, "{roles}");
    }
}

#[tokio::test]
async fn filters_apply_to_those_they_should() {
    let filter = |filter: Value| json!({ "roles": [], "filters": [filter] });
    let nothing = doc! { "_id": { "$in": [] } };
    for (caller, one, expected) in [
        ("ann", json!({ "apply_when": {}, "query": { "owner": "%%user.id" } }), doc! { "owner": { "$eq": "ann" } }),
        ("ann", json!({ "apply_when": { "%%user.type": "server" }, "query": { "owner": "%%user.id" } }), doc! {}),
        ("bob", json!({ "apply_when": {}, "query": { "team": "%%user.custom_data.team" } }), nothing.clone()),
        ("ann", json!({ "apply_when": {}, "query": { "a": "%%user.custom_data.trick" } }), nothing.clone()),
        (
            "ann",
            json!({ "apply_when": {}, "query": { "a": { "$all": ["%%user.custom_data.trick"] } } }),
            nothing.clone(),
        ),
        ("ann", json!({ "apply_when": {}, "query": { "a": "%%user.custom_data.pattern" } }), nothing.clone()),
        ("ann", json!({ "apply_when": {}, "query": { "a": { "$in": "%%user.id" } } }), nothing.clone()),
        (
            "ann",
            json!({ "query": { "%or": [{ "a": { "%in": "%%values.admins" } }, { "b": { "$gt": 1 } }] } }),
            doc! { "$or": [{ "a": { "$in": ["ann", "dee"] } }, { "b": { "$gt": 1 } }] },
        ),
        (
            "hex",
            json!({ "apply_when": {}, "query": { "_id": { "%stringToOid": "%%user.id" } } }),
            doc! { "_id": { "$eq": document(&json!({ "it": { "$oid": "0123456789abcdef01234567" } })).get("it") } },
        ),
    ] {
        let bound = bind(&filter(one.clone()), &World::of(caller)).await;
        assert_eq!(bound.filter(), expected, "{one}");
    }
    let two = json!({ "filters": [
        { "apply_when": true, "query": { "a": 1 }, "projection": { "b": 0, "c": 0 } },
        { "apply_when": true, "query": { "d": 1 } },
        { "apply_when": false, "query": { "e": 1 }, "projection": { "f": 1 } },
    ] });
    let bound = bind(&two, &World::of("ann")).await;
    assert_eq!(bound.filter(), doc! { "$and": [{ "a": 1 }, { "d": 1 }] });
    assert_eq!(bound.projections(), [doc! { "b": 0, "c": 0 }]);
}

#[tokio::test]
async fn functions_are_called_no_more_than_needed() {
    let admin = json!({ "%%true": { "%function": { "name": "isAnn", "arguments": ["%%user.id"] } } });
    let rules = json!({ "roles": [
        { "apply_when": admin, "read": true, "write": true, "insert": { "%function": { "name": "late" } } },
        { "apply_when": {}, "read": admin },
        { "apply_when": { "%function": { "name": "never" } }, "read": true },
    ] });
    let ann = World::of("ann");
    let bound = bind(&rules, &ann).await;
    bound.read(&doc! {}, &[]).await.expect("a decision");
    assert_eq!(
        *ann.calls.lock().expect("calls"),
        [("isAnn".to_owned(), vec!["ann".into()])],
        "once, for all documents"
    );
    bound.write(Change::Insert(&doc! {})).await.expect("a decision");
    assert_eq!(ann.calls.lock().expect("calls").last().expect("a call").0, "late");

    let busy = json!({ "roles": [{ "apply_when": { "%function": { "name": "busy", "arguments": ["%%root"] } }, "read": true }] });
    let failure = bind(&busy, &ann).await.read(&doc! {}, &[]).await.expect_err("the host could not ask");
    assert_eq!(failure.code, "Overloaded");
}

#[tokio::test]
async fn calls_are_judged_by_their_arguments() {
    let around: std::sync::Arc<dyn usher_rules::Surroundings> = World::of("ann");
    for (expression, arguments, expected) in [
        (json!({}), doc! {}, true),
        (json!(false), doc! {}, false),
        (json!({ "%%args.0": "%%user.id" }), doc! { "0": "ann" }, true),
        (json!({ "%%args.0": "%%user.id" }), doc! { "0": "bob" }, false),
        (
            json!({ "%%args.url.host": { "%in": ["api.example.org"] } }),
            doc! { "url": { "host": "api.example.org" } },
            true,
        ),
        (json!({ "name": "x" }), doc! { "name": "x" }, true),
        (json!({ "%%true": { "%function": { "name": "same", "arguments": ["%%args.0", 1] } } }), doc! { "0": 1 }, true),
        (json!({ "%function": { "name": "throws" } }), doc! {}, false),
    ] {
        let compiled = Expression::compile(&expression, Subject::Arguments).expect("good");
        assert_eq!(compiled.holds(&arguments, &around).await.expect("a decision"), expected, "{expression}");
    }
}

#[test]
fn problems_say_where_and_what() {
    let role = |role: Value| json!({ "roles": [role] });
    let when = |expression: Value| json!({ "roles": [{ "apply_when": expression }] });
    for (rules, path, message) in [
        (json!([]), "", "rules are an object"),
        (json!({ "rolse": [] }), "rolse", "did you mean `roles`?"),
        (json!({ "roles": {} }), "roles", "not a list"),
        (json!({ "roles": [1] }), "roles.0", "an object"),
        (role(json!({ "name": "x" })), "roles.0", "without `apply_when`"),
        (role(json!({ "apply_when": {}, "wirte": false })), "roles.0.wirte", "did you mean `write`?"),
        (role(json!({ "apply_when": null })), "roles.0.apply_when", "true, false or an object"),
        (role(json!({ "apply_when": {}, "read": "yes" })), "roles.0.read", "true, false or an object"),
        (
            role(json!({ "apply_when": {}, "document_filters": { "raed": true } })),
            "roles.0.document_filters.raed",
            "did you mean `read`?",
        ),
        (role(json!({ "apply_when": {}, "fields": { "a.b": {} } })), "roles.0.fields.a.b", "not the name of a field"),
        (role(json!({ "apply_when": {}, "fields": { "a": true } })), "roles.0.fields.a", "are an object"),
        (
            role(json!({ "apply_when": {}, "fields": { "a": { "field": {} } } })),
            "roles.0.fields.a.field",
            "did you mean `fields`?",
        ),
        (role(json!({ "apply_when": {}, "additional_fields": true })), "roles.0.additional_fields", "not an object"),
        (when(json!({ "%%usr.id": 1 })), "roles.0.apply_when.%%usr.id", "did you mean `user`?"),
        (when(json!({ "a": "%%user.custom_dta.x" })), "roles.0.apply_when.a", "did you mean `custom_data`?"),
        (when(json!({ "a": "%%user." })), "roles.0.apply_when.a", "empty part"),
        (when(json!({ "a": "%%partition" })), "roles.0.apply_when.a", "Device Sync"),
        (when(json!({ "a": "%%args.0" })), "roles.0.apply_when.a", "arguments of a call"),
        (when(json!({ "a": { "$eqq": 1 } })), "roles.0.apply_when.a.$eqq", "did you mean `eq`?"),
        (when(json!({ "a": { "$where": "1" } })), "roles.0.apply_when.a.$where", "unknown operator"),
        (when(json!({ "a": { "$regex": "x" } })), "roles.0.apply_when.a.$regex", "regular expressions"),
        (when(json!({ "a": { "$or": [] } })), "roles.0.apply_when.a.$or", "joins expressions"),
        (when(json!({ "$expr": 1 })), "roles.0.apply_when.$expr", "unknown operator"),
        (when(json!({ "$eq": 1 })), "roles.0.apply_when.$eq", "where a field is expected"),
        (when(json!({ "%or": {} })), "roles.0.apply_when.%or", "a list of expressions"),
        (when(json!({ "%or": [{ "a": { "$in": 1 } }] })), "roles.0.apply_when.%or.0.a.$in", "takes a list"),
        (when(json!({ "a": { "$size": -1 } })), "roles.0.apply_when.a.$size", "a whole number"),
        (when(json!({ "a": { "$exists": "x" } })), "roles.0.apply_when.a.$exists", "true or false"),
        (when(json!({ "a": { "$gt": 1, "b": 2 } })), "roles.0.apply_when.a.b", "beside operators"),
        (when(json!({ "a": { "$oid": "x" } })), "roles.0.apply_when.a", "Extended JSON"),
        (when(json!({ "a": { "%stringToOid": "x" } })), "roles.0.apply_when.a.%stringToOid", "cannot be converted"),
        (
            when(json!({ "a": { "%stringToId": "x" } })),
            "roles.0.apply_when.a.%stringToId",
            "did you mean `stringToOid`?",
        ),
        (
            when(json!({ "a": { "$elemMatch": { "b": "%%root.c" } } })),
            "roles.0.apply_when.a.$elemMatch.b",
            "cannot be compared",
        ),
        (
            when(json!({ "%function": { "name": "f", "args": [] } })),
            "roles.0.apply_when.%function.args",
            "has no `args`",
        ),
        (when(json!({ "%function": {} })), "roles.0.apply_when.%function", "names no function"),
        (when(json!({ "a..b": 1 })), "roles.0.apply_when.a..b", "not the name of a field"),
        (
            json!({ "filters": [{ "apply_when": { "%%root.a": 1 } }] }),
            "filters.0.apply_when.%%root.a",
            "a filter is decided before",
        ),
        (json!({ "filters": [{ "apply_when": { "a": 1 } }] }), "filters.0.apply_when.a", "a filter is decided before"),
        (json!({ "filters": [{ "query": { "$where": "1" } }] }), "filters.0.query", "`$where` cannot be used"),
        (json!({ "filters": [{ "query": { "a": { "$not": "%%user.id" } } }] }), "filters.0.query", "`$not` takes"),
        (json!({ "filters": [{ "query": { "$and": "%%values.x" } }] }), "filters.0.query", "`$and` takes"),
        (json!({ "filters": [{ "projection": { "a": 1, "b": 0 } }] }), "filters.0.projection", "either shows"),
        (json!({ "filters": [{ "projection": { "a": "$b" } }] }), "filters.0.projection.a", "shows or hides"),
    ] {
        let problems = Rules::compile(&rules).expect_err("a mistake");
        let [Problem { path: found, message: said, help }] = problems.as_slice() else {
            panic!("{rules}: {problems:?}")
        };
        assert_eq!(found.join("."), path, "{rules}: {said}");
        assert!(said.contains(message), "{rules}: {said}");
        assert!(!help.is_empty(), "{rules}: says what to do");
    }
    let root = Expression::compile(&json!({ "%%root.a": 1 }), Subject::Arguments).expect_err("a mistake");
    assert!(root[0].message.contains("there is none here"), "{root:?}");
    let many = Rules::compile(&when(json!({ "%%x": 1, "a": { "$b": 1 }, "$c": 1 }))).expect_err("mistakes");
    assert_eq!(many.len(), 3, "every mistake is told at once: {many:?}");
}

#[test]
fn what_exports_write_beside_rules_is_no_mistake() {
    let rules = Rules::compile(&json!({
        "id": "5f", "database": "d", "collection": "c", "schema": {}, "relationships": {},
        "roles": [{ "id": "6a", "name": "r", "apply_when": {}, "read": null, "fields": null, "additional_fields": {} }],
        "filters": null,
    }));
    assert!(rules.expect("good").has_roles());
    assert!(!Rules::compile(&json!({ "database": "d" })).expect("good").has_roles());
}
