//! Connections whose client takes nothing of what it is sent.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// A connection that ends when nothing could be written to it for so long as something should be.
///
/// The system's own limit alone will not do: what it has taken for sending it asks the client about at ever longer
/// intervals, and gives up at one of these.
pub(crate) struct Patient {
    stream: TokioIo<TcpStream>,
    patience: Duration,
    /// While something waits to be written.
    end: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    pub(crate) fn new(stream: TcpStream, patience: Duration) -> Self {
        #[cfg(target_os = "linux")]
        if let Err(error) = SockRef::from(&stream).set_tcp_user_timeout(Some(patience)) {
            // It is for clients that vanish while there is nothing more to write.
            tracing::debug!(%error, "TCP_USER_TIMEOUT could not be set");
        }
        Self { stream: TokioIo::new(stream), patience, end: None }
    }

    /// Tries to write, for as long as there is patience.
    fn attempt<T>(
        &mut self,
        context: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut TokioIo<TcpStream>>, &mut Context<'_>) -> Poll<Result<T>>,
    ) -> Poll<Result<T>> {
        if let Poll::Ready(outcome) = write(Pin::new(&mut self.stream), context) {
            self.end = None;
            return Poll::Ready(outcome);
        }
        let patience = self.patience;
        ready!(self.end.get_or_insert_with(|| Box::pin(sleep(patience))).as_mut().poll(context));
        // Nobody reads it, so the system need not keep it either.
        let _ = SockRef::from(self.stream.inner()).set_linger(Some(Duration::ZERO));
        Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "the client takes nothing of what it is sent")))
    }
}

impl Read for Patient {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: ReadBufCursor<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl Write for Patient {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        self.attempt(context, |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        self.attempt(context, |stream, context| stream.poll_write_vectored(context, parts))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::AsyncReadExt as _;
    use tokio::net::TcpListener;

    use super::*;

    async fn pair(patience: Duration) -> (Patient, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (Patient::new(listener.accept().await.unwrap().0, patience), client)
    }

    async fn write(server: &mut Patient, bytes: &[u8]) -> Result<usize> {
        poll_fn(|context| Pin::new(&mut *server).poll_write(context, bytes)).await
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_is_cut_off_and_told() {
        let (mut server, mut client) = pair(Duration::from_millis(300)).await;
        let bytes = vec![7; 100_000];
        let error = loop {
            if let Err(error) = write(&mut server, &bytes).await {
                break error;
            }
        };
        assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
        drop(server);
        let told = client.read_to_end(&mut Vec::new()).await.unwrap_err();
        assert_eq!(told.kind(), ErrorKind::ConnectionReset, "{told}");
    }

    #[tokio::test]
    async fn patience_begins_anew_whenever_something_is_taken() {
        let (mut server, mut client) = pair(Duration::from_secs(3_600)).await;
        let bytes = vec![7; 100_000];
        let mut read = vec![0; 1 << 20];
        for _ in 0..3 {
            while futures::poll!(Box::pin(write(&mut server, &bytes))).is_ready() {}
            assert!(server.end.is_some(), "it waits");
            loop {
                tokio::select! {
                    written = write(&mut server, &bytes) => break assert_ne!(written.unwrap(), 0),
                    read = client.read(&mut read) => assert_ne!(read.unwrap(), 0),
                }
            }
            assert!(server.end.is_none(), "the next wait is another");
        }
    }
}
