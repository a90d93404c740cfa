//! Times. Of the times that passed while nobody was there, the last one is made up for: App Services does not replay
//! them all either.

use std::convert::Infallible;
use std::str::FromStr as _;
use std::time::Duration;

use bson::DateTime;
use chrono::Utc;
use croner::Cron;
use tokio::time::sleep;
use usher_app::ScheduledTrigger;
use usher_contract::limits;

use super::Follows;
use crate::document::Position;
use crate::error::TriggerError;
use crate::queue::Event;

/// How long to sleep at most: the clock may be set meanwhile.
const NAP: Duration = Duration::from_secs(30);

impl Follows<'_> {
    pub(super) async fn schedule(
        &self,
        trigger: &ScheduledTrigger,
        position: Position,
    ) -> Result<Infallible, TriggerError> {
        let schedule = &trigger.schedule;
        let times = Cron::from_str(schedule)
            .map_err(|error| TriggerError::Schedule { schedule: schedule.clone(), reason: error.to_string() })?;
        let mut last = position.time;
        if trigger.skip_catchup_events {
            let age = if self.paused { Duration::ZERO } else { limits::TRIGGER_ABSENCE };
            let oldest = DateTime::now().timestamp_millis() - i64::try_from(age.as_millis()).unwrap_or_default();
            last = last.max(DateTime::from_millis(oldest));
        }
        loop {
            let now = Utc::now();
            if let Some(due) = latest(&times, now).filter(|due| *due > last) {
                // Times of their own keys: one that takes long does not keep the next from running.
                let event = Event { key: due.timestamp_millis().to_string(), argument: None, unfit: None };
                self.source.queue.append(vec![event], &self.progress(None, due)).await?;
                self.source.wake.notify_one();
                last = due;
            }
            let next = times.find_next_occurrence(&now, false).ok();
            let left = next.and_then(|next| (next - Utc::now()).to_std().ok());
            // A time that has passed by now is seen at once.
            sleep(if next.is_some() { left.unwrap_or_default().min(NAP) } else { NAP }).await;
        }
    }
}

/// The last time that is due by now.
fn latest(times: &Cron, now: chrono::DateTime<Utc>) -> Option<DateTime> {
    let due = times.find_previous_occurrence(&now, true).ok()?;
    // To the second: an inclusive search answers with what was asked about, fractions and all.
    Some(DateTime::from_millis(due.timestamp().saturating_mul(1000)))
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;

    use bson::DateTime;
    use chrono::Utc;
    use croner::Cron;

    use super::latest;

    fn at(text: &str) -> chrono::DateTime<Utc> {
        chrono::DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    #[test]
    fn the_latest_time_that_is_due() {
        let cases = [
            ("*/15 * * * *", "2026-03-01T10:29:59Z", "2026-03-01T10:15:00Z"),
            ("*/15 * * * *", "2026-03-01T10:30:00.250Z", "2026-03-01T10:30:00Z"),
            ("0 9 * * MON-FRI", "2026-03-01T10:00:00Z", "2026-02-27T09:00:00Z"),
            ("30 4 1,15 * 5", "2026-03-06T04:31:00Z", "2026-03-06T04:30:00Z"),
        ];
        for (schedule, now, due) in cases {
            let due = DateTime::parse_rfc3339_str(due).unwrap();
            assert_eq!(latest(&Cron::from_str(schedule).unwrap(), at(now)), Some(due), "{schedule} at {now}");
        }
        assert_eq!(latest(&Cron::from_str("0 0 30 2 *").unwrap(), at("2026-03-01T10:00:00Z")), None);
    }
}
