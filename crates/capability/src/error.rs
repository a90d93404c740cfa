//! Errors of the driver and of the server, as a function sees them.

use bson::{Document, doc};
use mongodb::error::{CommandError, Error, ErrorKind, WriteConcernError, WriteError, WriteFailure};
use usher_contract::{ErrorCode, Failure};

/// Server codes after which a read may be sent once more: no primary just now, or the way to it broke.
const RETRYABLE: &[i32] = &[6, 7, 89, 91, 134, 189, 262, 9001, 10_058, 10_107, 11_600, 11_602, 13_435, 13_436];
/// Server codes whose messages name hosts.
const UNREACHABLE: &[i32] = &[6, 7, 89, 9001];
const MAX_TIME_EXPIRED: i32 = 50;
const DUPLICATE_KEY: i32 = 11_000;

/// Whether a read that failed so may succeed when sent again.
pub(crate) fn is_retryable(error: &Error) -> bool {
    match error.kind.as_ref() {
        ErrorKind::Io(_) | ErrorKind::ConnectionPoolCleared { .. } => true,
        ErrorKind::Command(command) => RETRYABLE.contains(&command.code),
        _ => false,
    }
}

/// The error of an operation that was still running at the invocation's deadline: the server's own for it.
pub(crate) fn expired() -> Error {
    let told = doc! {
        "code": MAX_TIME_EXPIRED,
        "codeName": "MaxTimeMSExpired",
        "errmsg": "operation exceeded time limit",
    };
    match bson::deserialize_from_document::<CommandError>(told) {
        Ok(error) => ErrorKind::Command(error).into(),
        Err(error) => ErrorKind::Bson(error).into(),
    }
}

/// The failed write that a reply reports, if it does: commands sent raw succeed also when a write in them failed.
pub(crate) fn in_reply(reply: &Document) -> Result<(), Error> {
    if let Ok(errors) = reply.get_array("writeErrors")
        && let Some(first) = errors.first().and_then(bson::Bson::as_document)
    {
        let error: WriteError = bson::deserialize_from_document(first.clone())?;
        return Err(ErrorKind::Write(WriteFailure::WriteError(error)).into());
    }
    if let Ok(concern) = reply.get_document("writeConcernError") {
        let error: WriteConcernError = bson::deserialize_from_document(concern.clone())?;
        return Err(ErrorKind::Write(WriteFailure::WriteConcernError(error)).into());
    }
    Ok(())
}

/// What the function gets: `(CodeName) message` as App Services has it (reference 3.7), and never an address.
pub(crate) fn failure(error: &Error) -> Failure {
    match error.kind.as_ref() {
        ErrorKind::Command(it) => server(it.code, &it.code_name, &it.message),
        ErrorKind::Write(WriteFailure::WriteError(it)) => {
            server(it.code, it.code_name.as_deref().unwrap_or_default(), &it.message)
        }
        ErrorKind::Write(WriteFailure::WriteConcernError(it)) => server(it.code, &it.code_name, &it.message),
        ErrorKind::Transaction { message, .. } | ErrorKind::InvalidArgument { message, .. } => {
            Failure::new(ErrorCode::MongoDBError, format!("(InvalidOptions) {message}"))
        }
        ErrorKind::Io(_) | ErrorKind::ConnectionPoolCleared { .. } | ErrorKind::ServerSelection { .. } => {
            tracing::warn!(%error, "the database cannot be reached");
            unreachable()
        }
        _ => {
            tracing::error!(%error, "the database driver failed");
            Failure::new(ErrorCode::MongoDBError, "the database failed; the host's log has the story")
        }
    }
}

fn unreachable() -> Failure {
    Failure::new(ErrorCode::MongoDBError, "(HostUnreachable) the database cannot be reached just now: try again")
}

fn server(code: i32, name: &str, message: &str) -> Failure {
    match code {
        MAX_TIME_EXPIRED => Failure::new(
            ErrorCode::ExecutionTimeLimitExceeded,
            "the database operation did not end within the invocation's time",
        ),
        DUPLICATE_KEY => {
            Failure::new(ErrorCode::MongoDBError, format!("(DuplicateKey) Duplicate key error: {message}"))
        }
        code if UNREACHABLE.contains(&code) => unreachable(),
        code => {
            let message = match (name, known(code)) {
                ("", Some(name)) => format!("({name}) {message}"),
                ("", None) => format!("(Location{code}) {message}"),
                (name, _) => format!("({name}) {message}"),
            };
            Failure::new(ErrorCode::MongoDBError, message)
        }
    }
}

/// Names of codes that a failed write carries without its name.
fn known(code: i32) -> Option<&'static str> {
    Some(match code {
        2 => "BadValue",
        9 => "FailedToParse",
        14 => "TypeMismatch",
        20 => "IllegalOperation",
        28 => "PathNotViable",
        40 => "ConflictingUpdateOperators",
        52 => "DollarPrefixedFieldName",
        54 => "NotSingleValueField",
        55 => "InvalidDBRef",
        56 => "EmptyFieldName",
        57 => "DottedFieldName",
        66 => "ImmutableField",
        112 => "WriteConflict",
        121 => "DocumentValidationFailure",
        10_334 => "BSONObjectTooLarge",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{expired, failure, in_reply};
    use bson::doc;
    use mongodb::error::{Error, ErrorKind};
    use usher_contract::ErrorCode;

    #[test]
    fn server_errors_read_as_those_of_app_services() {
        let reply =
            doc! {"n": 0, "ok": 1, "writeErrors": [{"index": 0, "code": 2, "errmsg": "cannot compare to undefined"}]};
        let failure = failure(&in_reply(&reply).unwrap_err());
        assert!(failure.is(ErrorCode::MongoDBError));
        assert_eq!(failure.message, "(BadValue) cannot compare to undefined");
    }

    #[test]
    fn a_duplicate_key_is_called_so() {
        let reply = doc! {"writeErrors": [{"index": 0, "code": 11000, "errmsg": "E11000 duplicate key error"}]};
        let failure = failure(&in_reply(&reply).unwrap_err());
        assert!(failure.message.contains("Duplicate key error"), "{failure}");
    }

    #[test]
    fn the_deadline_has_its_own_code() {
        assert!(failure(&expired()).is(ErrorCode::ExecutionTimeLimitExceeded));
    }

    #[test]
    fn network_errors_do_not_name_hosts() {
        let error: Error =
            ErrorKind::Io(std::sync::Arc::new(std::io::Error::other("connect to db.internal:27017"))).into();
        let failure = failure(&error);
        assert!(failure.is(ErrorCode::MongoDBError) && !failure.message.contains("db.internal"), "{failure}");
    }
}
