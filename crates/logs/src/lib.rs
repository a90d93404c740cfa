//! The log of an app, kept in MongoDB.
