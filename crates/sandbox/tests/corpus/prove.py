"""Shows that every attack succeeds where there is no sandbox.

    python3 crates/sandbox/tests/corpus/prove.py [--only NAME] [--json] [--jobs N]

Each runs in namespaces of its own, with nothing to write to but memory, and ends with them. An attack
that did not succeed proves nothing when a sandbox withstands it: its name is printed, and the exit code
is 1.
"""

from __future__ import annotations

import argparse
import ast
import compileall
import fnmatch
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

sys.dont_write_bytecode = True

from header import HERE, PACKAGE, Attack, attacks  # noqa: E402

SECONDS_MAX = 40.0
NAMESPACES = ["--mount", "--pid", "--fork", "--kill-child", "--net", "--ipc", "--uts", "--mount-proc"]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", metavar="NAME", help="only attacks whose name matches, such as `read_*`")
    parser.add_argument("--json", action="store_true", help="print all that was seen, one object a line")
    parser.add_argument("--jobs", type=int, default=3, help="how many at once")
    options = parser.parse_args()

    chosen = [attack for attack in attacks() if fnmatch.fnmatch(attack.name, options.only or "*")]
    if not chosen:
        print(f"no attack is called {options.only!r}", file=sys.stderr)
        return 2
    check_signatures(chosen)
    command = ["unshare", *user_namespace(), *NAMESPACES, os.path.realpath(sys.executable)]
    since = time.monotonic()
    with ThreadPoolExecutor(options.jobs) as pool, tempfile.TemporaryDirectory() as package:
        copy_package(package)
        traces = list(pool.map(lambda attack: run(attack, command, package), chosen))
    failed = 0
    for attack, trace in zip(chosen, traces, strict=True):
        failed += not trace["succeeded"]
        if options.json:
            print(json.dumps({"name": attack.name, **trace}))
        elif not trace["succeeded"]:
            print(f"{attack.name}: did not succeed: wanted `{' '.join(attack.effect)}`, saw {trace}")
    if not options.json:
        seconds = time.monotonic() - since
        print(f"{len(chosen) - failed} of {len(chosen)} attacks succeed without a sandbox, {seconds:.0f} s")
    return 1 if failed else 0


def check_signatures(chosen: list[Attack]) -> None:
    """Does each function take what its header says?"""
    for attack in chosen:
        tree = ast.parse((HERE / "attacks" / f"{attack.name}.py").read_text())
        functions = [node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
        function = next(node for node in functions if node.name == "attack")
        names = [argument.arg for argument in function.args.args if argument.arg != "ctx"]
        if names != attack.takes:
            raise SystemExit(f"{attack.name}: takes {names}, and its header says {attack.takes}")


def copy_package(folder: str) -> None:
    """The package with its bytecode, so that not every attack compiles it."""
    shutil.copytree(PACKAGE / "luthier", f"{folder}/luthier", ignore=shutil.ignore_patterns("__pycache__"))
    compileall.compile_dir(folder, quiet=1)


def user_namespace() -> list[str]:
    """How to become root of a namespace: as anybody, or as root already."""
    wanted = ["--user", "--map-root-user"]
    tried = subprocess.run(["unshare", *wanted, *NAMESPACES, "true"], capture_output=True, check=False)
    if tried.returncode == 0:
        return wanted
    if os.geteuid() == 0:
        return []
    raise SystemExit(f"no namespaces may be made here: {tried.stderr.decode().strip()}")


def run(attack: Attack, command: list[str], package: str) -> dict[str, Any]:
    """One attack on a stage of its own."""
    since = time.monotonic()
    try:
        done = subprocess.run(
            [*command, "-S", "-B", str(HERE / "stage.py"), attack.name, package],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS_MAX,
            check=False,
        )
        trace = json.loads(done.stdout) if done.returncode == 0 else {"stderr": done.stderr.decode()[-800:]}
    except subprocess.TimeoutExpired:
        trace = {"stderr": f"nothing came in {SECONDS_MAX} s"}
    return {"succeeded": False, **trace, "seconds": round(time.monotonic() - since, 2)}


if __name__ == "__main__":
    sys.exit(main())
