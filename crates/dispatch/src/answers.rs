//! The memory of answers: what all that one host has not handed over yet may take together.
//!
//! A small answer costs nothing here. One that outgrows that takes, once, the room of the largest, so that it never waits
//! for more while others wait for it; when it is whole it gives back what it does not need, and the rest when the last
//! of it has been sent.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use usher_contract::{ErrorCode, Failure, limits};

/// In what room is counted, in bytes.
const UNIT: usize = 1024;

/// The room of a host.
#[derive(Clone)]
pub(crate) struct Answers {
    room: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

/// An answer that is being written.
pub(crate) struct Answer {
    answers: Answers,
    pub(crate) text: Vec<u8>,
    room: Option<OwnedSemaphorePermit>,
}

/// An answer that waits to be sent.
struct Sent {
    text: Vec<u8>,
    _room: Option<OwnedSemaphorePermit>,
}

impl AsRef<[u8]> for Sent {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

impl Answers {
    pub(crate) fn new() -> Self {
        let turns = Arc::new(Semaphore::new(limits::ANSWERS_WAITING));
        Self { room: Arc::new(Semaphore::new(limits::ANSWERS_BYTES / UNIT)), turns }
    }

    /// An answer without a text yet.
    pub(crate) fn begin(&self) -> Answer {
        Answer { answers: self.clone(), text: Vec::new(), room: None }
    }

    /// The room of the largest answer, for which some may wait a while.
    async fn take(&self) -> Result<OwnedSemaphorePermit, Failure> {
        let most = units(limits::ANSWER_BYTES);
        if let Ok(room) = self.room.clone().try_acquire_many_owned(most) {
            return Ok(room);
        }
        let _turn = self.turns.try_acquire().map_err(|_| busy())?;
        match timeout(limits::QUEUE_DEADLINE, self.room.clone().acquire_many_owned(most)).await {
            Ok(Ok(room)) => Ok(room),
            _ => Err(busy()),
        }
    }
}

impl Answer {
    /// Sees to it that there is room for the text of so many bytes of BSON more.
    ///
    /// # Errors
    /// [`ErrorCode::Overloaded`] where other answers take it, and [`ErrorCode::MongoDBError`] where the text so far is
    /// more than one answer may be.
    pub(crate) async fn expect(&mut self, bson: usize) -> Result<(), Failure> {
        self.check()?;
        // As a rule the text is two to three times as long.
        if self.room.is_none() && self.text.len() + 3 * bson > limits::ANSWER_FREE_BYTES {
            self.room = Some(self.answers.take().await?);
        }
        Ok(())
    }

    /// The same for the answer to what has been done already. Where there is no room it goes out all the same: an error
    /// would be taken for nothing done. Each is one document.
    pub(crate) async fn expect_done(&mut self, bson: usize) {
        if let Err(failure) = self.expect(bson).await {
            tracing::debug!(%failure, "an answer is sent without room of its own");
        }
    }

    fn check(&self) -> Result<(), Failure> {
        if self.text.len() <= limits::ANSWER_BYTES {
            return Ok(());
        }
        let most = limits::ANSWER_BYTES;
        let message = format!(
            "(ReadSizeLimitExceeded) the result is larger than {most} bytes of Extended JSON: narrow the query, or project \
             fewer fields"
        );
        Err(Failure::new(ErrorCode::MongoDBError, message))
    }

    /// The whole answer, which gives its room back when it has been sent.
    ///
    /// # Errors
    /// As [`Answer::expect`].
    pub(crate) fn finish(mut self) -> Result<Bytes, Failure> {
        self.check()?;
        self.text.shrink_to_fit();
        let needed = if self.text.len() > limits::ANSWER_FREE_BYTES { self.text.len() } else { 0 };
        let room = self.room.and_then(|mut room| room.split(needed.div_ceil(UNIT)));
        Ok(Bytes::from_owner(Sent { text: self.text, _room: room }))
    }
}

fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX)
}

fn busy() -> Failure {
    Failure::new(ErrorCode::Overloaded, "other large answers take the memory of this host: try again, or ask for less")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: usize = limits::ANSWER_FREE_BYTES / 3;
    const LARGE: usize = limits::ANSWER_FREE_BYTES;
    const MOST: usize = limits::ANSWERS_BYTES / limits::ANSWER_BYTES;

    async fn large(answers: &Answers) -> Result<Answer, Failure> {
        let mut answer = answers.begin();
        answer.expect(LARGE).await?;
        Ok(answer)
    }

    #[tokio::test]
    async fn small_answers_cost_nothing() {
        let answers = Answers::new();
        let all = answers.room.available_permits();
        for _ in 0..3 {
            let mut answer = answers.begin();
            answer.expect(SMALL).await.unwrap();
            assert_eq!(answers.room.available_permits(), all);
        }
    }

    #[tokio::test]
    async fn an_answer_takes_the_room_of_the_largest_then_its_own_and_none_once_it_is_sent() {
        let answers = Answers::new();
        let all = answers.room.available_permits();
        let mut answer = large(&answers).await.unwrap();
        assert_eq!(answers.room.available_permits(), all - limits::ANSWER_BYTES / UNIT);
        answer.expect(LARGE).await.unwrap();
        answer.text.resize(2 * LARGE, b'x');
        let whole = answer.finish().unwrap();
        assert_eq!((whole.len(), answers.room.available_permits()), (2 * LARGE, all - 2 * LARGE / UNIT));
        let part = whole.slice(LARGE..);
        drop(whole);
        assert_eq!(answers.room.available_permits(), all - 2 * LARGE / UNIT, "a part is not sent yet");
        drop(part);
        assert_eq!(answers.room.available_permits(), all);

        let mut short = large(&answers).await.unwrap();
        short.text.resize(9, b'x');
        let whole = short.finish().unwrap();
        assert_eq!((whole.len(), answers.room.available_permits()), (9, all));
    }

    #[tokio::test]
    async fn one_that_is_too_long_is_refused() {
        let mut answer = large(&Answers::new()).await.unwrap();
        answer.text.resize(limits::ANSWER_BYTES + 1, b'x');
        let failure = answer.expect(1).await.unwrap_err();
        assert!(
            failure.is(ErrorCode::MongoDBError) && failure.message.starts_with("(ReadSizeLimitExceeded) "),
            "{failure}"
        );
        assert_eq!(answer.finish().unwrap_err(), failure);
    }

    /// All grow at once, many times as many as there is room for, and none waits for one that waits.
    #[tokio::test]
    async fn those_that_wait_get_the_room_of_those_that_end() {
        let answers = Answers::new();
        let number = MOST + limits::ANSWERS_WAITING;
        let all = (0..number).map(|_| {
            let answers = answers.clone();
            tokio::spawn(async move {
                let mut answer = large(&answers).await?;
                for _ in 0..10 {
                    tokio::task::yield_now().await;
                    answer.expect(LARGE).await?;
                }
                answer.finish()
            })
        });
        let all: Vec<_> = all.collect();
        for answer in all {
            answer.await.unwrap().unwrap();
        }
        assert_eq!(answers.room.available_permits(), limits::ANSWERS_BYTES / UNIT);
    }

    #[tokio::test]
    async fn those_for_which_there_is_no_room_are_told_so() {
        let answers = Answers::new();
        let mut taken = Vec::new();
        for _ in 0..MOST {
            taken.push(large(&answers).await.unwrap());
        }
        // As many as may wait do, until their time is up; one more is told at once.
        let mut waiting: Vec<_> = (0..limits::ANSWERS_WAITING)
            .map(|_| {
                let answers = answers.clone();
                tokio::spawn(async move { large(&answers).await.map(drop) })
            })
            .collect();
        while answers.turns.available_permits() > 0 && !waiting.iter().any(tokio::task::JoinHandle::is_finished) {
            tokio::task::yield_now().await;
        }
        assert!(large(&answers).await.err().unwrap().is(ErrorCode::Overloaded));
        let mut done = answers.begin();
        done.expect_done(LARGE).await;
        done.text.resize(2 * LARGE, b'x');
        assert_eq!(done.finish().unwrap().len(), 2 * LARGE, "what is done is told");
        assert!(waiting.remove(0).await.unwrap().unwrap_err().is(ErrorCode::Overloaded));
        // And once there is room, nothing of all this is left.
        drop(taken);
        for one in waiting {
            let _ = one.await.unwrap();
        }
        assert!(large(&answers).await.is_ok());
        assert_eq!(answers.turns.available_permits(), limits::ANSWERS_WAITING);
    }
}
