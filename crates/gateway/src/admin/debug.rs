//! `debug/execute_function`: a function called by an administrator (reference 7.4).

use bson::Bson;
use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;
use usher_contract::value;
use usher_dispatch::{Call, Caller, Origin};
use usher_logs::Line;

use crate::admin::query;
use crate::admin::request::Request;
use crate::body;
use crate::errors::ApiError;
use crate::reply::Reply;
use crate::routes;

/// With `user_id` it runs as that user, otherwise as the system.
pub(super) async fn execute_function(request: &Request<'_>, method: &Method) -> Result<Reply, ApiError> {
    if *method != Method::POST {
        return Err(routes::nothing(request.exchange));
    }
    let deployment = request.deployment()?;
    let members = request.members()?;
    let user = query::parameter(request.exchange, "user_id");
    let caller = match &user {
        Some(user) => request.exchange.identity().caller(deployment.app(), user).await?,
        None => Caller::System,
    };
    let system = user.is_none() || query::flag(request.exchange, "run_as_system");
    let begun = Instant::now();
    let call = Call {
        deployment,
        function: body::text(&members, "name")?.to_owned(),
        arguments: arguments(members.get("arguments"))?,
        caller,
        origin: Origin::Operator { system },
        request: None,
        id: request.exchange.id.clone(),
    };
    let (answer, lines) = request.exchange.shared.services.dispatcher.call_aloud(call).await;
    let result = value::to_extended_json(value::result(&answer?)?);
    let time = format!("{}ms", begun.elapsed().as_millis());
    let (errors, others): (Vec<&Line>, Vec<&Line>) = lines.iter().partition(|line| line.level == "error");
    let texts = |lines: &[&Line]| lines.iter().map(|line| Value::from(line.text.as_str())).collect::<Vec<_>>();
    let body = json!({
        "result": result,
        "logs": texts(&others),
        "error_logs": texts(&errors),
        "stats": {"execution_time": time},
    });
    Reply::json(StatusCode::OK, &body)
}

fn arguments(given: Option<&Value>) -> Result<Vec<u8>, ApiError> {
    let given = match given {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(given)) => given.clone(),
        Some(_) => return Err(ApiError::invalid_parameter("'arguments' must be an array".to_owned())),
    };
    let one = |(index, json): (usize, Value)| {
        value::from_extended_json(json)
            .map_err(|e| ApiError::invalid_parameter(format!("arguments[{index}]: {}", e.message)))
    };
    let values = given.into_iter().enumerate().map(one).collect::<Result<Vec<Bson>, _>>()?;
    value::array_bytes(values).map_err(|e| ApiError::invalid_parameter(format!("arguments: {}", e.message)))
}
