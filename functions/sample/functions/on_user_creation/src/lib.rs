//! Runs when a user is about to be created: makes the custom data, or refuses the user with an error.

use usher_sdk::prelude::*;

/// Who has an address here cannot register.
const BLOCKED_DOMAIN: &str = "blocked.example";

#[derive(Serialize)]
struct CustomData {
    user_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    nickname: Option<String>,
    visits: i32,
    created_at: DateTime,
}

#[usher_sdk::function]
fn on_user_creation(user: User) -> Result<()> {
    let email = user.email().map(str::to_owned);
    if email.as_deref().is_some_and(is_blocked) {
        return Err(Error::new(format!("addresses at {BLOCKED_DOMAIN} cannot register")));
    }
    custom_data()?.insert_one(CustomData {
        user_id: user.id,
        email,
        nickname: None,
        visits: 0,
        created_at: context::now(),
    })?;
    Ok(())
}

fn is_blocked(email: &str) -> bool {
    email.rsplit_once('@').is_some_and(|(_, domain)| domain.eq_ignore_ascii_case(BLOCKED_DOMAIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_domain_counts() {
        assert!(is_blocked("a@Blocked.Example"));
        assert!(!is_blocked("blocked.example@example.com"));
        assert!(!is_blocked("a@notblocked.example"));
    }
}
