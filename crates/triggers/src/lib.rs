//! Triggers: events of users, of data and of the clock, delivered at least once.
