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
        if let Some(rule) = &endpoint.can_evaluate {
            let (asked, id) = (Some(request.clone()), id.clone());
            let around: Arc<dyn Surroundings> =
                Around::new(self.clone(), deployment.clone(), caller.clone(), asked, id, None);
            if !rule.holds(&payload, &around).await.map_err(CallError::Failed)? {
                let message = format!("rule not matched for endpoint \"{}\"", endpoint.route);
                return Err(CallError::Failed(Failure::new(ErrorCode::FunctionExecutionError, message)));
            }
        }
        let arguments = value::array_bytes([Bson::Document(payload)]).map_err(CallError::Failed)?;
        let (function, request) = (endpoint.function.clone(), Some(request));
        let origin = Origin::Endpoint { system: false };
        let mut call = Call { deployment, function, arguments, caller, origin, request, id };
        let authority = run_as::resolve(self, &call, &endpoint.run_as, None).await.map_err(CallError::Failed)?;
        let Authority { system, acting } = authority;
        call.origin = Origin::Endpoint { system };
        call.caller = acting;
        self.call(call).await
    }
}
