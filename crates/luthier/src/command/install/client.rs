//! The clients: where each keeps its servers, and in which form.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::{environment::Environment, exit::Exit, failure::Failure};

/// A program that uses MCP servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Client {
    /// Claude Code: `.mcp.json` of the project
    ClaudeCode,
    /// Claude Desktop: its own file, stdio alone
    ClaudeDesktop,
    /// Cursor: `.cursor/mcp.json` of the project, or of the user
    Cursor,
    /// VS Code: `.vscode/mcp.json` of the project, or of the user
    Vscode,
    /// Any other: print the JSON, change no file
    McpJson,
}

impl Client {
    /// Its name on the command line.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-code",
            Self::ClaudeDesktop => "claude-desktop",
            Self::Cursor => "cursor",
            Self::Vscode => "vscode",
            Self::McpJson => "mcp-json",
        }
    }

    /// The member of its file that holds the servers.
    pub(super) fn servers(self) -> &'static str {
        match self {
            Self::Vscode => "servers",
            Self::ClaudeCode | Self::ClaudeDesktop | Self::Cursor | Self::McpJson => "mcpServers",
        }
    }

    /// Can its file name a URL?
    pub(super) fn takes_http(self) -> bool {
        self != Self::ClaudeDesktop
    }

    /// Does an entry say which transport it is of?
    pub(super) fn names_type(self) -> bool {
        match self {
            Self::ClaudeCode | Self::Vscode | Self::McpJson => true,
            Self::ClaudeDesktop | Self::Cursor => false,
        }
    }

    /// How its file refers to a variable of the environment.
    pub(super) fn variable(self, name: &str) -> String {
        match self {
            Self::Cursor | Self::Vscode => format!("${{env:{name}}}"),
            Self::ClaudeCode | Self::ClaudeDesktop | Self::McpJson => format!("${{{name}}}"),
        }
    }

    /// How it takes notice of a changed file.
    pub(super) fn reload(self) -> &'static str {
        match self {
            Self::ClaudeCode => {
                "start `claude` in this folder and approve the server; `/mcp` shows it"
            }
            Self::ClaudeDesktop => "quit Claude Desktop and start it again",
            Self::Cursor => "switch the server on in Cursor's settings, under MCP",
            Self::Vscode => "run `MCP: List Servers` in VS Code and start the server",
            Self::McpJson => "put the JSON where the client wants it",
        }
    }

    /// Its file, if it has one: that of the project in the current folder, or the user's.
    pub(super) fn place(
        self,
        environment: &Environment,
        is_user: bool,
    ) -> Result<Option<PathBuf>, Failure> {
        let project = |path: &str| Ok(Some(environment.folder.join(path)));
        match (self, is_user) {
            (Self::ClaudeCode, false) => project(".mcp.json"),
            (Self::Cursor, false) => project(".cursor/mcp.json"),
            (Self::Vscode, false) => project(".vscode/mcp.json"),
            (Self::Cursor, true) => {
                home(environment).map(|home| Some(home.join(".cursor/mcp.json")))
            }
            (Self::Vscode, true) => of_program(environment, "Code/User/mcp.json").map(Some),
            (Self::ClaudeDesktop, _) => {
                of_program(environment, "Claude/claude_desktop_config.json").map(Some)
            }
            (Self::ClaudeCode, true) => Err(Failure::usage(
                "Claude Code writes its own user file all the time, so it is left alone",
            )
            .with_hint("use `claude mcp add --scope user`".to_owned())),
            (Self::McpJson, _) => Ok(None),
        }
    }
}

/// A file below the folder that the system has for the settings of programs.
fn of_program(environment: &Environment, path: &str) -> Result<PathBuf, Failure> {
    if cfg!(target_os = "macos") {
        return Ok(home(environment)?
            .join("Library/Application Support")
            .join(path));
    }
    match environment.config_folder() {
        Some(folder) => Ok(folder.join(path)),
        None => Err(no_home()),
    }
}

fn home(environment: &Environment) -> Result<&Path, Failure> {
    environment.find("HOME").map(Path::new).ok_or_else(no_home)
}

fn no_home() -> Failure {
    Failure::new(
        "no_home",
        Exit::NotFound,
        "`HOME` is not set, and the file is below it",
    )
    .with_hint("set `HOME`, or print the JSON with `luthier install mcp-json`".to_owned())
}
