//! `usher triggers`: look after triggers and the events that they could not deliver.

use anyhow::{Result, bail};
use bson::Bson;
use clap::Subcommand;
use serde_json::{Value, json};
use usher_app::App;
use usher_contract::value;
use usher_triggers::{DeadDelivery, Operator, TriggerState, Which};

use crate::commands::Target;
use crate::host::Host;
use crate::output::{Output, table, time};

/// Look after triggers.
///
/// A trigger's function is called again when it fails, a few times. An event whose function keeps failing is set aside:
/// it is shown by `dead`, kept for 30 days, and goes on its way again by `replay`.
#[derive(Subcommand)]
pub(crate) enum Triggers {
    /// List the triggers, what waits for them, and how they last did
    List {
        #[command(flatten)]
        target: Target,
    },
    /// Show the events that were set aside
    Dead {
        /// Only those of this trigger
        #[arg(long, value_name = "NAME")]
        trigger: Option<String>,
        #[command(flatten)]
        target: Target,
    },
    /// Deliver events again that were set aside; a host that runs does it
    Replay(Chosen),
    /// Forget events that were set aside; with --trigger, of one that the app has no more, also those that wait
    Discard(Chosen),
    /// Let a trigger that stands still go on with the present; what happened meanwhile is lost
    Restart {
        /// The trigger
        name: String,
        #[command(flatten)]
        target: Target,
    },
}

/// Some of the events that were set aside.
#[derive(clap::Args)]
pub(crate) struct Chosen {
    /// The events, by the ids that `dead` shows
    #[arg(value_name = "ID", conflicts_with_all = ["all", "trigger"])]
    ids: Vec<String>,
    /// All of them
    #[arg(long)]
    all: bool,
    /// All of this trigger
    #[arg(long, value_name = "NAME")]
    trigger: Option<String>,
    #[command(flatten)]
    target: Target,
}

impl Triggers {
    pub(crate) async fn run(self, output: Output) -> Result<()> {
        let target = match &self {
            Self::List { target } | Self::Dead { target, .. } | Self::Restart { target, .. } => target,
            Self::Replay(chosen) | Self::Discard(chosen) => &chosen.target,
        };
        let (app, host) = target.open(output).await?;
        let result = self.act(&app, &host, output).await;
        host.close().await;
        result
    }

    async fn act(&self, app: &App, host: &Host, output: Output) -> Result<()> {
        let operator = Operator::open(host.database.clone()).await?;
        match self {
            Self::List { .. } => {
                let states = operator.list(app).await?;
                output.answer(&states.iter().map(state_json).collect(), states_text(&states));
            }
            Self::Dead { trigger, .. } => {
                let dead = operator.dead(app, trigger.as_deref()).await?;
                output.answer(&dead.iter().map(dead_json).collect(), dead_text(&dead));
                let all = operator.count_dead(app, trigger.as_deref()).await?;
                let more = all.saturating_sub(u64::try_from(dead.len()).unwrap_or(u64::MAX));
                if more > 0 {
                    output.notice(format!(
                        "{more} more were set aside; they are shown when these are replayed or discarded"
                    ));
                }
            }
            Self::Replay(chosen) => {
                let which = chosen.which()?;
                let replayed = operator.replay(app, &which).await?;
                output.answer(&json!({ "replayed": replayed }), format!("{replayed} events go on their way again"));
                if let Which::Ids(ids) = &which
                    && replayed < u64::try_from(ids.len()).unwrap_or(u64::MAX)
                {
                    output.notice("the others are not set aside any more, or were too large to be delivered at all");
                }
            }
            Self::Discard(chosen) => {
                let discarded = operator.discard(app, &chosen.which()?).await?;
                output.answer(&json!({ "discarded": discarded }), format!("{discarded} events are forgotten"));
            }
            Self::Restart { name, .. } => {
                if !operator.restart(app, name).await? {
                    bail!("the trigger \"{name}\" does not stand still");
                }
                output.answer(&json!({ "restarted": name }), format!("\"{name}\" goes on with the present"));
            }
        }
        Ok(())
    }
}

impl Chosen {
    fn which(&self) -> Result<Which> {
        if self.ids.is_empty() && !self.all && self.trigger.is_none() {
            bail!("which events? Give their ids, --trigger NAME or --all");
        }
        Ok(match &self.ids[..] {
            [] => Which::All { trigger: self.trigger.clone() },
            ids => Which::Ids(ids.to_vec()),
        })
    }
}

fn state_json(state: &TriggerState) -> Value {
    json!({
        "name": state.name,
        "type": state.kind,
        "function": state.function,
        "enabled": state.enabled,
        "host": state.host,
        "waiting": state.waiting,
        "dead": state.dead,
        "last_success": state.succeeded.map(time),
        "last_failure": state.failed.map(time),
        "last_error": state.failure,
        "halted": state.halted,
    })
}

fn states_text(states: &[TriggerState]) -> String {
    let rows: Vec<Vec<String>> = states
        .iter()
        .map(|state| {
            let condition = match (&state.halted, state.enabled, &state.host) {
                (Some(_), ..) => "stands still",
                (None, false, _) => "off",
                (None, true, None) => "no host",
                (None, true, Some(_)) => "on",
            };
            vec![
                state.name.clone(),
                state.kind.to_lowercase(),
                state.function.clone(),
                condition.to_owned(),
                state.waiting.to_string(),
                state.dead.to_string(),
                state.succeeded.map(time).unwrap_or_default(),
                state.failed.map(time).unwrap_or_default(),
            ]
        })
        .collect();
    let heading = ["name", "type", "function", "state", "waiting", "dead", "last success", "last failure"];
    let mut text = table(&heading, &rows);
    for state in states {
        if let Some(reason) = state.halted.as_ref().or(state.failure.as_ref()) {
            text.push_str(&format!("\n{}: {reason}", state.name));
        }
    }
    text
}

fn dead_json(dead: &DeadDelivery) -> Value {
    json!({
        "id": dead.id,
        "trigger": dead.trigger,
        "event": dead.event.clone().map(|event| value::to_extended_json(Bson::Document(event))),
        "attempts": dead.attempts,
        "error": dead.error,
        "created": time(dead.created),
        "died": time(dead.died),
    })
}

fn dead_text(dead: &[DeadDelivery]) -> String {
    if dead.is_empty() {
        return "no event was set aside".to_owned();
    }
    let rows: Vec<Vec<String>> = dead
        .iter()
        .map(|dead| {
            let event = dead.event.as_ref();
            let about = event.map(|event| {
                let key = event.get_document("documentKey").ok().and_then(|key| key.get("_id")).cloned();
                let user = event.get_document("user").ok().and_then(|user| user.get("id")).cloned();
                let about = key.or(user).map(|id| value::to_extended_json(id).to_string()).unwrap_or_default();
                format!("{} {about}", event.get_str("operationType").unwrap_or_default())
            });
            vec![
                dead.id.clone(),
                dead.trigger.clone(),
                about.unwrap_or_default(),
                time(dead.died),
                dead.attempts.to_string(),
                dead.error.lines().next().unwrap_or_default().to_owned(),
            ]
        })
        .collect();
    table(&["id", "trigger", "event", "set aside", "attempts", "error"], &rows)
}
