//! `POST app/{id}/auth/providers/local-userpass/…` (reference 3.4): registration, confirmation, password reset. A bearer
//! token is ignored: realm-web sends one whenever somebody is logged in.

use bson::Bson;
use hyper::StatusCode;
use serde_json::{Map, Value};
use usher_contract::value;

use crate::body;
use crate::errors::ApiError;
use crate::exchange::Exchange;
use crate::reply::Reply;
use crate::routes;

pub(crate) async fn action(exchange: &Exchange, app: &str, action: &[&str], body: &[u8]) -> Result<Reply, ApiError> {
    let deployment = exchange.deployment(app)?;
    let members = body::object(body)?;
    let text = |name: &str| body::text(&members, name);
    let (identity, peer, app) = (exchange.identity(), exchange.peer(), deployment.app());
    // What a function or a mail server does with it may come later.
    let accepted = Reply::empty(StatusCode::ACCEPTED);
    match action {
        ["register"] => {
            let (email, password) = (text("email")?, text("password")?);
            identity.register(&deployment, email, password, peer, &exchange.id).await?;
            Ok(Reply::empty(StatusCode::CREATED))
        }
        ["confirm"] => {
            identity.confirm(app, text("token")?, text("tokenId")?).await?;
            Ok(Reply::empty(StatusCode::OK))
        }
        ["confirm", "send"] => {
            identity.send_confirmation(app, text("email")?, peer).await?;
            Ok(accepted)
        }
        ["confirm", "call"] => {
            identity.call_confirmation(&deployment, text("email")?, peer, &exchange.id).await?;
            Ok(accepted)
        }
        ["reset"] => {
            identity.reset(app, text("token")?, text("tokenId")?, text("password")?).await?;
            Ok(Reply::empty(StatusCode::OK))
        }
        ["reset", "send"] => {
            identity.send_reset(app, text("email")?, peer).await?;
            Ok(accepted)
        }
        ["reset", "call"] => {
            let credential = (text("email")?, text("password")?);
            let arguments = arguments(&members)?;
            identity.call_reset(&deployment, credential, arguments, peer, &exchange.id).await?;
            Ok(accepted)
        }
        _ => Err(routes::nothing(exchange)),
    }
}

/// What the reset function is given besides the account. Native clients leave out what is empty.
fn arguments(members: &Map<String, Value>) -> Result<Vec<Bson>, ApiError> {
    let invalid = |why: &str| ApiError::invalid_parameter(format!("arguments: {why}"));
    let items = match members.get("arguments") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(items)) => items,
        Some(_) => return Err(invalid("an array is expected")),
    };
    let each = |item: &Value| value::from_extended_json(item.clone()).map_err(|failure| invalid(&failure.message));
    items.iter().map(each).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_are_an_array_of_extended_json() {
        let read = |body: Value| arguments(body.as_object().unwrap());
        for none in [json!({}), json!({"arguments": null}), json!({"arguments": []})] {
            assert!(read(none).unwrap().is_empty());
        }
        let read_one = read(json!({"arguments": [{"$numberLong": "5"}, "a"]})).unwrap();
        assert_eq!(read_one, [Bson::Int64(5), Bson::String("a".into())]);
        for bad in [json!({"arguments": {}}), json!({"arguments": "a"}), json!({"arguments": [{"$numberLong": "x"}]})] {
            assert_eq!(read(bad).unwrap_err().code, Some("InvalidParameter"));
        }
    }
}
