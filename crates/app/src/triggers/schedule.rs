//! Cron expressions.

use croner::parser::{CronParser, Seconds, Year};

use crate::json::Node;
use crate::names::quote;

const HELP: &str = "write five fields: minute, hour, day of the month, month and day of the week, such as \"0 3 * * MON-FRI\"; \
                    times are UTC";

/// A cron expression of five fields; otherwise reports what is wrong with it.
pub(super) fn read(node: Node<'_>) -> Option<String> {
    let text = node.text()?.trim();
    let fields = text.split_whitespace().count();
    if fields != 5 {
        let seconds = if fields == 6 { ", and none is for seconds" } else { "" };
        let message = format!("{} has {fields} fields, where a schedule has five{seconds}", quote(text));
        node.mistake(message, HELP);
        return None;
    }
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    if let Err(error) = parser.parse(text) {
        node.mistake(format!("{} is not a schedule: {error}", quote(text)), HELP);
        return None;
    }
    Some(text.to_owned())
}
