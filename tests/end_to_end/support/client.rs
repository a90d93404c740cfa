//! A client of the HTTP API, for what realm-web cannot say.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Speaks to one app.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    app: String,
}

/// An answer: status and body.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
}

impl Reply {
    /// A text of the body.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap_or_else(|| panic!("no text {name:?} in {self:?}"))
    }

    /// Asserts an error's status, code and message.
    #[track_caller]
    pub(crate) fn assert_error(&self, status: u16, code: &str, message: &str) {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        assert_eq!(self.text("error_code"), code, "{self:?}");
        assert!(self.text("error").contains(message), "{:?} does not contain {message:?}", self.text("error"));
    }
}

impl Client {
    pub(crate) fn new(url: &str, app: &str) -> Self {
        // Where identity is built too, the library wants to be told whose cryptography it uses, plain HTTP or not.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { http: reqwest::Client::new(), base: format!("{url}/api/client/v2.0"), app: app.to_owned() }
    }

    /// Sends one request; fails only where no answer came.
    pub(crate) async fn try_send(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Value,
    ) -> reqwest::Result<Reply> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        let response = request.send().await?;
        let status = response.status();
        let text = response.text().await?;
        let body =
            if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or(Value::String(text)) };
        Ok(Reply { status, body })
    }

    pub(crate) async fn send(&self, method: Method, path: &str, token: Option<&str>, body: Value) -> Reply {
        self.try_send(method, path, token, body).await.unwrap()
    }

    pub(crate) fn path(&self, path: &str) -> String {
        format!("/app/{}{path}", self.app)
    }

    pub(crate) async fn register(&self, email: &str) -> Reply {
        let path = self.path("/auth/providers/local-userpass/register");
        self.send(Method::POST, &path, None, json!({ "email": email, "password": "correct horse" })).await
    }

    pub(crate) async fn log_in(&self, email: &str) -> Reply {
        let path = self.path("/auth/providers/local-userpass/login");
        self.send(Method::POST, &path, None, json!({ "username": email, "password": "correct horse" })).await
    }

    pub(crate) async fn log_in_anonymously(&self) -> Reply {
        let path = self.path("/auth/providers/anon-user/login");
        self.send(Method::POST, &path, None, Value::Null).await
    }

    pub(crate) async fn call(&self, token: &str, function: &str, arguments: Value) -> Reply {
        let body = json!({ "name": function, "arguments": arguments });
        self.send(Method::POST, &self.path("/functions/call"), Some(token), body).await
    }

    /// The access token of a new anonymous user.
    pub(crate) async fn token(&self) -> String {
        let login = self.log_in_anonymously().await;
        assert_eq!(login.status, StatusCode::OK, "{login:?}");
        login.text("access_token").to_owned()
    }
}
