//! `GET functions/call`: the stream of a `watch` (reference 3.7).

mod places;
mod stream;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bson::{Bson, doc};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use usher_dispatch::ServiceCall;
use usher_identity::AccessToken;
use usher_watch::{Only, Subscription, Watcher};

use crate::call::{self, Request};
use crate::errors::ApiError;
use crate::exchange::Exchange;
use crate::log::Told;
use crate::reply::Reply;
use crate::request;

use places::Place;
pub(crate) use places::Places;
use stream::{News, Stream};

/// The names of the parameters: of today's clients, and of older ones.
const REQUEST: [&str; 2] = ["baas_request", "stitch_request"];
pub(crate) const ACCESS_TOKEN: [&str; 2] = ["baas_at", "stitch_at"];

/// With and without the `=` at the end.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Keeps nginx and its like from collecting the stream before they pass it on.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Opens the stream.
pub(crate) async fn watch(exchange: &Exchange, app: &str) -> Result<Reply, ApiError> {
    // What changes from here on is learnt, whatever is read below.
    let news = News::of(&exchange.shared);
    let deployment = exchange.deployment(app)?;
    let parameters = Parameters::read(exchange.parts.uri.query().unwrap_or_default());
    let token = match &parameters.token {
        Some(token) => token.clone(),
        None => exchange.bearer()?.to_owned(),
    };
    let access = exchange.identity().verify_access(deployment.app(), &token).await?;
    let mut told = Told::begin(exchange, app, &access.user_id);
    let opened = async {
        let (service, argument) = parameters.request()?;
        let only = only(&argument)?;
        let call = ServiceCall {
            deployment,
            service,
            action: "watch".to_owned(),
            argument,
            caller: access.caller(),
            request: Some(request::describe(exchange)),
            id: exchange.id.clone(),
        };
        open(exchange, &access, call, only).await
    };
    let (subscription, call, place) = opened.await.inspect_err(|error| told.failed(error))?;
    let stream = Stream {
        subscription,
        shared: exchange.shared.clone(),
        call,
        token,
        origin: exchange.origin().cloned(),
        news,
        told,
        _place: place,
        said: tokio::time::Instant::now(),
        over: false,
    };
    Ok(Reply::stream(StatusCode::OK, headers(), StreamBody::new(stream.frames()).boxed_unsync()))
}

async fn open(
    exchange: &Exchange,
    access: &AccessToken,
    mut call: ServiceCall,
    only: Only,
) -> Result<(Subscription, ServiceCall, Place), ApiError> {
    let place = exchange.shared.watchers.take(&access.user_id)?;
    let services = &exchange.shared.services;
    let (named, bound) = services.dispatcher.ruling(&call).await.map_err(ApiError::from_service)?;
    // The stream needs it as long as it lives; what is watched for is kept elsewhere.
    call.argument = doc! {"database": &named.database, "collection": &named.collection};
    let watcher = Watcher { bound, only };
    let subscription =
        services.hub.watch(&named.database, &named.collection, watcher).await.map_err(ApiError::from_service)?;
    Ok((subscription, call, place))
}

fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(ACCEL_BUFFERING, HeaderValue::from_static("no"));
    headers
}

/// What the query says.
#[derive(Default)]
struct Parameters {
    request: Option<String>,
    token: Option<String>,
}

impl Parameters {
    fn read(query: &str) -> Self {
        let mut parameters = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if REQUEST.contains(&name.as_ref()) {
                // A `+` that was not escaped has become a space; and some encode for URLs.
                parameters.request = Some(value.replace([' ', '-'], "+").replace('_', "/"));
            } else if ACCESS_TOKEN.contains(&name.as_ref()) {
                parameters.token = Some(value.into_owned());
            }
        }
        parameters
    }

    /// The service and its argument.
    fn request(&self) -> Result<(String, bson::Document), ApiError> {
        let request = self.request.as_ref().ok_or_else(|| {
            ApiError::missing_parameter("'baas_request' is required: the call as JSON in Base64".to_owned())
        })?;
        let json = BASE64
            .decode(request)
            .map_err(|error| ApiError::invalid_parameter(format!("'baas_request' is not Base64: {error}")))?;
        match call::parse(&json)? {
            Request::Service { service, action, argument } if action == "watch" => Ok((service, argument)),
            Request::Service { action: name, .. } | Request::Function { name, .. } => Err(ApiError::bad_request(
                format!("'{name}' is no stream: only the action watch of a service is; send others as POST"),
            )),
        }
    }
}

/// `ids` or `filter` (reference 6), or neither.
fn only(argument: &bson::Document) -> Result<Only, ApiError> {
    let given = |name: &str| argument.get(name).filter(|value| !matches!(value, Bson::Null | Bson::Undefined));
    match (given("ids"), given("filter")) {
        (None, None) => Ok(Only::All),
        (Some(Bson::Array(ids)), None) => Ok(Only::Ids(ids.clone())),
        (None, Some(Bson::Document(filter))) => Ok(Only::Filter(filter.clone())),
        (Some(_), Some(_)) => Err(ApiError::bad_request("a watch takes 'ids' or 'filter', not both")),
        (Some(_), None) => Err(ApiError::invalid_parameter("'ids' must be an array".to_owned())),
        (None, Some(_)) => Err(ApiError::invalid_parameter("'filter' must be a document".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_four_names_and_every_base64() {
        let json = r#"{"name":"watch","service":"s","arguments":[{"database":">>>???>>"}]}"#;
        let standard = BASE64.encode(json);
        assert!(standard.contains('+') && standard.contains('/') && standard.ends_with('='), "{standard}");
        let spellings = [
            standard.clone(),
            standard.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D"),
            standard.replace('+', "-").replace('/', "_").replace('=', ""),
        ];
        for body in spellings {
            for (request, token) in [("baas_request", "baas_at"), ("stitch_request", "stitch_at")] {
                let parameters = Parameters::read(&format!("{request}={body}&{token}=a.b.c"));
                assert_eq!(parameters.token.as_deref(), Some("a.b.c"));
                assert_eq!(parameters.request().unwrap(), ("s".to_owned(), doc! {"database": ">>>???>>"}), "{body}");
            }
        }
    }

    #[test]
    fn only_a_watch_is_a_stream() {
        let refused = |body: &str| {
            let query = format!("baas_request={}", BASE64.encode(body));
            Parameters::read(&query).request().unwrap_err().message.into_owned()
        };
        assert!(refused(r#"{"name":"find","service":"s","arguments":[{}]}"#).starts_with("'find' is no stream"));
        assert!(refused(r#"{"name":"f","arguments":[]}"#).starts_with("'f' is no stream"));
        assert!(Parameters::read("baas_request=%25%25").request().unwrap_err().message.contains("not Base64"));
        assert!(Parameters::read("").request().unwrap_err().message.contains("'baas_request' is required"));
    }

    #[test]
    fn ids_or_a_filter() {
        assert_eq!(only(&doc! {}).unwrap(), Only::All);
        assert_eq!(only(&doc! {"ids": [1], "filter": null}).unwrap(), Only::Ids(vec![Bson::Int32(1)]));
        assert_eq!(only(&doc! {"filter": {"a": 1}}).unwrap(), Only::Filter(doc! {"a": 1}));
        for wrong in [doc! {"ids": [1], "filter": {}}, doc! {"ids": 1}, doc! {"filter": [1]}] {
            assert_eq!(only(&wrong).unwrap_err().status, StatusCode::BAD_REQUEST, "{wrong}");
        }
    }
}
