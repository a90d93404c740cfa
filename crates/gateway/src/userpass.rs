//! `POST app/{id}/auth/providers/local-userpass/…` (reference 3.4): registration, and for confirmation and password
//! reset the answers of an app that confirms registrations by itself. No token for either is ever sent, so none
//! that a client presents can be known.

use hyper::StatusCode;
use serde_json::{Map, Value};
use usher_app::{App, Confirmation};
use usher_identity::IdentityError;

use crate::body;
use crate::errors::ApiError;
use crate::exchange::Exchange;
use crate::reply::Reply;
use crate::routes;

pub(crate) async fn action(exchange: &Exchange, app: &str, action: &[&str], body: &[u8]) -> Result<Reply, ApiError> {
    let deployment = exchange.deployment(app)?;
    let members = body::object(body)?;
    if action == ["register"] {
        let email = body::text(&members, "email")?;
        let password = body::text(&members, "password")?;
        exchange.identity().register(deployment.app(), email, password, exchange.peer()).await?;
        return Ok(Reply::empty(StatusCode::CREATED));
    }
    let refusal = refusal(deployment.app(), action, &members)?;
    Err(refusal.unwrap_or_else(|| routes::nothing(exchange)))
}

/// How confirmation and reset are answered; `None` where there is no such path.
fn refusal(app: &App, action: &[&str], members: &Map<String, Value>) -> Result<Option<ApiError>, ApiError> {
    let Some(provider) = &app.providers.local_userpass else {
        return Err(IdentityError::ProviderNotFound("local-userpass".to_owned()).into());
    };
    let auto_confirm = provider.confirmation == Confirmation::Automatic;
    Ok(Some(match action {
        ["confirm"] => unknown_token(members)?,
        ["confirm", "send"] => {
            body::text(members, "email")?;
            if auto_confirm { ApiError::already_confirmed() } else { no_confirmation() }
        }
        ["confirm", "call"] => {
            let email = body::text(members, "email")?;
            if auto_confirm {
                ApiError::bad_request(format!("cannot run confirmation for {email}: automatic confirmation is enabled"))
            } else {
                no_confirmation()
            }
        }
        ["reset"] => {
            body::text(members, "password")?;
            unknown_token(members)?
        }
        ["reset", "send" | "call"] => {
            body::text(members, "email")?;
            ApiError::bad_request("password reset is not available yet; the operator of this host can help")
        }
        _ => return Ok(None),
    }))
}

fn no_confirmation() -> ApiError {
    ApiError::bad_request("confirmation is not available yet: set autoConfirm in auth/providers.json")
}

/// Clients tell a malformed token from an unknown one: a token has 128 hexadecimal digits, its id 24.
fn unknown_token(members: &Map<String, Value>) -> Result<ApiError, ApiError> {
    let hexadecimal = |text: &str, length: usize| text.len() == length && text.bytes().all(|b| b.is_ascii_hexdigit());
    let (token, id) = (body::text(members, "token")?, body::text(members, "tokenId")?);
    Ok(if hexadecimal(token, 128) && hexadecimal(id, 24) {
        ApiError::userpass_token_invalid()
    } else {
        ApiError::bad_request("invalid token data")
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use usher_app::{LocalUserpass, Mail, Providers};

    use super::*;

    fn app(auto_confirm: Option<bool>) -> App {
        App {
            id: "sample".into(),
            providers: Providers {
                anon_user: true,
                local_userpass: auto_confirm.map(|auto_confirm| LocalUserpass {
                    confirmation: if auto_confirm { Confirmation::Automatic } else { Confirmation::Mail(Mail::default()) },
                    ..LocalUserpass::default()
                }),
            },
            ..App::default()
        }
    }

    fn message(auto_confirm: Option<bool>, action: &[&str], members: Value) -> String {
        match refusal(&app(auto_confirm), action, members.as_object().unwrap()) {
            Ok(Some(error)) | Err(error) => {
                format!("{} {}", error.code.unwrap_or("-"), error.message)
            }
            Ok(None) => "nothing".to_owned(),
        }
    }

    #[test]
    fn an_app_that_confirms_by_itself_says_so() {
        let email = || json!({"email": "a@example.org"});
        let send = message(Some(true), &["confirm", "send"], email());
        assert_eq!(send, "UserAlreadyConfirmed already confirmed");
        let call = message(Some(true), &["confirm", "call"], email());
        assert_eq!(call, "BadRequest cannot run confirmation for a@example.org: automatic confirmation is enabled");
        assert!(message(Some(false), &["confirm", "call"], email()).contains("set autoConfirm"));
        assert!(message(None, &["confirm", "call"], email()).starts_with("AuthProviderNotFound"));
        assert_eq!(message(Some(true), &["confirm", "what"], email()), "nothing");
    }

    #[test]
    fn a_malformed_token_is_told_from_an_unknown_one() {
        let pair = |token: String, id: &str| json!({"token": token, "tokenId": id, "password": "secret"});
        let id = "6268f7dd73fafea76b730fc9";
        for action in [["confirm"], ["reset"]] {
            assert_eq!(message(Some(true), &action, pair("e30=".into(), "e30=")), "BadRequest invalid token data");
            assert_eq!(
                message(Some(true), &action, pair("0a".repeat(64), id)),
                "UserpassTokenInvalid userpass token is expired or invalid"
            );
            assert_eq!(
                message(Some(true), &action, json!({"password": "x", "token": {"$gt": ""}, "tokenId": id})),
                "InvalidParameter 'token' must be a string"
            );
        }
    }
}
