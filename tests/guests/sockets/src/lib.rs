//! Wants the network: imports `wasi:sockets`, which a deployment refuses.

use std::io::Read;
use std::net::TcpStream;

use usher_sdk::prelude::*;

#[usher_sdk::function]
fn sockets(address: String) -> Result<String> {
    let mut answer = String::new();
    TcpStream::connect(address)?.read_to_string(&mut answer)?;
    Ok(answer)
}
