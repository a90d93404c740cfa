//! Errors of the database where something is hidden: they quote values, and nobody knows of which documents.

use async_trait::async_trait;
use usher_contract::host::Bytes;
use usher_contract::{Cursor, ErrorCode, Failure};

/// What duplicate keys are called; which key it was stays untold.
const DUPLICATE_KEY: &str = "(DuplicateKey)";
const UNREACHABLE: &str = "(HostUnreachable)";

/// The same failure without what the database said; its name stays.
pub(super) fn veil(failure: Failure) -> Failure {
    if !failure.is(ErrorCode::MongoDBError) || failure.message.starts_with(UNREACHABLE) {
        return failure;
    }
    let message = match failure.message.split_once(' ') {
        Some((DUPLICATE_KEY, _)) => format!("{DUPLICATE_KEY} Duplicate key error"),
        Some((name, _)) if name.starts_with('(') && name.ends_with(')') => {
            format!(
                "{name} the database refused the operation; its words are kept back, as they could tell what the \
                     rules hide"
            )
        }
        _ => "the database failed; the host's log has the story".to_owned(),
    };
    Failure::new(ErrorCode::MongoDBError, message)
}

/// Whether it is about a value that a unique index has already.
pub(super) fn is_duplicate(failure: &Failure) -> bool {
    failure.is(ErrorCode::MongoDBError) && failure.message.starts_with(DUPLICATE_KEY)
}

/// A cursor whose errors are veiled.
pub(super) struct Veiled(pub(super) Box<dyn Cursor>);

#[async_trait]
impl Cursor for Veiled {
    async fn next_batch(&mut self) -> Result<Bytes, Failure> {
        self.0.next_batch().await.map_err(veil)
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use usher_contract::host::Bytes;
    use usher_contract::{Cursor, ErrorCode, Failure};

    use super::{Veiled, veil};

    #[test]
    fn only_the_name_of_an_error_remains() {
        let told = |message: &str| veil(Failure::new(ErrorCode::MongoDBError, message)).message;
        let duplicate = "(DuplicateKey) Duplicate key error: E11000 dup key: { email: \"hunter2\" }";
        assert_eq!(told(duplicate), "(DuplicateKey) Duplicate key error");
        assert!(told("(ConversionFailure) Failed to parse 'hunter2'").starts_with("(ConversionFailure) the database"));
        assert!(!told("Failed to parse 'hunter2'").contains("hunter2"));
        let ours = Failure::new(ErrorCode::InvalidDocument, "the option `x` is not known");
        assert_eq!(veil(ours.clone()), ours);
    }

    struct Broken;

    #[async_trait]
    impl Cursor for Broken {
        async fn next_batch(&mut self) -> Result<Bytes, Failure> {
            Err(Failure::new(ErrorCode::MongoDBError, "(ConversionFailure) Failed to parse 'hunter2'"))
        }
    }

    #[tokio::test]
    async fn errors_of_later_batches_are_veiled_too() {
        let failure = Veiled(Box::new(Broken)).next_batch().await.unwrap_err();
        assert!(failure.is(ErrorCode::MongoDBError) && !failure.message.contains("hunter2"), "{failure}");
    }
}
