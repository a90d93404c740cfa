//! `usher functions`: call a function from the command line.

use anyhow::{Context, Result, bail};
use bson::Bson;
use bson::oid::ObjectId;
use clap::Subcommand;
use serde_json::Value;
use usher_contract::value;
use usher_dispatch::{Call, Caller, Origin};

use crate::commands::Target;
use crate::host::Host;
use crate::output::Output;

/// Call functions.
#[derive(Subcommand)]
pub(crate) enum Functions {
    /// Call a function and print its result as Extended JSON
    Call(Box<CallArgs>),
}

/// Each argument is Extended JSON; what is not JSON is taken as a string.
#[derive(clap::Args)]
pub(crate) struct CallArgs {
    /// The function's name; private functions can be called too
    name: String,
    /// Its arguments, such as 42, hello, '"42"' or '{"nickname": "Ada"}': Extended JSON, or else text
    #[arg(value_name = "ARGS", allow_negative_numbers = true)]
    arguments: Vec<String>,
    /// Call as this user, by id or e-mail address
    #[arg(long = "as", value_name = "USER", conflicts_with = "system")]
    user: Option<String>,
    /// Call as the system (the default without --as)
    #[arg(long)]
    system: bool,
    #[command(flatten)]
    target: Target,
}

impl Functions {
    pub(crate) async fn run(self, output: Output) -> Result<()> {
        let Self::Call(call) = self;
        let (app, host) = call.target.open(output).await?;
        let result = call.run(&host, &app.directory, output).await;
        host.close().await;
        output.answer_json(&result?);
        Ok(())
    }
}

impl CallArgs {
    async fn run(&self, host: &Host, directory: &std::path::Path, output: Output) -> Result<Value> {
        let deployment = host.rooms.deploy(directory, output).await?;
        let arguments = self.arguments.iter().map(|text| argument(text)).collect::<Result<Vec<_>>>()?;
        let caller = match &self.user {
            Some(user) => host.rooms.identity.caller(deployment.app(), user).await?,
            None => Caller::System,
        };
        let answer = host
            .rooms
            .dispatcher
            .call(Call {
                request: None,
                deployment,
                function: self.name.clone(),
                arguments: value::array_bytes(arguments)?,
                caller,
                origin: Origin::Operator { system: self.system },
                id: ObjectId::new().to_hex(),
            })
            .await?;
        Ok(value::to_extended_json(value::result(&answer)?))
    }
}

fn argument(text: &str) -> Result<Bson> {
    match serde_json::from_str::<Value>(text) {
        Ok(json) => value::from_extended_json(json).with_context(|| format!("the argument {text}")),
        Err(_) if text.starts_with(['{', '[', '"']) => bail!("the argument {text} is not valid JSON"),
        Err(_) => Ok(Bson::String(text.to_owned())),
    }
}
