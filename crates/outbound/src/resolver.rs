//! From names to addresses. What is checked here is what is connected to: the connector asks once for each connection
//! and uses this answer, so a name that changes its address gains nothing.

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::vec;

use futures::future::BoxFuture;
use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

use crate::address::is_public;

/// Finds every address of a name.
pub(crate) type Lookup = fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>>;

/// Asks the system.
pub(crate) fn system(name: String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
    // The connector puts its own port in.
    Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) })
}

/// Gives the addresses of a name that may be connected to. It is never asked about a host that is an address itself:
/// only a grant of that very address leads there.
#[derive(Clone)]
pub(crate) struct Resolver {
    lookup: Lookup,
}

impl Resolver {
    pub(crate) fn new(lookup: Lookup) -> Self {
        Self { lookup }
    }
}

/// Why a name has no address to connect to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unresolved {
    /// The name is unknown, or nobody answered.
    #[error("the name cannot be resolved: {0}")]
    Lookup(#[from] io::Error),
    /// The name is known and has no address.
    #[error("the name has no address")]
    Unknown,
    /// The name has addresses, and all of them are private.
    #[error("the name resolves to private addresses only")]
    Private,
}

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = Unresolved;
    type Future = BoxFuture<'static, Result<Self::Response, Unresolved>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Unresolved>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let found = (self.lookup)(name.as_str().to_owned());
        Box::pin(async move {
            let mut addresses = found.await?;
            if addresses.is_empty() {
                return Err(Unresolved::Unknown);
            }
            // A grant that says `localhost` means this machine; any other name has to lead out.
            let local = name.as_str() == "localhost";
            addresses.retain(|address| if local { address.ip().is_loopback() } else { is_public(address.ip()) });
            match addresses.is_empty() {
                true => Err(Unresolved::Private),
                false => Ok(addresses.into_iter()),
            }
        })
    }
}
