//! The providers of OAuth 2 and their usual addresses.

use usher_app::{App, OAuth2};

use super::unsupported;
use crate::error::IdentityError;
use crate::store::{APPLE, FACEBOOK, GOOGLE};

/// A provider of OAuth 2 (reference 3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OAuth2Provider {
    /// `oauth2-google`.
    Google,
    /// `oauth2-facebook`.
    Facebook,
    /// `oauth2-apple`.
    Apple,
}

const GOOGLE_AUTHORIZATION: &str = "https://accounts.google.com/o/oauth2/v2/auth";
const GOOGLE_TOKEN: &str = "https://oauth2.googleapis.com/token";
const GOOGLE_KEYS: &str = "https://www.googleapis.com/oauth2/v3/certs";
/// Google writes its name in both ways.
const GOOGLE_ISSUERS: &[&str] = &["https://accounts.google.com", "accounts.google.com"];

const APPLE_AUTHORIZATION: &str = "https://appleid.apple.com/auth/authorize";
const APPLE_TOKEN: &str = "https://appleid.apple.com/auth/token";
const APPLE_KEYS: &str = "https://appleid.apple.com/auth/keys";
const APPLE_ISSUERS: &[&str] = &["https://appleid.apple.com"];

const FACEBOOK_AUTHORIZATION: &str = "https://www.facebook.com/v23.0/dialog/oauth";
const FACEBOOK_TOKEN: &str = "https://graph.facebook.com/v23.0/oauth/access_token";
const FACEBOOK_GRAPH: &str = "https://graph.facebook.com/v23.0";

impl OAuth2Provider {
    /// The provider of this name.
    pub fn of(name: &str) -> Option<Self> {
        [Self::Google, Self::Facebook, Self::Apple].into_iter().find(|provider| provider.name() == name)
    }

    /// Its name, as it stands in paths and configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Google => GOOGLE,
            Self::Facebook => FACEBOOK,
            Self::Apple => APPLE,
        }
    }

    /// Whether the provider sends the browser back with a form (`POST`) instead of a query: Apple does where it is
    /// asked for the e-mail address.
    pub(super) fn answers_by_form(self) -> bool {
        self == Self::Apple
    }

    pub(super) fn config(self, app: &App) -> Result<&OAuth2, IdentityError> {
        let config = match self {
            Self::Google => &app.providers.google,
            Self::Facebook => &app.providers.facebook,
            Self::Apple => &app.providers.apple,
        };
        config.as_ref().ok_or_else(|| unsupported(self.name()))
    }

    /// What a browser's user is asked to tell.
    pub(super) fn scope(self) -> &'static str {
        match self {
            Self::Google => "openid email profile",
            Self::Facebook => "public_profile email",
            Self::Apple => "email",
        }
    }

    /// Where a browser is sent to.
    pub(super) fn authorization(self, config: &OAuth2) -> &str {
        let usual = match self {
            Self::Google => GOOGLE_AUTHORIZATION,
            Self::Facebook => FACEBOOK_AUTHORIZATION,
            Self::Apple => APPLE_AUTHORIZATION,
        };
        config.services.authorization.as_deref().unwrap_or(usual)
    }

    /// Where a code is exchanged.
    pub(super) fn token(self, config: &OAuth2) -> &str {
        let usual = match self {
            Self::Google => GOOGLE_TOKEN,
            Self::Facebook => FACEBOOK_TOKEN,
            Self::Apple => APPLE_TOKEN,
        };
        config.services.token.as_deref().unwrap_or(usual)
    }

    /// Where the keys of ID tokens are published; Facebook's logins have none.
    pub(super) fn keys(self, config: &OAuth2) -> &str {
        let usual = match self {
            Self::Google => GOOGLE_KEYS,
            Self::Apple => APPLE_KEYS,
            Self::Facebook => "",
        };
        config.services.keys.as_deref().unwrap_or(usual)
    }

    /// Whether ID tokens of this issuer are the provider's.
    pub(super) fn is_issuer(self, config: &OAuth2, issuer: &str) -> bool {
        match (&config.services.issuer, self) {
            (Some(only), _) => only == issuer,
            (None, Self::Google) => GOOGLE_ISSUERS.contains(&issuer),
            (None, Self::Apple) => APPLE_ISSUERS.contains(&issuer),
            (None, Self::Facebook) => false,
        }
    }

    /// Facebook's API that tells whose an access token is.
    pub(super) fn graph(config: &OAuth2) -> &str {
        config.services.profile.as_deref().unwrap_or(FACEBOOK_GRAPH).trim_end_matches('/')
    }
}
