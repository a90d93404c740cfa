//! What the log says of one thing that happened.

use bson::DateTime;
use bson::oid::ObjectId;
use serde::{Deserialize, Serialize};
use usher_contract::limits;

/// One entry (reference 7.5). It never holds a password, a token, a key, a secret's text or the arguments of a call.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    /// Its own id.
    #[serde(rename = "_id")]
    pub id: ObjectId,
    /// The client app id.
    pub app: String,
    /// The id of the request or invocation: what error bodies link to and answers carry as a header.
    pub co_id: String,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// When it began.
    pub started: DateTime,
    /// When it ended.
    pub completed: DateTime,
    /// The function that ran, or the action of a data source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function_name: Option<String>,
    /// The user for whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// What functions wrote, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Line>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The stable word for why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// Of a login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_event: Option<AuthEvent>,
    /// The trigger that ran the function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_subscription_name: Option<String>,
    /// The client's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_ip: Option<String>,
    /// What the functions used: the bytes of memory that each had, times the seconds that it ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mem_time_usage: Option<i64>,
    /// When it is forgotten; set when it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at: Option<DateTime>,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
    /// A login, or an attempt.
    Auth,
    /// A trigger about a user ran its function.
    AuthTrigger,
    /// A trigger about data ran its function.
    DbTrigger,
    /// A trigger of the clock ran its function.
    ScheduledTrigger,
    /// A trigger gave an event up.
    TriggerFailure,
    /// A function was called.
    Function,
    /// A client used a data source.
    ServiceFunction,
    /// A client watched a collection.
    ServiceStreamFunction,
    /// A client looked after its API keys.
    ApiKey,
    /// An HTTPS endpoint answered.
    Endpoint,
    /// A webhook answered.
    Webhook,
    /// The log about itself.
    Log,
}

/// One line that a function wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// `debug`, `info`, `warn` or `error`.
    pub level: String,
    /// The text.
    pub text: String,
}

/// What a login was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthEvent {
    /// `login`, `link`, `register` and so on.
    #[serde(rename = "type")]
    pub kind: String,
    /// The provider.
    pub provider: String,
    /// Whether it failed.
    pub failed: bool,
}

impl Kind {
    /// The word of reference 7.5.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "AUTH",
            Self::AuthTrigger => "AUTH_TRIGGER",
            Self::DbTrigger => "DB_TRIGGER",
            Self::ScheduledTrigger => "SCHEDULED_TRIGGER",
            Self::TriggerFailure => "TRIGGER_FAILURE",
            Self::Function => "FUNCTION",
            Self::ServiceFunction => "SERVICE_FUNCTION",
            Self::ServiceStreamFunction => "SERVICE_STREAM_FUNCTION",
            Self::ApiKey => "API_KEY",
            Self::Endpoint => "ENDPOINT",
            Self::Webhook => "WEBHOOK",
            Self::Log => "LOG",
        }
    }
}

impl Entry {
    /// An entry about something that begins now.
    pub fn begin(app: &str, co_id: &str, kind: Kind) -> Self {
        let now = DateTime::now();
        Self {
            id: ObjectId::new(),
            app: app.to_owned(),
            co_id: co_id.to_owned(),
            kind,
            started: now,
            completed: now,
            function_name: None,
            user_id: None,
            messages: Vec::new(),
            error: None,
            error_code: None,
            auth_event: None,
            event_subscription_name: None,
            remote_ip: None,
            mem_time_usage: None,
            expires_at: None,
        }
    }

    /// Whether it says more than that something went as it should, as nearly everything does.
    pub(crate) fn is_noteworthy(&self) -> bool {
        let plain = matches!(self.kind, Kind::Function | Kind::ServiceFunction);
        !plain || self.error.is_some() || !self.messages.is_empty()
    }

    /// Cuts every text that is too long: some are what a client sent, and one entry that MongoDB does not take would take
    /// others of its batch with it. The lines are bounded where they are written.
    pub(crate) fn cut(&mut self) {
        for text in self.texts() {
            if text.len() > limits::LOG_LINE_BYTES {
                *text = limits::log_line(text).to_owned();
            }
        }
    }

    /// Every text but the lines.
    fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        let event = self.auth_event.as_mut().map(|event| [&mut event.kind, &mut event.provider]);
        let optional = [
            &mut self.function_name,
            &mut self.user_id,
            &mut self.error,
            &mut self.error_code,
            &mut self.event_subscription_name,
            &mut self.remote_ip,
        ];
        let optional = optional.into_iter().flatten();
        [&mut self.app, &mut self.co_id].into_iter().chain(optional).chain(event.into_iter().flatten())
    }

    /// About how much memory it holds, once it is [`cut`](Self::cut): short texts are not counted.
    pub(crate) fn bytes(&self) -> usize {
        let lines: usize = self.messages.iter().map(|line| line.text.len() + size_of::<Line>()).sum();
        let long = [&self.error, &self.function_name];
        let texts: usize = long.into_iter().flatten().map(String::len).sum();
        size_of::<Self>() + lines + texts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_longer_than_a_line() {
        let long = || Some("é".repeat(limits::LOG_LINE_BYTES));
        let mut entry = Entry {
            function_name: long(),
            user_id: long(),
            error: long(),
            error_code: long(),
            event_subscription_name: long(),
            remote_ip: long(),
            auth_event: Some(AuthEvent { kind: "x".repeat(9_000), provider: "x".repeat(9_000), failed: true }),
            ..Entry::begin(&"x".repeat(9_000), &"x".repeat(9_000), Kind::Auth)
        };
        entry.cut();
        assert!(entry.texts().all(|text| text.len() <= limits::LOG_LINE_BYTES));
        assert!(bson::serialize_to_vec(&entry).unwrap().len() < 12 * limits::LOG_LINE_BYTES);
    }
}
