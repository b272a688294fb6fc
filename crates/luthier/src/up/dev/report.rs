//! What the terminal says of each save.

use semver::Version;
use serde_json::{Value, json};

use runner::Trial;

use super::{Contents, Served, fault::Fault};
use crate::{
    failure::Failure,
    output::{Output, Tone},
    workspace::{SCHEMA, STATE},
};

/// Names that are listed in one line; of more the number is told.
const LISTED_MAX: usize = 4;

/// What whoever has no tool yet may begin with.
const FIRST_TOOL: &str = r#"save one as tools/runner/hello.py, such as

    from luthier import tool

    @tool
    def hello(name: str) -> str:
        """Greets somebody."""
        return f"Hello, {name}!"
"#;

/// What a look at the working tree came to.
#[derive(Debug)]
pub(super) enum Report {
    /// The first version of this run.
    Begins {
        version: Version,
        tools: Vec<String>,
        /// A call to try.
        example: Option<String>,
    },
    Serves {
        version: Version,
        changes: Changes,
        is_mended: bool,
        ms: u64,
    },
    Refused {
        fault: Fault,
        serving: Option<Version>,
    },
    /// It holds again what is served.
    Mended { version: Version },
    /// What is read at the start alone has changed.
    Settings,
}

/// From one version to the next.
#[derive(Debug, Default)]
pub(super) struct Changes {
    files: Vec<String>,
    added: Vec<String>,
    removed: Vec<String>,
    changed: Vec<String>,
    pub(super) has_settings: bool,
}

impl Changes {
    pub(super) fn between(before: Option<&Served>, trial: &Trial, contents: &Contents) -> Self {
        let Some(before) = before else {
            return Self::default();
        };
        let (then, now) = (before.trial.tools(), trial.tools());
        let names = |keep: &dyn Fn(&String) -> bool, of: Vec<&String>| {
            let names = of.into_iter().filter(|name| keep(name));
            names.cloned().collect::<Vec<_>>()
        };
        Self {
            files: contents.files_unlike(&before.contents),
            added: names(&|name| !then.contains_key(name), now.keys().collect()),
            removed: names(&|name| !now.contains_key(name), then.keys().collect()),
            changed: names(
                &|name| {
                    then.get(name)
                        .is_some_and(|then| now.get(name) != Some(then))
                },
                now.keys().collect(),
            ),
            has_settings: contents.settings != before.contents.settings,
        }
    }

    fn text(&self) -> String {
        let named = |word: &str, names: &[String]| {
            (!names.is_empty()).then(|| format!("{word}{}", listed(names)))
        };
        let parts = [
            named("", &self.files),
            named("added ", &self.added),
            named("removed ", &self.removed),
            named("changed ", &self.changed),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        parts.join(", ")
    }
}

impl Contents {
    fn files_unlike(&self, before: &Self) -> Vec<String> {
        let (then, now) = (before.code.files(), self.code.files());
        let mut files: Vec<String> = now
            .iter()
            .filter(|(path, content)| then.get(*path) != Some(content))
            .map(|(path, _)| path)
            .chain(then.keys().filter(|path| !now.contains_key(*path)))
            .cloned()
            .collect();
        files.sort_unstable();
        let documents = [
            (SCHEMA, self.schema != before.schema),
            (STATE, self.state != before.state),
        ];
        let documents = documents.into_iter().filter(|(_, is_new)| *is_new);
        files.extend(documents.map(|(path, _)| path.to_owned()));
        files
    }
}

impl Report {
    pub(super) fn first(version: &Version, trial: &Trial) -> Self {
        let tools: Vec<String> = trial.tools().into_keys().collect();
        let simplest = tools
            .iter()
            .map(|tool| (trial.required_arguments(tool), tool));
        let simplest = simplest.min_by_key(|(arguments, tool)| (arguments.len(), (*tool).clone()));
        let example = simplest.map(|(arguments, tool)| {
            if arguments.is_empty() {
                return format!("luthier call {tool}");
            }
            let arguments = arguments.iter().map(|name| format!("\"{name}\": …"));
            let arguments: Vec<String> = arguments.collect();
            format!("luthier call {tool} --args '{{{}}}'", arguments.join(", "))
        });
        Self::Begins {
            version: version.clone(),
            tools,
            example,
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Begins { version, tools, .. } => {
                json!({"event": "begins", "version": version, "tools": tools})
            }
            Self::Serves {
                version,
                changes,
                is_mended,
                ms,
            } => json!({
                "event": "serves",
                "version": version,
                "files": changes.files,
                "added": changes.added,
                "removed": changes.removed,
                "changed": changes.changed,
                "mended": is_mended,
                "ms": ms,
            }),
            Self::Refused { fault, serving } => {
                json!({"event": "refused", "fault": fault, "serving": serving})
            }
            Self::Mended { version } => json!({"event": "mended", "version": version}),
            Self::Settings => json!({"event": "settings"}),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Begins { version, tools, .. } if tools.is_empty() => {
                format!("{version} has no tools yet: {FIRST_TOOL}")
            }
            Self::Begins {
                version,
                tools,
                example,
            } => {
                let example = example.as_deref().unwrap_or_default();
                format!("{version} has {}\ntry: {example}", counted(tools))
            }
            Self::Serves {
                version,
                changes,
                is_mended,
                ms,
            } => {
                let mended = if *is_mended { "mended, " } else { "" };
                format!("{version} in {ms} ms: {mended}{}", changes.text())
            }
            Self::Refused { fault, serving } => {
                let rest = match serving {
                    Some(version) => format!("{version} serves on"),
                    None => "nothing is served until this is mended".to_owned(),
                };
                format!("{}\n{rest}", fault.shown())
            }
            Self::Mended { version } => format!("mended: this is {version} again"),
            Self::Settings => {
                "luthier.toml has changed: stop and start `luthier dev` to have it read".to_owned()
            }
        }
    }
}

fn counted(tools: &[String]) -> String {
    match tools {
        [only] => format!("1 tool: {only}"),
        tools => format!("{} tools: {}", tools.len(), tools.join(", ")),
    }
}

fn listed(names: &[String]) -> String {
    let shown = names.iter().take(LISTED_MAX);
    let shown: Vec<&str> = shown.map(String::as_str).collect();
    match names.len().checked_sub(LISTED_MAX) {
        None | Some(0) => shown.join(" "),
        Some(more) => format!("{} and {more} more", shown.join(" ")),
    }
}

/// Who is told, once it was said where the server is.
#[derive(Clone, Copy)]
pub(crate) struct Teller {
    pub(crate) output: Output,
    /// Does a protocol have stdout for itself?
    pub(crate) is_aside: bool,
}

impl Teller {
    pub(super) fn tell(self, report: &Report) -> Result<(), Failure> {
        let output = self.output;
        if output.is_json && !self.is_aside {
            return output.json_line(&report.json());
        }
        let text = report.text();
        if report.is_trouble() {
            output.fault(&text);
        } else if self.is_aside {
            output.note(&text);
        } else {
            let (head, rest) = text.split_once(' ').unwrap_or((&text, ""));
            output.text(&format!("{} {rest}", output.paint(Tone::Good, head)))?;
        }
        Ok(())
    }
}

impl Report {
    fn is_trouble(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }
}
