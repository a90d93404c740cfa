//! Requests to HTTPS endpoints and webhooks (real-apps 6): as whom their functions run.

use std::sync::Arc;

use bson::{Bson, Document};
use usher_app::Endpoint;
use usher_contract::{ErrorCode, Failure, value};
use usher_rules::Surroundings;

use crate::around::Around;
use crate::call::{Call, CallError, Caller, Origin};
use crate::deployment::Deployment;
use crate::dispatcher::Dispatcher;
use crate::run_as::{self, Authority};
use crate::story::Report;

/// One request to an endpoint that was found and has validated it.
pub struct EndpointRequest {
    /// The deployment that the request began with.
    pub deployment: Arc<Deployment>,
    /// `{query, headers, body?}`: the function's argument.
    pub payload: Document,
    /// Whose credential the request carried; the system where it needs none.
    pub caller: Caller,
    /// The request as `context.request` (reference 5.4).
    pub request: Arc<[u8]>,
    /// The invocation's id: the request's.
    pub id: String,
}

impl Dispatcher {
    /// Has an endpoint's function answer a request, as whom the endpoint says. The answer is a document with the fields
    /// `result` and `response`, either of which may be absent (see the WIT package, `invocation-reason`).
    ///
    /// # Errors
    /// See [`CallError`]; [`CallError::Failed`] also where the endpoint's own rule does not hold.
    pub async fn answer(self: &Arc<Self>, endpoint: &Endpoint, request: EndpointRequest) -> Result<Vec<u8>, CallError> {
        let EndpointRequest { deployment, payload, caller, request, id } = request;
        let (function, origin, request) =
            (endpoint.function.clone(), Origin::Endpoint { system: false }, Some(request));
        let mut call = Call { deployment, function, arguments: Vec::new(), caller, origin, request, id };
        if let Err(failure) = self.admit(endpoint, payload, &mut call).await {
            let refusal = Err(CallError::Failed(failure));
            if let Some(logs) = self.logs() {
                Report::begin(logs, &call, Arc::default()).end(&refusal);
            }
            return refusal;
        }
        self.call(call).await
    }

    /// Asks the endpoint's own rule, and as whom the call is made.
    async fn admit(self: &Arc<Self>, endpoint: &Endpoint, payload: Document, call: &mut Call) -> Result<(), Failure> {
        if let Some(rule) = &endpoint.can_evaluate {
            let (deployment, caller, asked) = (call.deployment.clone(), call.caller.clone(), call.request.clone());
            let around: Arc<dyn Surroundings> =
                Around::new(self.clone(), deployment, caller, asked, call.id.clone(), None);
            if !rule.holds(&payload, &around).await? {
                let message = format!("rule not matched for endpoint \"{}\"", endpoint.route);
                return Err(Failure::new(ErrorCode::FunctionExecutionError, message));
            }
        }
        call.arguments = value::array_bytes([Bson::Document(payload)])?;
        let Authority { system, acting } = run_as::resolve(self, call, &endpoint.run_as, None).await?;
        call.origin = Origin::Endpoint { system };
        call.caller = acting;
        Ok(())
    }
}
