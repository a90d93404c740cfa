//! `usher logs`: what happened in an app.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bson::DateTime;
use futures::StreamExt as _;
use serde_json::json;
use usher_app::App;
use usher_logs::{Entry, Kind, LogOptions, Logs as Log, Query};

use crate::commands::Target;
use crate::host::Host;
use crate::output::{Output, time};

/// Every kind of entry.
const KINDS: &[Kind] = &[
    Kind::Auth,
    Kind::AuthTrigger,
    Kind::DbTrigger,
    Kind::ScheduledTrigger,
    Kind::TriggerFailure,
    Kind::Function,
    Kind::ServiceFunction,
    Kind::ServiceStreamFunction,
    Kind::ApiKey,
    Kind::Endpoint,
    Kind::Webhook,
    Kind::Log,
];

/// Show what happened: calls, logins, triggers, with what functions wrote
#[derive(clap::Args)]
pub(crate) struct Logs {
    /// Go on with what is written from now on
    #[arg(long, short)]
    follow: bool,
    /// Of one function
    #[arg(long, value_name = "NAME")]
    function: Option<String>,
    /// Of one user, by id or e-mail address
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Failures only
    #[arg(long)]
    errors: bool,
    /// Of one kind, such as FUNCTION, AUTH or ENDPOINT; may be given several times
    #[arg(long = "type", value_name = "TYPE")]
    kinds: Vec<String>,
    /// Of one request: the co_id of an error's link, or the header X-Appservices-Request-Id
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Not older than this, such as 90s, 10m, 24h, 7d
    #[arg(long, value_name = "AGE", value_parser = age)]
    since: Option<Duration>,
    /// How many at most, the newest
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=100))]
    limit: i64,
    #[command(flatten)]
    target: Target,
}

impl Logs {
    pub(crate) async fn run(self, output: Output) -> Result<()> {
        let (app, host) = self.target.open(output).await?;
        let result = self.show(&app, &host, output).await;
        host.close().await;
        result
    }

    async fn show(&self, app: &App, host: &Host, output: Output) -> Result<()> {
        let log = Log::open(&host.database, LogOptions::default()).await?;
        let user = match &self.user {
            Some(user) => Some(host.rooms.identity.resolve_user(app, user).await?),
            None => None,
        };
        let mut kinds = Vec::new();
        for name in &self.kinds {
            let kind = KINDS.iter().find(|kind| kind.as_str().eq_ignore_ascii_case(name));
            let all = || KINDS.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
            kinds.push(*kind.with_context(|| format!("there is no type {name}: choose from {}", all()))?);
        }
        let after = self.since.map(|age| {
            let age = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
            DateTime::from_millis(DateTime::now().timestamp_millis().saturating_sub(age))
        });
        let query = Query {
            app: app.id.clone(),
            co_id: self.id.clone(),
            failed: self.errors.then_some(true),
            user,
            function: self.function.clone(),
            kinds,
            after,
            limit: self.limit,
            ..Query::default()
        };
        if self.follow {
            let mut entries = log.tail(&query).await?;
            while let Some(entry) = entries.next().await {
                print(&entry?, output);
            }
            bail!("the log cannot be followed any further; call the command again");
        }
        let mut entries = log.query(&query).await?;
        entries.reverse();
        for entry in &entries {
            print(entry, output);
        }
        if entries.is_empty() {
            output.notice("nothing in the log is like that");
        }
        Ok(())
    }
}

fn print(entry: &Entry, output: Output) {
    output.answer(&as_json(entry), text(entry));
}

fn as_json(entry: &Entry) -> serde_json::Value {
    let messages: Vec<_> = entry.messages.iter().map(|line| json!({"level": line.level, "text": line.text})).collect();
    json!({
        "co_id": entry.co_id,
        "type": entry.kind.as_str(),
        "started": time(entry.started),
        "completed": time(entry.completed),
        "function_name": entry.function_name,
        "user_id": entry.user_id,
        "event_subscription_name": entry.event_subscription_name,
        "auth_event": entry.auth_event,
        "error": entry.error,
        "error_code": entry.error_code,
        "remote_ip": entry.remote_ip,
        "mem_time_usage": entry.mem_time_usage,
        "messages": messages,
    })
}

/// One line for what happened, and one for each that was written.
fn text(entry: &Entry) -> String {
    let took = entry.completed.timestamp_millis() - entry.started.timestamp_millis();
    let what = [
        entry.event_subscription_name.clone(),
        entry.auth_event.as_ref().map(|event| format!("{} by {}", event.kind, event.provider)),
        entry.function_name.clone(),
    ];
    let what: Vec<String> = what.into_iter().flatten().collect();
    let user = entry.user_id.as_ref().map(|user| format!(" user {user}")).unwrap_or_default();
    let time = time(entry.started);
    let outcome = match (&entry.error, &entry.error_code) {
        (Some(error), Some(code)) => format!(" FAILED {code}: {error}"),
        (Some(error), None) => format!(" FAILED {error}"),
        (None, _) => String::new(),
    };
    let mut text =
        format!("{time} {} {}{user} {took} ms {}{outcome}", entry.kind.as_str(), what.join(" "), entry.co_id);
    for line in &entry.messages {
        text.push_str(&format!("\n    {}: {}", line.level, line.text.replace('\n', "\n    ")));
    }
    text
}

fn age(text: &str) -> Result<Duration, String> {
    let help = || format!("{text} is no age: write a number and s, m, h or d, such as 10m");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| help())?;
    let seconds = match &text[digits.len()..] {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err(help()),
    };
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_has_a_unit() {
        assert_eq!(age("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(age("2d"), Ok(Duration::from_secs(172_800)));
        for wrong in ["", "10", "m", "10 m", "-1s", "10w", "99999999999999999999d"] {
            assert!(age(wrong).is_err(), "{wrong}");
        }
    }
}
