//! `usher`: command line, configuration, composition of the rooms, shutdown.

#![allow(clippy::print_stdout, reason = "a command line answers on standard output")]

mod commands;
mod files;
mod host;
mod hosted;
mod logging;
mod mail;
mod output;
mod project;
mod types;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::commands::triggers;
use crate::commands::{build, check, custom_data, dev, functions, import, inspect, keys, new, serve, test, users};
use crate::output::Output;

/// Serverless functions for custom user data on MongoDB, self-hosted.
///
/// Usher runs an app: a directory with configuration and functions, in the layout that MongoDB Atlas App Services
/// exports. Realm SDK clients reach it by changing their base URL.
#[derive(Parser)]
#[command(version, propagate_version = true, arg_required_else_help = true, after_help = FIRST_STEPS)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Below the list of commands.
const FIRST_STEPS: &str = "\
A new app:         usher new my-app    then usher dev my-app
An exported app:   usher check DIR     then usher dev DIR";

#[derive(Args)]
#[command(next_help_heading = "Of every command")]
struct Global {
    /// Print JSON for machines instead of text for people
    #[arg(long, global = true)]
    json: bool,
    /// A JSON file with the values of secrets, {"name": "value"}; the environment's USHER_SECRET_<NAME> comes first
    #[arg(long, global = true, env = "USHER_SECRETS", value_name = "FILE")]
    secrets: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve apps to clients
    Serve(serve::Serve),
    /// Serve one app, and build and swap it again whenever its directory changes
    Dev(dev::Dev),
    /// Write a sample app that runs at once
    New(new::New),
    /// Write the grants that an exported app needs
    Import(import::Import),
    /// Say what each function can touch, and what changed in that
    Inspect(inspect::Inspect),
    /// Run the tests of an app's functions
    Test(test::Test),
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
    /// Show what happened: calls, logins, triggers, with what functions wrote
    Logs(commands::logs::Logs),
    /// Ask the rules of an app's collections
    #[command(subcommand)]
    Rules(commands::rules::Rules),
    /// Look after triggers and the events that they could not deliver
    #[command(subcommand)]
    Triggers(triggers::Triggers),
    /// Look after those who may administer apps over the admin API
    #[command(subcommand)]
    Admin(commands::admin::Admin),
    /// Look after the encryption of secrets of apps in the database
    #[command(subcommand)]
    Secrets(commands::secrets::Secrets),
    /// Look after the keys that sign tokens
    #[command(subcommand)]
    Keys(keys::Keys),
}

fn main() -> ExitCode {
    let Cli { global, command } = Cli::parse();
    let output = Output { json: global.json };
    if let Some(file) = global.secrets {
        project::take_secrets_from(file);
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return output.failure(&error.into()),
    };
    let result = runtime.block_on(async {
        match command {
            Command::Serve(serve) => serve.run(output).await,
            Command::Dev(dev) => dev.run(output).await,
            Command::New(new) => new.run(output),
            Command::Import(import) => import.run(output),
            Command::Inspect(inspect) => inspect.run(output),
            Command::Test(test) => test.run(output).await,
            Command::Build(build) => build.run(output).await,
            Command::Check(check) => check.run(output),
            Command::Functions(functions) => functions.run(output).await,
            Command::Users(users) => users.run(output).await,
            Command::CustomData(custom_data) => custom_data.run(output).await,
            Command::Logs(logs) => logs.run(output).await,
            Command::Rules(rules) => rules.run(output).await,
            Command::Triggers(triggers) => triggers.run(output).await,
            Command::Admin(admin) => admin.run(output).await,
            Command::Secrets(secrets) => secrets.run(output).await,
            Command::Keys(keys) => keys.run(output).await,
        }
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => output.failure(&error),
    }
}
