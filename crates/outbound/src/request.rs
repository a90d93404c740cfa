//! A request as the function gives it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bson::raw::{RawBsonRef, RawDocument};
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Uri};
use url::Url;
use usher_contract::{Failure, limits, value};

use crate::failure::http_error;
use crate::headers::{Rule, rule};

const AGENT: &str = concat!("Usher/", env!("CARGO_PKG_VERSION"));

/// A checked request.
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Without credentials and fragment.
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    /// Bounded by the document that it came in.
    pub(crate) body: Bytes,
    /// Whether redirects are followed; App Services did not by default (reference 5.4).
    pub(crate) follow: bool,
    /// Bytes of the response's body.
    pub(crate) most: usize,
}

impl Request {
    /// Reads `{method, url, headers?, body?, followRedirects?, maximumBytes?}`.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Failure> {
        let (mut method, mut url, mut headers) = (None, None, HeaderMap::new());
        let (mut body, mut follow, mut most) = (Bytes::new(), false, limits::HTTP_RESPONSE_BYTES);
        for element in value::document(bytes)? {
            let (key, given) = element.map_err(unreadable)?;
            match (key.as_str(), given) {
                (_, RawBsonRef::Null | RawBsonRef::Undefined) => {}
                ("method", RawBsonRef::String(name)) => method = Some(self::method(name)?),
                ("url", RawBsonRef::String(text)) => url = Some(self::url(text)?),
                ("headers", RawBsonRef::Document(given)) => headers = self::headers(given)?,
                ("body", RawBsonRef::Binary(binary)) => body = Bytes::copy_from_slice(binary.bytes),
                ("body", RawBsonRef::String(text)) => body = Bytes::copy_from_slice(text.as_bytes()),
                ("followRedirects", RawBsonRef::Boolean(flag)) => follow = flag,
                ("maximumBytes", number) => most = size(number)?.min(most),
                ("method" | "url", _) => return Err(http_error(format!("`{key}` takes a string"))),
                ("headers", _) => return Err(http_error("`headers` takes {name: [value]}")),
                ("body", _) => return Err(http_error("`body` takes bytes or a string")),
                ("followRedirects", _) => return Err(http_error("`followRedirects` takes true or false")),
                (other, _) => return Err(http_error(format!("`{other}` is not a part of a request"))),
            }
        }
        let method = method.ok_or_else(|| http_error("the request has no `method`"))?;
        let url = url.ok_or_else(|| http_error("the request has no `url`"))?;
        let mut request = Self { method, url, headers, body, follow, most };
        if let Some(credentials) = request.strip_credentials() {
            request.headers.entry(header::AUTHORIZATION).or_insert(credentials);
        }
        request.headers.entry(header::USER_AGENT).or_insert(HeaderValue::from_static(AGENT));
        request.check_size()?;
        Ok(request)
    }

    /// Takes user and password out of the URL, and gives them as the header that carries them; and takes the fragment
    /// out, which is never sent.
    pub(crate) fn strip_credentials(&mut self) -> Option<HeaderValue> {
        self.url.set_fragment(None);
        let decoded = |part: &str| percent_decoded(part);
        let (user, password) = (decoded(self.url.username()), decoded(self.url.password().unwrap_or_default()));
        if user.is_empty() && password.is_empty() {
            return None;
        }
        // Both succeed wherever there are credentials to begin with.
        let _ = (self.url.set_username(""), self.url.set_password(None));
        let plain = [user.as_slice(), b":", password.as_slice()].concat();
        let mut value = HeaderValue::try_from(format!("Basic {}", BASE64_STANDARD.encode(plain))).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    fn check_size(&self) -> Result<(), Failure> {
        let headers: usize = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        if self.url.as_str().len() + headers > limits::HTTP_HEAD_BYTES {
            return Err(http_error(format!(
                "URL and headers together take at most {} bytes: put what is large into the body",
                limits::HTTP_HEAD_BYTES
            )));
        }
        if self.headers.len() > limits::HTTP_HEADERS {
            return Err(http_error(format!("a request has at most {} headers", limits::HTTP_HEADERS)));
        }
        Ok(())
    }

    /// The message to send.
    pub(crate) fn message(&self) -> Result<hyper::Request<Full<Bytes>>, Failure> {
        let uri =
            Uri::try_from(self.url.as_str()).map_err(|error| http_error(format!("`url` cannot be sent: {error}")))?;
        let mut message = hyper::Request::new(Full::new(self.body.clone()));
        *message.method_mut() = self.method.clone();
        *message.uri_mut() = uri;
        *message.headers_mut() = self.headers.clone();
        message.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        Ok(message)
    }
}

fn method(name: &str) -> Result<Method, Failure> {
    Ok(match name.to_ascii_uppercase().as_str() {
        "GET" => Method::GET,
        "POST" => Method::POST,
        "PUT" => Method::PUT,
        "PATCH" => Method::PATCH,
        "DELETE" => Method::DELETE,
        "HEAD" => Method::HEAD,
        "OPTIONS" => Method::OPTIONS,
        other => {
            return Err(http_error(format!(
                "the method `{other}` is not one of GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS"
            )));
        }
    })
}

fn url(text: &str) -> Result<Url, Failure> {
    Url::parse(text)
        .map_err(|error| http_error(format!("`url` is not a whole URL such as https://example.com/: {error}")))
}

fn headers(given: &RawDocument) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    for element in given {
        let (key, values) = element.map_err(unreadable)?;
        let name = HeaderName::try_from(key.as_str())
            .map_err(|_| http_error(format!("`{key}` is not the name of a header")))?;
        match rule(&name) {
            Rule::Sent => {}
            Rule::Ours => continue,
            Rule::Refused => return Err(http_error(format!("the header `{key}` cannot be set: leave it out"))),
        }
        let mut add = |value: RawBsonRef<'_>| {
            let text = value.as_str().ok_or_else(|| http_error(format!("the header `{key}` takes strings")))?;
            let value = HeaderValue::from_bytes(text.as_bytes())
                .map_err(|_| http_error(format!("the header `{key}` holds a character that no header may hold")))?;
            // Appending fails for far more headers than a request may have; see `check_size`.
            headers.try_append(name.clone(), value).map(drop).map_err(|_| http_error("too many headers"))
        };
        match values {
            RawBsonRef::Array(values) => values.into_iter().try_for_each(|value| add(value.map_err(unreadable)?))?,
            RawBsonRef::Null | RawBsonRef::Undefined => {}
            one => add(one)?,
        }
    }
    Ok(headers)
}

/// A number of bytes, of any numeric type; JavaScript sends doubles.
fn size(number: RawBsonRef<'_>) -> Result<usize, Failure> {
    let whole = match number {
        RawBsonRef::Int32(number) => usize::try_from(number).ok(),
        RawBsonRef::Int64(number) => usize::try_from(number).ok(),
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and not negative: checked")]
        RawBsonRef::Double(number) if number.fract() == 0.0 && number >= 0.0 => Some(number as usize),
        _ => None,
    };
    whole.ok_or_else(|| http_error("`maximumBytes` takes a whole number from 0"))
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        let pair = tail.get(..2).and_then(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        match (first, pair) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                rest = &tail[2..];
            }
            _ => decoded.push(*first),
        }
    }
    decoded
}

fn unreadable(error: bson::error::Error) -> Failure {
    http_error(format!("the request cannot be read: {error}"))
}
