//! Change streams shared by their watchers, under rules.
