//! `cargo xtask demo`: Usher on the sample app, driven by realm-web.

mod server;

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::setup;
use crate::setup::guests::{self, SAMPLE};
use crate::workspace::{build_usher, root, status};
use server::Server;

/// Where the demo listens when nobody else does.
const ADDRESS: &str = "127.0.0.1:3000";

/// Sets up, starts Usher, drives it; then ends, or stays up for the reader.
pub(crate) fn run(exit: bool) -> Result<ExitCode> {
    let ready = setup::for_demo()?;
    let usher = build_usher()?;
    guests::sample(&usher)?;
    let listen = if TcpListener::bind(ADDRESS).is_ok() { ADDRESS } else { "127.0.0.1:0" };
    eprintln!("Starting Usher on {SAMPLE}.");
    let app = root().join(SAMPLE);
    let mut server = Server::start(&usher, &app, listen, &root().join("target/demo"), &ready)?;

    let id = app_id(&app)?;
    let mut script = Command::new("node");
    script
        .arg(root().join("tests/demo/demo.mjs"))
        .args([&server.url, &id])
        .env("USHER", &usher)
        .env("USHER_APP", &app)
        .env("USHER_DATA", &server.data);
    ready.environment(&mut script);
    if !status(&mut script)?.success() {
        bail!("the demo failed; Usher's log {} ends with:\n{}", server.log.display(), server.tail());
    }
    if exit {
        return Ok(ExitCode::SUCCESS);
    }
    eprint!("{}", farewell(&server, &id));
    server.wait()?;
    Ok(ExitCode::SUCCESS)
}

/// The client app id of an app directory.
fn app_id(app: &Path) -> Result<String> {
    for name in ["realm_config.json", "root_config.json"] {
        let Ok(text) = std::fs::read_to_string(app.join(name)) else {
            continue;
        };
        let config: serde_json::Value = serde_json::from_str(&text)?;
        return config["app_id"].as_str().map(str::to_owned).with_context(|| format!("{name} has no app_id"));
    }
    bail!("{} holds neither realm_config.json nor root_config.json", app.display())
}

/// What a reader may try while it runs.
fn farewell(server: &Server, app: &str) -> String {
    format!(
        "
Usher stays up at {url}. Ctrl-C stops it and discards its data.

From Node or a browser, with npm's realm-web:
  const app = new Realm.App({{ id: \"{app}\", baseUrl: \"{url}\" }});
  const user = await app.logIn(Realm.Credentials.anonymous());
  user.customData

As the operator, at the root of the repository:
  export USHER_APP={SAMPLE} USHER_DATA={data}
  target/debug/usher users list
  target/debug/usher custom-data set grace@example.com '{{\"nickname\": \"Amazing\"}}'
  target/debug/usher functions call get_custom_data --as grace@example.com

By hand:
  curl {url}/api/client/v2.0/app/{app}/location
  curl -X POST {url}/api/client/v2.0/app/{app}/auth/providers/anon-user/login

Log: {log}
",
        url = server.url,
        data = server.data.strip_prefix(root()).unwrap_or(&server.data).display(),
        log = server.log.display()
    )
}
