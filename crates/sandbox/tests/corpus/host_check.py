"""Compares the machine before and after something that must leave no trace.

    python3 host_check.py snapshot [--play DIR] [--secret FILE] [--victim PID] [--ignore GLOB]… > FILE
    python3 host_check.py compare FILE

`compare` looks at the same things again, prints each difference and ends with 1 if there is one. Only
what belongs to the same user counts, and processes only if they descend from whoever took the snapshot
or have lost their parent since.
"""

from __future__ import annotations

import argparse
import fnmatch
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

FILE_BYTES_MAX = 64 << 20
SHARED_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/run")
HOME_FOLDERS = ("", ".ssh", ".aws", ".cargo", ".config")
LISTENING = "0A"
UNIX_ACCEPTS = "00010000"

Facts = dict[str, Any]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    snapshot = commands.add_parser("snapshot", help="prints what there is")
    snapshot.add_argument("--play", help="a folder that nothing may change")
    snapshot.add_argument("--secret", help="a file that nothing may change")
    snapshot.add_argument("--victim", type=int, help="a process that has to live on")
    snapshot.add_argument(
        "--ignore", action="append", default=[], metavar="GLOB", help="paths of no interest"
    )
    commands.add_parser("compare", help="prints what is different").add_argument("file", type=Path)
    options = parser.parse_args()

    if options.command == "snapshot":
        asked = {name: getattr(options, name) for name in ("play", "secret", "victim", "ignore")}
        asked["root"] = os.getppid()
        print(json.dumps({"asked": asked, "facts": facts(asked)}))
        return 0
    before = json.loads(options.file.read_text())
    found = differences(before["facts"], facts(before["asked"]))
    print("\n".join(found) or "nothing is different")
    return 1 if found else 0


def facts(asked: Facts) -> Facts:
    """All that is looked at, by what it is."""
    ignored = asked["ignore"]
    return {
        "host name": {os.uname().nodename: "is the name"},
        "file": {**tree(asked["play"]), **tree(asked["secret"])},
        "entry": {path: "is there" for path in entries() if not matches(path, ignored)},
        "mount": mounts(ignored),
        "process": processes(asked["root"]),
        "socket": sockets(),
        "segment": segments(),
        "victim": {str(asked["victim"]): state(asked["victim"])} if asked["victim"] else {},
    }


def differences(before: Facts, after: Facts) -> list[str]:
    """One line for each."""
    found = []
    for kind in before:
        old, new = before[kind], after[kind]
        found += [f"{kind} is new: {name}: {new[name]}" for name in sorted(new.keys() - old.keys())]
        gone = sorted(name for name in old.keys() - new.keys() if not may_go(kind, name))
        found += [f"{kind} is gone: {name}" for name in gone]
        both = sorted(name for name in old.keys() & new.keys() if old[name] != new[name])
        found += [f"{kind} has changed: {name}: {old[name]} -> {new[name]}" for name in both]
    return found


def may_go(kind: str, name: str) -> bool:
    """Processes and sockets end by themselves, and everybody tidies up in shared folders."""
    return kind in ("process", "socket") or (kind == "entry" and name.startswith(SHARED_FOLDERS))


def matches(path: str, patterns: list[str]) -> bool:
    return any(fnmatch.fnmatch(path, pattern) for pattern in patterns)


# --- Files -----------------------------------------------------------------------------------


def tree(root: str | None) -> dict[str, str]:
    """A file, or a folder with all that is in it: modes, owners and fingerprints."""
    if root is None:
        return {}
    paths = [Path(root), *sorted(Path(root).rglob("*"))]
    return {str(path): fingerprint(path) for path in paths}


def fingerprint(path: Path) -> str:
    try:
        known = path.lstat()
    except OSError as problem:
        return problem.strerror or "unknown"
    told = f"{known.st_mode:o} {known.st_uid}:{known.st_gid} {known.st_size}"
    if path.is_symlink():
        return f"{told} -> {os.readlink(path)}"
    if not path.is_file():
        return f"{known.st_mode:o} {known.st_uid}:{known.st_gid}"
    with path.open("rb") as file:
        digest = hashlib.sha256(file.read(FILE_BYTES_MAX)).hexdigest()
    attributes = ",".join(sorted(os.listxattr(path)))
    return f"{told} {known.st_mtime_ns} {digest[:16]} {attributes}".rstrip()


def entries() -> list[str]:
    """What this user has in shared folders, and names in the home folder."""
    home = os.path.expanduser("~")
    found = []
    for folder in (*SHARED_FOLDERS, *(os.path.join(home, name) for name in HOME_FOLDERS), os.getcwd()):
        try:
            with os.scandir(folder) as listed:
                found += [one.path for one in listed if one.stat(follow_symlinks=False).st_uid == os.getuid()]
        except OSError:
            continue
    return found


def mounts(ignored: list[str]) -> dict[str, str]:
    lines = Path("/proc/self/mounts").read_text().splitlines()
    found = {line.split()[1]: line.split()[2] for line in lines}
    return {place: kind for place, kind in found.items() if not matches(place, ignored)}


# --- Processes, sockets, segments --------------------------------------------------------------


def processes(root: int) -> dict[str, str]:
    """Descendants of `root`, and processes of this user that nobody waits for."""
    parents: dict[int, int] = {}
    names: dict[int, str] = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            if os.stat(f"/proc/{name}").st_uid != os.getuid():
                continue
            head, _, tail = Path(f"/proc/{name}/stat").read_text().rpartition(")")
        except OSError:
            continue
        parents[int(name)], names[int(name)] = int(tail.split()[1]), head.partition("(")[2]

    def is_ours(process: int) -> bool:
        if parents[process] == 1:
            return True
        while process in parents and process != root:
            process = parents[process]
        return process == root

    own = {os.getpid(), root}
    return {
        f"{process} {names[process]}": "runs"
        for process in parents
        if process not in own and is_ours(process)
    }


def sockets() -> dict[str, str]:
    """What this user listens at."""
    found = {}
    for family in ("tcp", "tcp6"):
        for line in rows(f"/proc/net/{family}"):
            if line[3] == LISTENING and int(line[7]) == os.getuid():
                found[f"{family} {int(line[1].rpartition(':')[2], 16)}"] = "listens"
    for line in rows("/proc/net/unix"):
        if line[3] == UNIX_ACCEPTS and len(line) > 7 and "corpus" in line[7]:
            found[f"unix {line[7]}"] = "listens"
    return found


def segments() -> dict[str, str]:
    """Memory, semaphores and queues of the old kind."""
    return {
        f"{kind} {line[0]}": f"id {line[1]}"
        for kind in ("shm", "sem", "msg")
        for line in rows(f"/proc/sysvipc/{kind}")
    }


def rows(path: str) -> list[list[str]]:
    try:
        return [line.split() for line in Path(path).read_text().splitlines()[1:]]
    except OSError:
        return []


def state(process: int) -> str:
    """As the kernel says: sleeping and running are both alive."""
    try:
        letter = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "is gone"
    return {"T": "is stopped", "t": "is traced", "Z": "is dead", "X": "is dead"}.get(letter, "is alive")


if __name__ == "__main__":
    sys.exit(main())
