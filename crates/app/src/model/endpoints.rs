//! HTTPS endpoints and webhooks: functions that answer HTTP requests (real-apps 6).

use std::sync::Arc;

use usher_rules::Expression;

/// One endpoint or webhook.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The path below `/app/<id>/endpoint`, with its slash; of a webhook, its name.
    pub route: String,
    /// The service that a webhook belongs to; `None` for an endpoint.
    pub service: Option<String>,
    /// The method that it answers to; `None` for any (`*`).
    pub method: Option<Method>,
    /// The function that answers. The function of a webhook is private, and named
    /// `incoming_webhooks/<service>/<name>`.
    pub function: String,
    /// How a request shows that it may.
    pub validation: Validation,
    /// Whether the function's result becomes the answer's body.
    pub respond_result: bool,
    /// How a result is written.
    pub shape: Shape,
    /// Whether the caller's custom data is read for the call.
    pub fetch_custom_user_data: bool,
    /// Whether a credential that nobody has logged in with yet makes a user.
    pub create_user_on_auth: bool,
    /// On whose behalf it runs.
    pub run_as: RunAs,
    /// Who may call it, over `%%request`.
    pub can_evaluate: Option<Arc<Expression>>,
    /// Whether it is switched off.
    pub disabled: bool,
}

/// A method of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the methods by name")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
    Head,
}

impl Method {
    /// As it stands in a request.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Head => "HEAD",
        }
    }
}

/// How a request shows that it may.
#[derive(Clone, PartialEq, Eq)]
pub enum Validation {
    /// Not at all.
    None,
    /// By the secret as the query parameter `secret`.
    Query(String),
    /// By a signature of the body under the secret, in the header `Endpoint-Signature` (of webhooks
    /// `X-Hook-Signature`): `sha256=<hex>`.
    Signature(String),
}

impl std::fmt::Debug for Validation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Query(_) => "Query(…)",
            Self::Signature(_) => "Signature(…)",
        })
    }
}

/// How a result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Plain JSON: numbers as numbers, dates and ids as text.
    Json,
    /// Canonical Extended JSON.
    Ejson,
}

/// On whose behalf something runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunAs {
    /// Whoever calls (`run_as_authed_user`); of an endpoint, the user that the request's credential names.
    Caller,
    /// The system.
    System,
    /// This user.
    User(String),
    /// The user whose id this private function answers, or the system where it answers `{runAsSystem: true}`.
    Script(String),
}
