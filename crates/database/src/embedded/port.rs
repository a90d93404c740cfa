//! The port of the embedded database.
//!
//! Nothing can be handed over but a number: between the choice of a port and the moment in which the database listens
//! there, another program may take it. That is found out, and another port is tried.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;

use rand::RngExt as _;

/// Below the ports that the system gives to whoever asks for any, so that no connection of another program sits on ours
/// while the database starts again.
const RANGE: Range<u16> = 20_000..30_000;
/// How many ports of the range are looked at before the system is asked for any.
const TRIES: usize = 64;

/// The port of last time where it is free, since a one-member replica set knows its own address; else any.
pub(crate) fn choose(last: Option<u16>) -> io::Result<u16> {
    let random = (0..TRIES).map(|_| rand::rng().random_range(RANGE));
    match last.into_iter().chain(random).find(|port| bind(*port).is_ok()) {
        Some(port) => Ok(port),
        None => bind(0),
    }
}

/// Whether another program listens there.
pub(crate) fn taken(port: u16) -> bool {
    bind(port).is_err_and(|error| error.kind() == ErrorKind::AddrInUse)
}

fn bind(port: u16) -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, port))?.local_addr()?.port())
}
