//! `luthier init DIR`

mod templates;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::Args;
use serde_json::json;

use self::templates::Template;
use super::chat;
use crate::{
    exit::Exit,
    failure::Failure,
    session::{MadeFolder, Session},
};

#[derive(Args, Clone, Debug)]
pub(crate) struct InitArgs {
    /// The folder; made if it is not there, refused if it is not empty
    pub(crate) dir: PathBuf,
    /// What it begins with
    #[arg(long, value_name = "NAME", default_value = "blank")]
    pub(crate) template: Template,
    /// What it should be able to do, a wish at a time: each is said to the Architect
    #[arg(long, value_name = "TEXT")]
    pub(crate) describe: Vec<String>,
}

/// Stands in templates for what the workspace is called.
const NAME: &str = "{{name}}";

/// Names that are listed when a folder is in the way.
const IN_THE_WAY_MAX: usize = 3;

pub(crate) fn run(session: &Session, args: &InitArgs) -> Result<(), Failure> {
    let dir = session.environment.folder.join(&args.dir);
    refuse_full_folder(&dir)?;
    let name = dir
        .file_name()
        .map_or("luthier".into(), |name| name.to_string_lossy());
    // Quoted as TOML and JSON both read it.
    let name = json!(name).to_string();
    let name = name.trim_matches('"');
    let made = MadeFolder::create(&dir)?;
    let mut files = Vec::new();
    for (path, text) in args.template.files() {
        files.push(path);
        let path = dir.join(path);
        write(&path, &text.replace(NAME, name))
            .map_err(|error| Failure::io(&format!("write `{}`", path.display()), error))?;
    }
    made.keep();
    let chats = chat::say_all(session, &dir, &args.describe)?;
    let mut answer = json!({ "workspace": dir, "files": files });
    if !chats.is_empty() {
        answer["chats"] = chats.clone().into();
    }
    session.output.answer(&answer, |_| {
        let mut lines = vec![format!("made the workspace `{}`", args.dir.display())];
        lines.extend(chats.iter().map(chat::text));
        lines.push(format!(
            "next: luthier --workspace {} up",
            args.dir.display()
        ));
        lines.join("\n")
    })
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}

/// A folder that holds something is never written into.
pub(crate) fn refuse_full_folder(folder: &Path) -> Result<(), Failure> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Failure::io(&format!("list `{}`", folder.display()), error)),
    };
    let mut names: Vec<String> = entries
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .collect();
    if names.is_empty() {
        return Ok(());
    }
    names.sort_unstable();
    let more = if names.len() > IN_THE_WAY_MAX {
        ", …"
    } else {
        ""
    };
    names.truncate(IN_THE_WAY_MAX);
    let message = format!(
        "`{}` is not empty: it holds {}{more}",
        folder.display(),
        names.join(", ")
    );
    Err(Failure::new("folder_not_empty", Exit::Conflict, message)
        .with_hint("choose a folder that is empty or not there yet".to_owned()))
}
