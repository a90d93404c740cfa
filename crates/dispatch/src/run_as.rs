//! Functions and endpoints that run as a given user (reference 5.1, `run_as_user_id`).

use std::sync::Arc;

use bson::Bson;
use usher_app::RunAs;
use usher_contract::{ErrorCode, Failure, value};

use crate::call::{Call, Caller, Origin};
use crate::dispatcher::{Dispatcher, Parent};
use crate::host;

/// With whose authority a function runs.
pub(crate) struct Authority {
    pub(crate) system: bool,
    /// Whose documents "own" means and for whom rules decide; not `context.user`, which stays the authenticated one.
    pub(crate) acting: Caller,
}

/// What the configuration comes down to for one call.
pub(crate) async fn resolve(
    dispatcher: &Arc<Dispatcher>,
    call: &Call,
    run_as: &RunAs,
    parent: Option<Parent>,
) -> Result<Authority, Failure> {
    let app = call.deployment.app();
    let user = match run_as {
        RunAs::Caller => return Ok(Authority { system: false, acting: call.caller.clone() }),
        RunAs::System => return Ok(Authority { system: true, acting: call.caller.clone() }),
        RunAs::User(id) => id.clone(),
        RunAs::Script(function) => match script(dispatcher, call, function, parent).await? {
            Some(user) => user,
            None => return Ok(Authority { system: true, acting: call.caller.clone() }),
        },
    };
    let acting = dispatcher.accounts()?.caller(app, &user).await.map_err(|failure| {
        let message = format!("the function \"{}\" runs as the user {user}: {}", call.function, failure.message);
        Failure { message, ..failure }
    })?;
    Ok(Authority { system: false, acting })
}

/// The user whose id the script answers; none where it answers `{runAsSystem: true}`.
async fn script(
    dispatcher: &Arc<Dispatcher>,
    call: &Call,
    function: &str,
    parent: Option<Parent>,
) -> Result<Option<String>, Failure> {
    let script = Call { function: function.to_owned(), origin: Origin::Configuration, ..call.clone() };
    let answer = match parent {
        Some(parent) => dispatcher.clone().call_nested(script, parent).await,
        None => Box::pin(dispatcher.call(script)).await,
    };
    match value::result(&answer.map_err(host::as_failure)?)? {
        Bson::String(user) => Ok(Some(user)),
        Bson::ObjectId(user) => Ok(Some(user.to_hex())),
        Bson::Document(answer) if matches!(answer.get_bool("runAsSystem"), Ok(true)) => Ok(None),
        _ => Err(Failure::new(
            ErrorCode::FunctionExecutionError,
            format!(
                "\"{function}\" must answer a user's id or {{runAsSystem: true}}: it says as whom another function runs"
            ),
        )),
    }
}
