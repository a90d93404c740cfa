//! The benchmarks: each figure beside its floor, which does the same work by the shortest honest way, both measured
//! in turn in the same run. The ratio is the result; absolute figures belong to the machine.

#![allow(clippy::print_stdout, reason = "it prints its figures")]

mod floor;
mod guard;
mod javascript;
mod load;
mod measure;
mod registration;
mod rpc;
mod sandbox;
mod server;
mod watch;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::json;

use crate::measure::Row;
use crate::server::Server;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "floor") {
        return floor::serve();
    }
    let only = arguments.iter().find(|argument| !argument.starts_with("--"));
    let wanted = |name: &str| only.is_none_or(|only| name.contains(only.as_str()));
    let runtime = tokio::runtime::Runtime::new()?;
    let rows = runtime.block_on(run(&wanted))?;
    if arguments.iter().any(|argument| argument == "--json") {
        let rows: Vec<_> = rows.iter().map(Row::json).collect();
        println!("{}", json!(rows));
    } else {
        println!("{}", measure::table(&rows));
    }
    Ok(())
}

async fn run(wanted: &dyn Fn(&str) -> bool) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let echo = component("echo")?;
    if wanted("sandbox-instantiate") {
        rows.push(sandbox::instantiate(&echo).await?);
    }
    if wanted("sandbox-call") {
        rows.push(sandbox::call(&echo).await?);
    }
    if wanted("guard") {
        rows.push(guard::run()?);
    }
    if ["rpc-echo", "rpc-read", "registration"].into_iter().any(wanted) {
        let server = Server::start(&sample())?;
        if wanted("rpc-echo") {
            rows.push(rpc::echo("rpc-echo", &server).await?);
        }
        if wanted("rpc-read") {
            rows.push(rpc::read(&server).await?);
        }
        if wanted("registration") {
            rows.push(registration::run(&server).await?);
        }
    }
    if wanted("watch-2000") {
        rows.push(watch::run().await?);
    }
    if wanted("js-call") {
        rows.push(javascript::call().await?);
    }
    if wanted("rpc-js") {
        rows.push(javascript::rpc().await?);
    }
    if wanted("js-edit") {
        rows.push(javascript::edit().await?);
    }
    if ["js-start", "js-memory"].into_iter().any(wanted) {
        rows.extend(javascript::many().await?);
    }
    Ok(rows)
}

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../functions/sample")
}

/// A component of the sample app, as set-up built it.
fn component(name: &str) -> Result<Vec<u8>> {
    let path = server::prepared().join(format!("build/usher/sample/{name}.wasm"));
    std::fs::read(&path).with_context(|| format!("{}: run `cargo xtask setup` first", path.display()))
}
