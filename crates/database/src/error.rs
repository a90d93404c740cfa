//! What can go wrong with the database, said without credentials.

use mongodb::error::{Error, ErrorKind, WriteFailure};

/// Something about the database failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// The URI cannot be read.
    #[error(
        "the MongoDB URI is not valid: {0}. Expected something like mongodb://HOST:27017/?replicaSet=NAME; \
         percent-encode special characters of the password"
    )]
    InvalidUri(String),
    /// Nobody answers.
    #[error(
        "no MongoDB answers at {hosts}: {reason}. Check that it runs, that the address is right and that this host may connect"
    )]
    Unreachable {
        /// The addresses of the URI.
        hosts: String,
        /// The driver's story.
        reason: String,
    },
    /// The server is not a member of a replica set.
    #[error(
        "the MongoDB at {hosts} is a standalone server, which has no transactions. Start it with `--replSet NAME` and \
         run `rs.initiate()` in it once; a replica set of one member will do"
    )]
    Standalone {
        /// The addresses of the URI.
        hosts: String,
    },
    /// An operation inside a transaction failed, and with it the transaction, although the body went on.
    #[error("the transaction ended because an operation inside it failed: {0}")]
    Doomed(String),
    /// The driver's error.
    #[error(transparent)]
    Driver(#[from] Error),
}

/// Whether a write failed on a unique index.
pub fn is_duplicate_key(error: &Error) -> bool {
    const DUPLICATE_KEY: i32 = 11_000;
    match error.kind.as_ref() {
        ErrorKind::Write(WriteFailure::WriteError(write)) => write.code == DUPLICATE_KEY,
        ErrorKind::InsertMany(many) => {
            many.write_errors.as_ref().is_some_and(|errors| errors.iter().any(|write| write.code == DUPLICATE_KEY))
        }
        ErrorKind::Command(command) => command.code == DUPLICATE_KEY,
        _ => false,
    }
}

/// Takes user name and password of a URI out of a message that may quote it.
pub(crate) fn redact(message: &str, uri: &str) -> String {
    let secrets = uri.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).map(|(userinfo, _)| userinfo);
    let Some(userinfo) = secrets.filter(|found| !found.is_empty()) else {
        return message.to_owned();
    };
    let mut clean = message.replace(userinfo, "…");
    if let Some((_, password)) = userinfo.split_once(':').filter(|(_, password)| !password.is_empty()) {
        clean = clean.replace(password, "…");
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::redact;

    #[test]
    fn credentials_never_reach_a_message() {
        let uri = "mongodb://ann:s3cr@et@db.example:27017/?replicaSet=rs0";
        let message = redact("cannot read mongodb://ann:s3cr@et@db.example or just s3cr@et", uri);
        assert_eq!(message, "cannot read mongodb://…@db.example or just …");
        assert_eq!(redact("plain", "mongodb://db.example"), "plain");
    }
}
