//! Authorization codes, which a provider exchanges for tokens (RFC 6749, 4.1.3).

use usher_app::OAuth2;

use super::provider::OAuth2Provider;
use super::web::{Answer, Silence, unavailable};
use super::{External, Refusal, Vouched, bad};
use crate::error::IdentityError;

/// What stands for the redirect address where a code came from Google's own libraries: those for browsers, then those
/// for devices. The exchange must repeat what the library had said, and only Google knows which it was.
const NATIVE_REDIRECTS: [&str; 2] = ["postmessage", ""];

/// A code that a browser brought back from a provider.
#[derive(Debug, Clone)]
pub struct AuthorizationCode {
    /// The provider that gave it.
    pub(crate) provider: OAuth2Provider,
    /// The code.
    pub(crate) code: String,
    /// The address that the browser came back to.
    pub(crate) redirect_uri: String,
    /// What only the browser knew that set out (RFC 7636).
    pub(crate) verifier: String,
}

impl External {
    /// Whose code a browser brought back.
    pub(super) async fn code(&self, config: &OAuth2, code: &AuthorizationCode) -> Result<Vouched, Refusal> {
        let answer = self.exchange(code.provider, config, &code.code, &code.redirect_uri, Some(&code.verifier)).await?;
        self.exchanged(code.provider, config, &answer).await
    }

    /// Whose code one of Google's libraries was given (`authCode`).
    pub(super) async fn native_code(&self, config: &OAuth2, code: &str) -> Result<Vouched, Refusal> {
        let [first, second] = NATIVE_REDIRECTS;
        let mut answer = self.exchange(OAuth2Provider::Google, config, code, first, None).await?;
        if answer.text("error") == Some("redirect_uri_mismatch") {
            answer = self.exchange(OAuth2Provider::Google, config, code, second, None).await?;
        }
        self.exchanged(OAuth2Provider::Google, config, &answer).await
    }

    async fn exchange(
        &self,
        provider: OAuth2Provider,
        config: &OAuth2,
        code: &str,
        redirect_uri: &str,
        verifier: Option<&str>,
    ) -> Result<Answer, Refusal> {
        let (id, secret) = client(provider, config)?;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("client_id", id),
            ("client_secret", secret),
            ("redirect_uri", redirect_uri),
        ];
        form.extend(verifier.map(|verifier| ("code_verifier", verifier)));
        let answer = self.web.post(provider.token(config), &form).await.and_then(|answer| {
            if answer.status.is_server_error() { Err(Silence::of_status(answer.status)) } else { Ok(answer) }
        });
        Ok(answer.map_err(|silence| unavailable(provider.name(), "the address for its tokens", &silence))?)
    }

    async fn exchanged(&self, provider: OAuth2Provider, config: &OAuth2, answer: &Answer) -> Result<Vouched, Refusal> {
        let token = if provider == OAuth2Provider::Facebook { "access_token" } else { "id_token" };
        match answer.text(token) {
            Some(token) if answer.status.is_success() && provider == OAuth2Provider::Facebook => {
                self.facebook(config, token).await
            }
            Some(token) if answer.status.is_success() => self.id_token(provider, config, token).await,
            _ => {
                let reason = ["error", "error_description"].map(|name| answer.text(name).unwrap_or_default()).join(" ");
                bad(format!("the code got no {token}: {} {reason}", answer.status))
            }
        }
    }
}

/// The app's id with the provider, and its secret.
pub(super) fn client(provider: OAuth2Provider, config: &OAuth2) -> Result<(&str, &str), IdentityError> {
    let missing = |what: &str| {
        let name = provider.name();
        IdentityError::BadRequest(format!(
            "{name} has no {what}, which this way of logging in needs: add it to the provider's configuration"
        ))
    };
    let id = config.client_ids.first().ok_or_else(|| missing("client id"))?;
    Ok((id, config.client_secret.as_deref().ok_or_else(|| missing("client secret"))?))
}
