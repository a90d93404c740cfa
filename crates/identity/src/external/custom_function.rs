//! The provider `custom-function` (reference 3.3, 7.7): a function of the app says who somebody is.

use std::sync::Arc;

use bson::{Bson, Document, doc};
use usher_contract::{ErrorCode, value};
use usher_dispatch::{Call, CallError, Caller, Deployment, Origin};

use super::{Refusal, Vouched};
use crate::error::{IdentityError, thrown};
use crate::identity::Identity;
use crate::store::CUSTOM_FUNCTION;

impl Identity {
    pub(super) async fn custom_function(
        &self,
        deployment: &Arc<Deployment>,
        function: &str,
        payload: Document,
        request: &str,
    ) -> Result<Vouched, Refusal> {
        let arguments = value::array_bytes([Bson::Document(payload)])
            .map_err(|failure| IdentityError::BadRequest(failure.message))?;
        let call = Call {
            deployment: Arc::clone(deployment),
            function: function.to_owned(),
            arguments,
            caller: Caller::System,
            origin: Origin::Configuration,
            request: None,
            id: request.to_owned(),
        };
        let answer = self.dispatcher.call(call).await.map_err(|error| match error {
            CallError::Failed(failure) if failure.is(ErrorCode::InternalServerError) => {
                IdentityError::internal(failure)
            }
            CallError::Failed(failure) => IdentityError::Rejected(thrown(&failure.message)),
            CallError::Overloaded(message) => IdentityError::Overloaded(message),
            CallError::NotFound(_) => IdentityError::internal(error),
        })?;
        let answer = value::result(&answer).map_err(IdentityError::internal)?;
        let (id, data) = read(function, answer)?;
        Ok(Vouched { provider: CUSTOM_FUNCTION, id, data })
    }
}

/// What the function may answer: the user's id as a string, or `{id, name?}`.
fn read(function: &str, answer: Bson) -> Result<(String, Document), IdentityError> {
    let (id, data) = match answer {
        Bson::String(id) => (id, Document::new()),
        Bson::Document(mut answer) => match (answer.remove("id"), answer.remove("name")) {
            (Some(Bson::String(id)), None | Some(Bson::Null | Bson::Undefined)) => (id, Document::new()),
            (Some(Bson::String(id)), Some(Bson::String(name))) => (id, doc! {"name": name}),
            _ => (String::new(), Document::new()),
        },
        _ => (String::new(), Document::new()),
    };
    if id.is_empty() {
        let expected = "the user's id, a string with anything in it, or {id, name}, both strings";
        return Err(IdentityError::Rejected(format!("the function '{function}' must return {expected}")));
    }
    Ok((id, data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_string_and_nothing_else() {
        assert_eq!(read("f", "7".into()).unwrap(), ("7".to_owned(), doc! {}));
        assert_eq!(read("f", doc! {"id": "7", "more": 1}.into()).unwrap(), ("7".to_owned(), doc! {}));
        assert_eq!(read("f", doc! {"id": "7", "name": "Ann"}.into()).unwrap(), ("7".to_owned(), doc! {"name": "Ann"}));
        for other in [
            Bson::Null,
            Bson::Undefined,
            Bson::Int32(7),
            "".into(),
            doc! {}.into(),
            doc! {"id": 7}.into(),
            doc! {"id": ""}.into(),
            doc! {"id": {"$gt": ""}}.into(),
            doc! {"id": "7", "name": {"$gt": ""}}.into(),
            vec!["7"].into(),
        ] {
            let refusal = read("whoIsIt", other.clone()).unwrap_err();
            assert!(
                matches!(&refusal, IdentityError::Rejected(text) if text.contains("whoIsIt")),
                "{other}: {refusal:?}"
            );
        }
    }
}
