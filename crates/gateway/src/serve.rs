//! The listener, its connections, and their end.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioTimer;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use usher_contract::limits;

use crate::answer::answer;
use crate::reply::Endless;
use crate::services::{Services, Shared};
use crate::stall::Patient;

/// A pause after a failed accept: as a rule no file descriptor is free, and asking again at once would only burn
/// the processor that could free one.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves HTTP/1.1 until `shutdown` completes; then accepts no more, closes idle connections, lets running requests
/// finish, those whose client has gone included, and returns when the last has, at the latest after
/// [`limits::SHUTDOWN_DEADLINE`].
pub async fn serve(listener: TcpListener, services: Services, shutdown: impl Future<Output = ()> + Send) {
    let shared = Arc::new(Shared::new(services));
    accept(&listener, &shared, shutdown).await;
    drop(listener);
    shared.closing.cancel();
    shared.work.close();
    if timeout(limits::SHUTDOWN_DEADLINE, shared.work.wait()).await.is_err() {
        tracing::warn!(unfinished = shared.work.len(), "shutdown did not wait for the requests that still ran");
    }
}

async fn accept(listener: &TcpListener, shared: &Arc<Shared>, shutdown: impl Future<Output = ()> + Send) {
    let mut shutdown = pin!(shutdown);
    let slots = Arc::new(Semaphore::new(limits::CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => return,
            accepted = next(listener, &slots) => accepted,
        };
        match accepted {
            Ok((stream, peer, slot)) => {
                let connection = connection(stream, peer, Arc::clone(shared));
                shared.work.spawn(async move {
                    connection.await;
                    drop(slot);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// The next connection, once there is a slot for it.
async fn next(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, slot))
}

async fn connection(stream: TcpStream, peer: SocketAddr, shared: Arc<Shared>) {
    // Answers are small and whole; waiting to fill a packet would only delay them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    let stream = Patient::new(stream, shared.services.options.send_deadline);
    let endless = AtomicBool::new(false);
    let service = service_fn(|request| async {
        let response = answer(&shared, request, peer).await;
        endless.store(response.extensions().get::<Endless>().is_some(), Ordering::Relaxed);
        Ok::<_, Infallible>(response)
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits::REQUEST_HEADER_DEADLINE)
            .serve_connection(stream, service)
    );
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        () = shared.closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            if endless.load(Ordering::Relaxed) {
                // The last words wait for somebody to read them; shutdown does not.
                timeout(limits::WATCH_CLOSE, connection).await.unwrap_or(Ok(()))
            } else {
                connection.await
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, %peer, "a connection ended early");
    }
}
