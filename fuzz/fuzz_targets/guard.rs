//! Any operation, under a whole collection and under parts of one: the guard refuses it, or its command does what a
//! command may ([`oracle`]).
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use usher_capability::Scope;
use usher_capability::guard::{self, Call, Checked};
use usher_contract::{ErrorCode, Failure, Operation, Operations};
use usher_fuzz::oracle::{self, Added};
use usher_fuzz::{operation, scopes};

const ADDED: Added<'static> = Added { invocation: "65a0000000000000000000ff", milliseconds: 5000 };

fuzz_target!(|data: &[u8]| {
    let operation = operation::read(data);
    let whole = scopes::whole();
    let passed = judged(&whole, &operation);
    for part in scopes::parts() {
        // Less can be done with a part of a collection than with all of it.
        if judged(&part, &operation) {
            assert!(passed, "passes under {part:?} but not under the whole collection: {operation:?}");
        }
    }

    let read = Operations { read: true, insert: false, update: false, delete: false };
    if let Ok(checked) = check(&Scope { operations: read, ..whole.clone() }, &operation) {
        assert!(checked.answer.is_read(), "a grant to read does more: {operation:?}");
    }
    let nothing = Operations { read: false, ..read };
    match check(&Scope { operations: nothing, ..whole }, &operation) {
        Err(failure) if failure.is(ErrorCode::OperationNotAllowed) => {}
        other => panic!("a grant of nothing: {other:?}"),
    }
});

fn check(scope: &Scope, operation: &Operation) -> Result<Checked, Failure> {
    let call = Call { invocation: ADDED.invocation, remaining: Duration::from_millis(5000) };
    guard::check(scope, operation, call)
}

/// Whether the operation passes. If it does, its command must be a good one.
fn judged(scope: &Scope, operation: &Operation) -> bool {
    let Ok(checked) = check(scope, operation) else {
        return false;
    };
    if let Err(reason) = oracle::judge(scope, &checked.command, &ADDED) {
        panic!("{reason}\nscope: {scope:?}\noperation: {operation:?}\ncommand: {:?}", checked.command);
    }
    true
}
