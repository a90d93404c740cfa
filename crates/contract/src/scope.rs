//! What a grant may name, and what may be done to its documents.

/// The database that holds Usher's own state.
pub const SYSTEM_DATABASE: &str = "usher";

/// Databases of MongoDB's own, and Usher's.
const RESERVED_DATABASES: [&str; 4] = ["admin", "config", "local", SYSTEM_DATABASE];

/// Whether a database is no app's, whatever was granted. Names that differ in case alone are the same to MongoDB.
pub fn is_reserved_database(name: &str) -> bool {
    RESERVED_DATABASES.iter().any(|reserved| name.eq_ignore_ascii_case(reserved))
}

/// Which kinds of operation a grant allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the kind of operation it names")]
pub struct Operations {
    pub read: bool,
    pub insert: bool,
    pub update: bool,
    pub delete: bool,
}

impl Operations {
    /// Everything.
    pub const ALL: Self = Self { read: true, insert: true, update: true, delete: true };
}
