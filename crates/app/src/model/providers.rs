//! The authentication providers of `auth/providers.json` that are switched on (reference 3.3, 3.4, 7.7).

/// How users may authenticate.
#[derive(Debug, Clone, Default)]
pub struct Providers {
    /// Anonymous users.
    pub anon_user: bool,
    /// E-mail and password.
    pub local_userpass: Option<LocalUserpass>,
    /// API keys of users and of the app itself.
    pub api_key: bool,
    /// Tokens that somebody else issued.
    pub custom_token: Option<CustomToken>,
    /// The function that authenticates.
    pub custom_function: Option<String>,
    /// Google.
    pub google: Option<OAuth2>,
    /// Facebook.
    pub facebook: Option<OAuth2>,
    /// Apple.
    pub apple: Option<OAuth2>,
}

impl Providers {
    /// The names of those that are switched on.
    pub fn enabled(&self) -> impl Iterator<Item = &'static str> {
        let all = [
            ("anon-user", self.anon_user),
            ("local-userpass", self.local_userpass.is_some()),
            ("api-key", self.api_key),
            ("custom-token", self.custom_token.is_some()),
            ("custom-function", self.custom_function.is_some()),
            ("oauth2-google", self.google.is_some()),
            ("oauth2-facebook", self.facebook.is_some()),
            ("oauth2-apple", self.apple.is_some()),
        ];
        all.into_iter().filter_map(|(name, on)| on.then_some(name))
    }
}

/// Configuration of the provider `local-userpass` (reference 3.4).
#[derive(Debug, Clone, Default)]
pub struct LocalUserpass {
    /// How a registration is confirmed.
    pub confirmation: Confirmation,
    /// How a forgotten password is reset.
    pub reset: Reset,
}

/// How a registration is confirmed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Confirmation {
    /// At once.
    #[default]
    Automatic,
    /// By a function of this name.
    Function(String),
    /// By a link in an e-mail.
    Mail(Mail),
}

/// How a forgotten password is reset.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Reset {
    /// Not at all: neither is configured.
    #[default]
    None,
    /// By a function of this name.
    Function(String),
    /// By a link in an e-mail.
    Mail(Mail),
}

/// A link that is sent by e-mail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mail {
    /// The page that the link leads to; `token` and `tokenId` are added to its query.
    pub url: String,
    /// The subject, at most 256 characters; empty for one of Usher's own.
    pub subject: String,
}

/// Configuration of the provider `custom-token` (reference 7.7).
#[derive(Debug, Clone)]
pub struct CustomToken {
    /// The audiences that a token may be for; never empty: without one in the configuration, the app's id.
    pub audiences: Vec<String>,
    /// Whether one of them is enough (`requireAnyAudience`); otherwise a token must name all.
    pub any_audience: bool,
    /// What the signature is checked with.
    pub keys: TokenKeys,
    /// What of the token becomes data of the user.
    pub metadata_fields: Vec<MetadataField>,
}

/// What the signature of a custom token is checked with.
#[derive(Clone)]
pub enum TokenKeys {
    /// HS256 with one of these secrets.
    Hs256(Vec<String>),
    /// RS256 with one of these public keys, PEM.
    Rs256(Vec<String>),
    /// RS256 with a key that is published at this address as a JSON Web Key Set.
    Published(String),
}

impl std::fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Hs256(_) => f.write_str("Hs256(…)"),
            Self::Rs256(keys) => f.debug_tuple("Rs256").field(keys).finish(),
            Self::Published(url) => f.debug_tuple("Published").field(url).finish(),
        }
    }
}

/// A member of a token or profile that becomes data of the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataField {
    /// Whether a token without it is refused.
    pub required: bool,
    /// Where it stands: the keys that lead to it.
    pub path: Vec<String>,
    /// Its name in the user's data.
    pub name: String,
}

/// Configuration of an `oauth2-` provider (reference 3.3, 3.9).
#[derive(Clone, Default)]
pub struct OAuth2 {
    /// The app's id with the provider; with Apple the services id.
    pub client_ids: Vec<String>,
    /// The secret that an authorization code is exchanged with.
    pub client_secret: Option<String>,
    /// Google: whether ID tokens are accepted (`openId`).
    pub open_id: bool,
    /// The domains of e-mail addresses whose users may log in; empty for all.
    pub domains: Vec<String>,
    /// Where a browser may be sent after a login.
    pub redirect_uris: Vec<String>,
    /// What of the profile becomes data of the user.
    pub metadata_fields: Vec<MetadataField>,
    /// The provider's own addresses, where `usher.json` names others than the usual ones.
    pub services: OAuth2Services,
}

impl std::fmt::Debug for OAuth2 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OAuth2").field("client_ids", &self.client_ids).finish_non_exhaustive()
    }
}

/// Addresses of a provider, `"oauth2"` of `usher.json`: for another issuer of the same protocol. Absent ones are the
/// provider's usual ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the addresses of OAuth 2 and OpenID Connect, by their names there")]
pub struct OAuth2Services {
    pub issuer: Option<String>,
    pub authorization: Option<String>,
    pub token: Option<String>,
    pub keys: Option<String>,
    /// Facebook: the API that tells whose an access token is.
    pub profile: Option<String>,
}
