//! `usher users import`: users of another server.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde_json::json;
use usher_app::App;
use usher_identity::{Identity, ImportedUser};

use crate::commands::Target;
use crate::output::Output;

/// Take over users of another server.
#[derive(clap::Args)]
pub(crate) struct Import {
    /// Users as the admin API of App Services tells them: a JSON array, or one JSON object to a line
    file: PathBuf,
    #[command(flatten)]
    pub(crate) target: Target,
}

impl Import {
    pub(crate) async fn run(&self, app: &App, identity: &Identity, output: Output) -> Result<()> {
        let file = self.file.display();
        let text = std::fs::read_to_string(&self.file).with_context(|| format!("{file} cannot be read"))?;
        let users = read(&text).with_context(|| format!("{file} does not hold users"))?;
        let (mut imported, mut present, mut refused) = (0_u64, 0_u64, Vec::new());
        for user in &users {
            match identity.import_user(app, user).await {
                Ok(true) => imported += 1,
                Ok(false) => present += 1,
                Err(error) => refused.push(json!({ "id": user.id, "error": error.to_string() })),
            }
        }
        let text = format!("took over {imported} users; {present} were here before; {} were refused", refused.len());
        output.answer(&json!({ "imported": imported, "present": present, "refused": refused }), text);
        for one in &refused {
            output.notice(format!("{}: {}", one["id"], one["error"]));
        }
        if refused.is_empty() { Ok(()) } else { bail!("{} of {} users were refused", refused.len(), users.len()) }
    }
}

fn read(text: &str) -> Result<Vec<ImportedUser>> {
    if text.trim_start().starts_with('[') {
        return Ok(serde_json::from_str(text)?);
    }
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(number, line)| serde_json::from_str(line).with_context(|| format!("line {}", number + 1))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_and_lines_are_read() {
        for text in [r#"[{"_id":"a"},{"_id":"b","new":1}]"#, "{\"_id\":\"a\"}\n\n{\"_id\":\"b\"}\n"] {
            let ids: Vec<String> = read(text).unwrap().into_iter().map(|user| user.id).collect();
            assert_eq!(ids, ["a", "b"]);
        }
        assert!(read("").unwrap().is_empty());
        let error = read("{\"_id\":\"a\"}\n{}").unwrap_err();
        assert!(format!("{error:#}").contains("line 2"), "{error:#}");
    }
}
