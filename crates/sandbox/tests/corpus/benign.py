"""Shows that every harmless program does what its header says, where there is no sandbox.

    python3 crates/sandbox/tests/corpus/benign.py [--only NAME]

Names each that does not; the exit code is then 1.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fnmatch
import io
import json
import sys
from typing import Any

sys.dont_write_bytecode = True

from header import HERE, PACKAGE, Benign, Call, benign_programs  # noqa: E402

sys.path.insert(0, str(PACKAGE))

from luthier import _host  # noqa: E402


class Info:
    """What the package is told of a call."""

    conversation_id, version, revision, traceparent, client = "corpus", "0.0.0", 1, None, None
    deadline: float | None = None

    def __init__(self, program: Benign) -> None:
        self.seed = program.seed
        self.state = _host.parse_state(json.dumps(program.state).encode())
        self.session = program.session
        self.nested = program.nested

    def emit(self, kind: str, header: dict[str, Any], body: bytes = b"") -> None:
        json.dumps(header, allow_nan=False)

    def is_cancelled(self) -> bool:
        return False

    def call_tool(self, name: str, arguments: bytes) -> bytes:
        for known in self.nested:
            if known["tool"] == name and known["arguments"] == json.loads(arguments):
                return json.dumps(known["answer"]).encode()
        raise _host.ToolError(f"nobody has recorded this call of {name}")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", metavar="NAME", help="only programs whose name matches, such as `text_*`")
    options = parser.parse_args()

    chosen = [one for one in benign_programs() if fnmatch.fnmatch(one.name, options.only or "*")]
    problems = [problem for program in chosen for problem in run(program)]
    for problem in problems:
        print(problem)
    failed = len({problem.partition(":")[0] for problem in problems})
    print(f"{len(chosen) - failed} of {len(chosen)} programs do what they say")
    return 1 if problems or not chosen else 0


def run(program: Benign) -> list[str]:
    """What is not as it should be."""
    source = (HERE / "benign" / f"{program.name}.py").read_bytes()
    code = _host.load("0.0.0", "corpus0123456789", {f"tools/runner/{program.name}.py": source})
    info, printed = Info(program), io.StringIO()
    problems = [f"{program.name}: {text}" for text in json.loads(code.manifest())["warnings"]]
    with contextlib.redirect_stdout(printed):
        for call in program.calls:
            if (met := ending(code, call, info)) != (call.value, call.raised):
                problems.append(f"{program.name}: wanted {(call.value, call.raised)}, met {met}")
    code.close()
    if program.prints is not None and printed.getvalue() != program.prints:
        problems.append(f"{program.name}: printed {printed.getvalue()!r}")
    return problems


def ending(code: _host.Code, call: Call, info: Info) -> tuple[Any, str | None]:
    """The value, or the type of what was raised."""
    try:
        answer = _host.call(code, "tool", "run", json.dumps(call.arguments).encode(), info)
        if not isinstance(answer, bytes):
            answer = asyncio.run(_finished(answer))
    except Exception as error:
        return str(error) if call.raised is None else None, type(error).__name__
    return json.loads(answer), None


async def _finished(answer: Any) -> bytes:
    body: bytes = await answer
    return body


if __name__ == "__main__":
    sys.exit(main())
