//! `domain_restrictions`: the domains whose e-mail addresses may log in (reference 7.7).

use serde_json::{Map, Value};
use usher_app::OAuth2;

use super::Refusal;
use crate::error::IdentityError;

/// Lets those through whose address is of one of the domains, where there are any. Subdomains are other domains.
pub(super) fn check(config: &OAuth2, email: Option<&str>) -> Result<(), Refusal> {
    let domain = email.and_then(|email| email.rsplit_once('@')).map(|(_, domain)| domain);
    let is_domain = |one: &String| domain.is_some_and(|domain| one.eq_ignore_ascii_case(domain));
    if config.domains.is_empty() || config.domains.iter().any(is_domain) {
        Ok(())
    } else {
        Err(IdentityError::DomainNotAllowed.into())
    }
}

/// The e-mail address of an ID token, where the provider has seen that it is the user's. Apple writes `"true"`.
pub(super) fn verified_email(claims: &Map<String, Value>) -> Option<&str> {
    let verified = match claims.get("email_verified") {
        Some(Value::Bool(flag)) => *flag,
        Some(Value::String(text)) => text == "true",
        _ => false,
    };
    claims.get("email").and_then(Value::as_str).filter(|_| verified)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_domain_of_the_address_decides() {
        let domains = |domains: &[&str]| OAuth2 {
            domains: domains.iter().map(|domain| (*domain).to_owned()).collect(),
            ..OAuth2::default()
        };
        let two = domains(&["example.org", "Example.com"]);
        for good in ["ann@example.org", "ann@EXAMPLE.ORG", "ann@example.com", "\"a@b\"@example.org"] {
            assert!(check(&two, Some(good)).is_ok(), "{good}");
        }
        for bad in [
            None,
            Some(""),
            Some("example.org"),
            Some("ann@"),
            Some("ann@a.example.org"),
            Some("ann@example.org.evil.example"),
            Some("ann@example.org@evil.example"),
        ] {
            assert!(matches!(check(&two, bad), Err(Refusal::Told(IdentityError::DomainNotAllowed))), "{bad:?}");
        }
        assert!(check(&domains(&[]), None).is_ok());
    }

    #[test]
    fn an_address_counts_when_the_provider_has_verified_it() {
        for (flag, expected) in [
            (json!(true), Some("a@b.example")),
            (json!("true"), Some("a@b.example")),
            (json!(false), None),
            (json!("false"), None),
            (json!(1), None),
            (json!(null), None),
        ] {
            let claims = json!({"email": "a@b.example", "email_verified": flag});
            assert_eq!(verified_email(claims.as_object().unwrap()), expected, "{flag}");
        }
        assert_eq!(verified_email(json!({"email": "a@b.example"}).as_object().unwrap()), None);
        assert_eq!(
            verified_email(json!({"email": ["a@b.example"], "email_verified": true}).as_object().unwrap()),
            None
        );
    }
}
