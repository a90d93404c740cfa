//! Asking the hosts of authentication providers: within bounds of time and size, and without following redirects.

use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Map, Value};
use usher_contract::limits;

use crate::error::IdentityError;

#[derive(Clone)]
pub(super) struct Web(Client);

/// What a host answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// Empty where it is no JSON object.
    pub(super) body: Map<String, Value>,
}

/// No answer, or none that can be used; why, for the log.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Silence(pub(super) String);

impl Web {
    pub(super) fn new() -> Result<Self, IdentityError> {
        let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let tls = rustls::ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .map_err(IdentityError::internal)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(Policy::none())
            .timeout(limits::PROVIDER_DEADLINE)
            .no_proxy()
            .build()
            .map_err(IdentityError::internal)?;
        Ok(Self(client))
    }

    pub(super) async fn get(&self, url: &str, query: &[(&str, &str)]) -> Result<Answer, Silence> {
        let url = url::Url::parse_with_params(url, query).map_err(|e| Silence(format!("{url} is no address: {e}")))?;
        send(self.0.get(url)).await
    }

    pub(super) async fn post(&self, url: &str, form: &[(&str, &str)]) -> Result<Answer, Silence> {
        send(self.0.post(url).form(form)).await
    }
}

async fn send(request: RequestBuilder) -> Result<Answer, Silence> {
    // Addresses stay out of what is said: they may hold tokens.
    let silence = |error: reqwest::Error| Silence(story(&error.without_url()));
    let mut response = request.header("Accept", "application/json").send().await.map_err(silence)?;
    let (status, mut bytes) = (response.status(), Vec::new());
    while let Some(part) = response.chunk().await.map_err(silence)? {
        bytes.extend_from_slice(&part);
        if bytes.len() > limits::PROVIDER_ANSWER_BYTES {
            return Err(Silence(format!("the answer is larger than {} bytes", limits::PROVIDER_ANSWER_BYTES)));
        }
    }
    Ok(Answer { status, body: serde_json::from_slice(&bytes).unwrap_or_default() })
}

/// An error with all its causes.
fn story(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |story, cause| format!("{story}: {cause}"))
}

impl Silence {
    /// The host answers that it has troubles of its own.
    pub(super) fn of_status(status: StatusCode) -> Self {
        Self(format!("the answer is {status}"))
    }
}

impl Answer {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }
}

/// What a client hears when a provider cannot be asked: nothing is wrong with the credential.
pub(super) fn unavailable(provider: &str, what: &str, silence: &Silence) -> IdentityError {
    tracing::warn!(provider, what, reason = %silence, "an authentication provider does not answer");
    IdentityError::Overloaded(format!("{provider}: {what} cannot be reached at the moment; try again"))
}
