//! What may be done to the documents of a grant.

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
