//! What a confirmation or reset function says (reference 3.4).

use std::sync::Arc;

use bson::{Bson, Document};
use usher_contract::value;
use usher_dispatch::{Call, CallError, Caller, Deployment, Origin};

use crate::error::IdentityError;
use crate::identity::Identity;

/// The `status` that the function returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Success,
    /// Later, with the token.
    Pending,
    Fail,
}

impl Identity {
    /// Runs a function that decides about a registration. One that throws, or says nothing that can be understood, has
    /// refused; the log has the story.
    pub(crate) async fn ask(
        self: &Arc<Self>,
        deployment: &Arc<Deployment>,
        function: &str,
        about: Document,
        more: Vec<Bson>,
        request: &str,
    ) -> Result<Verdict, IdentityError> {
        let arguments = std::iter::once(Bson::Document(about)).chain(more);
        let call = Call {
            request: None,
            deployment: Arc::clone(deployment),
            function: function.to_owned(),
            arguments: value::array_bytes(arguments).map_err(|failure| IdentityError::BadRequest(failure.message))?,
            caller: Caller::System,
            origin: Origin::Configuration,
            id: request.to_owned(),
        };
        let story = match self.dispatcher.call(call).await {
            Ok(answer) => match value::result(&answer).map(|answer| verdict(&answer)) {
                Ok(Some(verdict)) => return Ok(verdict),
                _ => "it has to return {status: \"success\" | \"pending\" | \"fail\"}".to_owned(),
            },
            Err(CallError::Overloaded(message)) => return Err(IdentityError::Overloaded(message)),
            Err(error) => error.to_string(),
        };
        tracing::warn!(app = deployment.app().id, function, invocation = request, story, "taken for a refusal");
        Ok(Verdict::Fail)
    }
}

fn verdict(answer: &Bson) -> Option<Verdict> {
    match answer.as_document()?.get_str("status").ok()? {
        "success" => Some(Verdict::Success),
        "pending" => Some(Verdict::Pending),
        "fail" => Some(Verdict::Fail),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use bson::bson;

    use super::*;

    #[test]
    fn only_a_status_is_a_verdict() {
        assert_eq!(verdict(&bson!({"status": "success"})), Some(Verdict::Success));
        assert_eq!(verdict(&bson!({"status": "pending", "more": 1})), Some(Verdict::Pending));
        assert_eq!(verdict(&bson!({"status": "fail"})), Some(Verdict::Fail));
        for other in [bson!(null), bson!("success"), bson!({"status": "Success"}), bson!({"status": true}), bson!({})] {
            assert_eq!(verdict(&other), None, "{other}");
        }
    }
}
