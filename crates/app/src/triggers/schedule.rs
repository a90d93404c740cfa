//! Cron expressions.

use croner::parser::{CronParser, Seconds, Year};

use crate::json::Node;
use crate::names::quote;

const HELP: &str = "write five fields: minute, hour, day of the month, month and day of the week, such as \"0 3 * * MON-FRI\"; \
                    times are UTC";

/// A cron expression of five fields; otherwise reports what is wrong with it. Servers that took the place of App Services
/// know a sixth, of seconds, in front.
pub(super) fn read(node: Node<'_>) -> Option<String> {
    let text = node.text()?.trim();
    let seconds = match text.split_whitespace().count() {
        5 => Seconds::Disallowed,
        6 => Seconds::Required,
        fields => {
            node.mistake(format!("{} has {fields} fields, where a schedule has five", quote(text)), HELP);
            return None;
        }
    };
    let parser = CronParser::builder().seconds(seconds).year(Year::Disallowed).build();
    if let Err(error) = parser.parse(text) {
        node.mistake(format!("{} is not a schedule: {error}", quote(text)), HELP);
        return None;
    }
    if seconds == Seconds::Required {
        node.notice("has six fields, so the first is seconds; App Services had five");
    }
    Some(text.to_owned())
}
