"""Tools that release the next version of the workspace they are served from, as a person would."""

import os
import subprocess
from pathlib import Path

from luthier import ToolError, tool

# Name the workspace, a git repository, and the program; whoever starts the server sets them.
WORKSPACE = "CONFORMANCE_WORKSPACE"
LUTHIER = "CONFORMANCE_LUTHIER"

TOOL = '''\
from luthier import tool


@tool(name="{name}")
def added() -> str:
    """Was added while the server ran."""
    return "{name}"
'''

PROMPT = '''\
from luthier import prompt


@prompt(name="{name}")
def added() -> str:
    """Was added while the server ran."""
    return "{name}"
'''


@tool(blocking=True)
def test_trigger_tool_change() -> str:
    """Releases a version that has one tool more, and returns the tool's name."""
    return release(TOOL, "added_tool")


@tool(blocking=True)
def test_trigger_prompt_change() -> str:
    """Releases a version that has one prompt more, and returns the prompt's name."""
    return release(PROMPT, "added_prompt")


def release(source: str, kind: str) -> str:
    tools = folder() / "tools" / "runner"
    number = len(list(tools.glob(f"{kind}_*.py"))) + 1
    name = f"{kind}_{number}"
    path = tools / f"{name}.py"
    path.write_text(source.format(name=name), encoding="utf-8")
    who = ("-c", "user.name=conformance", "-c", "user.email=conformance@localhost.invalid")
    run("git", "add", str(path))
    run("git", *who, "commit", "-q", "-m", f"add {name}")
    run(variable(LUTHIER), "release")
    return name


def run(*command: str) -> None:
    done = subprocess.run(command, cwd=folder(), capture_output=True, text=True)
    if done.returncode != 0:
        raise ToolError(f"`{' '.join(command)}` failed: {done.stderr}")


def folder() -> Path:
    return Path(variable(WORKSPACE))


def variable(name: str) -> str:
    if name not in os.environ:
        raise ToolError(f"the server was started without {name}")
    return os.environ[name]
