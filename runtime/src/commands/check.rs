//! `usher check`: every mistake in an app directory, at once.

use std::path::PathBuf;

use anyhow::{Result, bail};
use serde_json::json;

use crate::output::Output;
use crate::project;

/// Report every mistake in app directories, with file, line and a way out. Nothing is built or run.
#[derive(clap::Args)]
pub(crate) struct Check {
    /// The app's directory
    #[arg(value_name = "DIR", default_value = ".")]
    directories: Vec<PathBuf>,
}

impl Check {
    pub(crate) fn run(&self, output: Output) -> Result<()> {
        let mut broken = 0;
        let mut reports = Vec::new();
        for directory in &self.directories {
            match project::check(directory) {
                Ok(loaded) => {
                    for notice in &loaded.notices {
                        output.notice(notice);
                    }
                    output.done(format!("{}: app \"{}\" has no mistakes", directory.display(), loaded.app.id));
                    let notices: Vec<String> = loaded.notices.iter().map(ToString::to_string).collect();
                    reports.push(json!({
                        "directory": directory, "app": loaded.app.id, "mistakes": [], "notices": notices,
                    }));
                }
                Err(mistakes) => {
                    broken += mistakes.0.len();
                    if !output.json {
                        anstream::eprintln!("{}:\n{mistakes}", directory.display());
                    }
                    reports.push(json!({ "directory": directory, "mistakes": project::as_json(&mistakes) }));
                }
            }
        }
        if output.json {
            anstream::println!("{}", json!(reports));
        }
        match broken {
            0 => Ok(()),
            // The report has said it all; a second value would spoil it for machines.
            _ if output.json => std::process::exit(1),
            1 => bail!("1 mistake"),
            n => bail!("{n} mistakes"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::project;

    fn write(directory: &Path, file: &str, text: &str) {
        let path = directory.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn what_scripts_require_is_looked_for() {
        let directory = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| write(directory.path(), file, text);
        let told = || match project::check(directory.path()) {
            Ok(_) => Vec::new(),
            Err(mistakes) => mistakes.0.iter().map(ToString::to_string).collect(),
        };
        write("root_config.json", r#"{"config_version": 20210101, "name": "a"}"#);
        let source = "const axios = require('axios');\ntry { require('chalk'); } catch (_) {}\n\
                      const { randomBytes } = require('crypto');\nconst near = require('./near');\n\
                      exports = () => require('lodash/get');\n";
        write("functions/a.js", source);
        let file = "functions/a.js:4: column 22: there is no file \"./near\"";
        let packages = [
            "functions/a.js:1: column 23: there is no package \"axios\"",
            "functions/a.js:5: column 25: there is no package \"lodash\"",
        ];
        assert_eq!(told(), [packages[0], file, packages[1]]);
        write("functions/near.js", "module.exports = 1;");
        write("functions/package.json", r#"{"dependencies": {}}"#);
        assert_eq!(told(), packages, "nothing is going to be installed");
        // npm says what comes with what is listed.
        write("functions/package.json", r#"{"dependencies": {"axios": "1"}}"#);
        assert!(told().is_empty(), "{:?}", told());
        write("functions/node_modules/axios/package.json", "{}");
        assert_eq!(told(), packages[1..], "what is there is all there is");
    }

    #[test]
    fn scripts_in_configuration_files_are_checked_too() {
        let directory = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| write(directory.path(), file, text);
        write("root_config.json", r#"{"config_version": 20210101, "name": "a"}"#);
        write("functions/a.js", "exports = () => 1;");
        let manifest = |script: &str| {
            let entry = serde_json::json!([{ "name": "a", "run_as_user_id_script_source": script }]);
            write("functions/config.json", &entry.to_string());
        };
        manifest("exports = () => '5f';");
        assert!(project::check(directory.path()).is_ok());
        manifest("exports = () => {\n  return };;)");
        let mistakes = project::check(directory.path()).map(|_| ()).unwrap_err();
        assert_eq!(mistakes.0.len(), 1, "{mistakes}");
        let told = mistakes.0[0].to_string();
        assert!(told.starts_with("functions/config.json: the script run_as/a, line 2, column "), "{told}");
    }
}
