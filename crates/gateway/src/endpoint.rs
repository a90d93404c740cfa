//! HTTPS endpoints and webhooks (real-apps 6): found by route and method, validated, answered by a function.
//!
//! The function's argument is `{query, headers, body?}`; one in JavaScript gets a response object behind it. Where the
//! documentation of App Services is silent:
//!
//! - What does not answer a method is not found; the error names the methods that are answered.
//! - A function that sets no body and has no `respond_result` answers 204; one that returns nothing answers `null`.
//! - A text that the function sets as body is JSON where it parses as that, else plain text, unless a header says otherwise.
//! - `Accept` chooses between JSON and Extended JSON only where it names just one of them: what browsers and libraries
//!   send by themselves says nothing.
//! - An endpoint that runs as the user of a credential takes an access token, or the headers `email` and `password`,
//!   `apiKey` or `jwtTokenString`; a webhook takes these as members of a JSON body, too. It begins no session.

mod answer;
mod caller;
mod payload;
mod plain;
mod validation;

use percent_encoding::percent_decode_str;
use usher_app::{App, Endpoint, Method};
use usher_dispatch::EndpointRequest;

use crate::errors::ApiError;
use crate::exchange::{Exchange, segments};
use crate::reply::Reply;
use crate::{log, request};

/// `/app/{id}/endpoint/…` and the same under the client API, any method; `path` is what stands for the dots.
pub(crate) async fn endpoint(exchange: &Exchange, app: &str, path: &[&str], body: &[u8]) -> Result<Reply, ApiError> {
    let path: Vec<_> = path.iter().map(|part| percent_decode_str(part).decode_utf8_lossy()).collect();
    let wanted =
        |endpoint: &Endpoint| endpoint.service.is_none() && segments(&endpoint.route).eq(path.iter().map(|p| &**p));
    serve(exchange, app, body, "EndpointNotFound", wanted).await
}

/// `app/{id}/service/{service}/incoming_webhook/{name}`, any method.
pub(crate) async fn webhook(
    exchange: &Exchange,
    app: &str,
    service: &str,
    name: &str,
    body: &[u8],
) -> Result<Reply, ApiError> {
    let [service, name] = [service, name].map(|part| percent_decode_str(part).decode_utf8_lossy());
    let wanted = |endpoint: &Endpoint| endpoint.service.as_deref() == Some(&*service) && endpoint.route == name;
    serve(exchange, app, body, "IncomingWebhookNotFound", wanted).await
}

async fn serve(
    exchange: &Exchange,
    app: &str,
    body: &[u8],
    code: &'static str,
    wanted: impl Fn(&Endpoint) -> bool,
) -> Result<Reply, ApiError> {
    let deployment = exchange.deployment(app)?;
    let method = &exchange.parts.method;
    let endpoint = find(deployment.app(), method, wanted).map_err(|others| {
        let path = exchange.parts.uri.path();
        let message = match others.join(", ") {
            others if others.is_empty() => format!("nothing answers {method} {path}"),
            others => format!("nothing answers {method} {path}, only {others}"),
        };
        ApiError::endpoint_not_found(code, message)
    })?;
    let caller = async {
        validation::check(endpoint, &exchange.parts, body)?;
        caller::of(exchange, &deployment, endpoint, body).await
    };
    let caller = caller.await.inspect_err(|error| log::refused(exchange, app, endpoint, error))?;
    let (payload, query) = payload::of(endpoint, &exchange.parts, body);
    // The same as in the payload: rules look at them here (`%%request.requestHeaders`).
    let headers = payload.get_document("headers").cloned().unwrap_or_default();
    let url = match &endpoint.service {
        None => endpoint.route.clone(),
        Some(_) => format!("{}{}", exchange.base(), exchange.parts.uri.path()),
    };
    let asked = EndpointRequest {
        deployment: deployment.clone(),
        payload,
        caller,
        request: request::describe_webhook(exchange, headers, &url, &query),
        id: exchange.id.clone(),
    };
    let answer = exchange.shared.services.dispatcher.answer(endpoint, asked).await?;
    answer::reply(endpoint, &exchange.parts.headers, &answer)
}

/// The endpoint for a method: one for just this before one for any. Where there is none, the methods that others answer.
fn find<'a>(
    app: &'a App,
    method: &hyper::Method,
    wanted: impl Fn(&Endpoint) -> bool,
) -> Result<&'a Endpoint, Vec<&'static str>> {
    let all: Vec<_> = app.endpoints.iter().filter(|endpoint| !endpoint.disabled && wanted(endpoint)).collect();
    let exact = all.iter().find(|endpoint| endpoint.method.is_some_and(|one| one.name() == method.as_str()));
    let found = exact.or_else(|| all.iter().find(|endpoint| endpoint.method.is_none()));
    found.copied().ok_or_else(|| all.iter().filter_map(|endpoint| endpoint.method.map(Method::name)).collect())
}

#[cfg(test)]
mod tests {
    use usher_app::{RunAs, Shape, Validation};

    use super::*;

    /// An endpoint at this route with everything else as it is by default.
    pub(super) fn at(route: &str, method: Option<Method>) -> Endpoint {
        Endpoint {
            route: route.to_owned(),
            service: None,
            method,
            function: "f".to_owned(),
            validation: Validation::None,
            respond_result: true,
            shape: Shape::Json,
            fetch_custom_user_data: false,
            create_user_on_auth: false,
            run_as: RunAs::System,
            can_evaluate: None,
            disabled: false,
        }
    }

    #[test]
    fn the_exact_method_goes_before_any() {
        let disabled = Endpoint { disabled: true, ..at("/a", Some(Method::Put)) };
        let app = App { endpoints: vec![at("/a", None), at("/a", Some(Method::Get)), disabled], ..App::default() };
        let method = |method| find(&app, &method, |_| true).map(|endpoint| endpoint.method);
        assert_eq!(method(hyper::Method::GET), Ok(Some(Method::Get)));
        assert_eq!(method(hyper::Method::PUT), Ok(None));
        assert_eq!(method(hyper::Method::HEAD), Ok(None));
    }

    #[test]
    fn the_methods_of_others_are_told() {
        let endpoints = vec![at("/a", Some(Method::Get)), at("/a", Some(Method::Post)), at("/b", None)];
        let app = App { endpoints, ..App::default() };
        let found = find(&app, &hyper::Method::DELETE, |endpoint| endpoint.route == "/a");
        assert_eq!(found.map(|endpoint| &endpoint.route), Err(vec!["GET", "POST"]));
    }
}
