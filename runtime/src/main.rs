//! `usher`: command line, configuration, composition of the rooms, shutdown.

#![allow(clippy::print_stdout, reason = "a command line answers on standard output")]

mod commands;
mod host;
mod logging;
mod output;
mod project;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::commands::{build, check, custom_data, dev, functions, keys, serve, users};
use crate::output::Output;

/// Serverless functions for custom user data on MongoDB, self-hosted.
///
/// Usher runs an app: a directory with configuration and functions, in the layout that MongoDB Atlas App Services
/// exports. Realm SDK clients reach it by changing their base URL.
#[derive(Parser)]
#[command(version, propagate_version = true, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Args)]
struct Global {
    /// Print JSON for machines instead of text for people
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Serve apps to clients
    Serve(serve::Serve),
    /// Serve one app, and build and swap it again whenever its directory changes
    Dev(dev::Dev),
    /// Build the functions of an app and see that each would load
    Build(build::Build),
    /// Report every mistake in an app directory
    Check(check::Check),
    /// Call functions
    #[command(subcommand)]
    Functions(functions::Functions),
    /// Look after users
    #[command(subcommand)]
    Users(users::Users),
    /// Read and change custom user data by hand
    #[command(subcommand)]
    CustomData(custom_data::CustomData),
    /// Look after the keys that sign tokens
    #[command(subcommand)]
    Keys(keys::Keys),
}

fn main() -> ExitCode {
    let Cli { global, command } = Cli::parse();
    let output = Output { json: global.json };
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return output.failure(&error.into()),
    };
    let result = runtime.block_on(async {
        match command {
            Command::Serve(serve) => serve.run(output).await,
            Command::Dev(dev) => dev.run(output).await,
            Command::Build(build) => build.run(output).await,
            Command::Check(check) => check.run(output),
            Command::Functions(functions) => functions.run(output).await,
            Command::Users(users) => users.run(output).await,
            Command::CustomData(custom_data) => custom_data.run(output).await,
            Command::Keys(keys) => keys.run(output).await,
        }
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => output.failure(&error),
    }
}
