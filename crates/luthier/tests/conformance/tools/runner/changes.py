"""Tools that release the next version of the workspace they are served from, as a person would."""

import os
import re
import subprocess
from pathlib import Path

from luthier import ToolError, tool

# Names the workspace, a git repository; whoever starts the server sets it.
WORKSPACE = "CONFORMANCE_WORKSPACE"

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
    # Promotes of state count the last number up.
    minors = [int(found[1]) for found in re.finditer(r"^v0\.(\d+)\.0$", git("tag"), re.MULTILINE)]
    minor = max(minors) + 1
    name = f"{kind}_{minor}"
    path = f"tools/runner/{name}.py"
    (folder() / path).write_text(source.format(name=name), encoding="utf-8")
    git("add", path)
    git("commit", "-q", "-m", f"add {name}")
    git("tag", "-a", "-m", f"add {name}", f"v0.{minor}.0")
    return name


def git(*arguments: str) -> str:
    who = ("-c", "user.name=conformance", "-c", "user.email=conformance@localhost.invalid")
    command = ["git", "-C", str(folder()), *who, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def folder() -> Path:
    if WORKSPACE not in os.environ:
        raise ToolError(f"the server was started without {WORKSPACE}")
    return Path(os.environ[WORKSPACE])
