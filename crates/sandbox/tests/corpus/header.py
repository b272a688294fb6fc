"""Reads what a program of the corpus says about itself.

The first line is a docstring; the lines after it that begin with `# ` are `# KEY: VALUE`, and the first
other line ends them. A key may come several times.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parents[2] / "python" / "package"

# Where everything lies inside a namespace.
STAGE = Path("/mnt")

VERDICTS = frozenset(
    (
        "value",
        "raised",
        "load-failed",
        "deadline",
        "memory",
        "output",
        "exited",
        "killed",
        "crashed",
        "forged",
    )
)
TARGETS = frozenset(("play", "secret", "port", "victim", "socket", "abstract"))
# Each with how many words come after it.
EFFECTS = {
    "escaped": 0, "hangs": 0, "lingers": 0, "breaks": 0, "forged": 0, "contact": 0, "held": 0, "file": 1,
    "processes": 1, "threads": 1, "descriptors": 1, "memory": 1, "output": 1, "told": 1, "exits": 1,
    "killed": 1, "victim": 1, "secret": 1, "shared": 1, "host": 1, "segment": 1,
}  # fmt: skip

_LINE = re.compile(r"# ([a-z-]+): (.*)")


class HeaderError(Exception):
    """A program whose header cannot be read."""


@dataclass
class Header:
    name: str
    about: str
    keys: dict[str, list[str]] = field(default_factory=dict)

    def one(self, key: str, default: str | None = None) -> str:
        values = self.keys.get(key, [])
        if len(values) > 1 or (not values and default is None):
            raise HeaderError(f"{self.name}: `{key}` comes {len(values)} times")
        return values[0] if values else str(default)

    def words(self, key: str, separator: str) -> list[str]:
        return [word.strip() for word in self.one(key, "").split(separator) if word.strip()]

    def json(self, key: str, default: str | None = None) -> Any:
        return json.loads(self.one(key, default))


def read(path: Path, allowed: frozenset[str]) -> Header:
    """The header of a file, with no key that is not allowed."""
    lines = path.read_text().splitlines()
    if not re.fullmatch(r'""".*"""', lines[0]):
        raise HeaderError(f"{path.stem}: the first line is no docstring")
    header = Header(path.stem, lines[0].strip('"'))
    for line in lines[1:]:
        if not line.startswith("# "):
            break
        found = _LINE.fullmatch(line)
        if found is None or found[1] not in allowed:
            raise HeaderError(f"{path.stem}: not understood: {line}")
        header.keys.setdefault(found[1], []).append(found[2])
    return header


ATTACK_KEYS = frozenset(("takes", "effect", "expect-wasm", "expect-native", "denied", "calls", "isolation"))


@dataclass
class Attack:
    name: str
    about: str
    takes: list[str]
    effect: list[str]
    expect: dict[str, list[str]]
    denied: Any
    calls: int
    is_fresh: bool


def read_attack(path: Path) -> Attack:
    """An attack, checked."""
    header = read(path, ATTACK_KEYS)
    expect = {tier: header.words(f"expect-{tier}", "|") for tier in ("wasm", "native")}
    attack = Attack(
        name=header.name,
        about=header.about,
        takes=header.words("takes", ","),
        effect=header.one("effect").split(),
        expect=expect,
        denied=header.json("denied", "null"),
        calls=int(header.one("calls", "1")),
        is_fresh=header.one("isolation", "shared") == "fresh",
    )
    _check(attack)
    return attack


def _check(attack: Attack) -> None:
    def refuse(reason: str) -> None:
        raise HeaderError(f"{attack.name}: {reason}")

    if EFFECTS.get(attack.effect[0]) != len(attack.effect) - 1:
        refuse(f"no effect: {' '.join(attack.effect)}")
    if unknown := set(attack.takes) - TARGETS:
        refuse(f"no targets: {unknown}")
    for tier, verdicts in attack.expect.items():
        if not verdicts or not VERDICTS.issuperset(verdicts):
            refuse(f"no verdicts of {tier}: {verdicts}")
    is_denied = any("value" in verdicts for verdicts in attack.expect.values())
    if is_denied != (attack.denied is not None):
        refuse("`denied` and the verdict `value` go together")
    if isinstance(attack.denied, str) and attack.denied.startswith("escaped:"):
        refuse("what is denied is no escape")


BENIGN_KEYS = frozenset(
    ("only", "arguments", "value", "raised", "state", "session", "seed", "nested", "prints")
)


@dataclass
class Call:
    arguments: dict[str, Any]
    value: Any
    # The exception's type, if it is to raise one.
    raised: str | None


@dataclass
class Benign:
    name: str
    about: str
    is_native_only: bool
    calls: list[Call]
    state: Any
    session: dict[str, Any] | None
    seed: int
    nested: list[dict[str, Any]]
    prints: str | None


def read_benign(path: Path) -> Benign:
    """A harmless program, checked."""
    header = read(path, BENIGN_KEYS)
    arguments = [json.loads(text) for text in header.keys.get("arguments", ["{}"])]
    values = [json.loads(text) for text in header.keys.get("value", [])]
    raised = header.keys.get("raised", [])
    if len(values) + len(raised) != len(arguments):
        raise HeaderError(f"{header.name}: {len(arguments)} calls, and {len(values) + len(raised)} endings")
    if values and raised:
        raise HeaderError(f"{header.name}: it returns or it raises")
    endings = [(value, None) for value in values] or [(None, kind) for kind in raised]
    return Benign(
        name=header.name,
        about=header.about,
        is_native_only=header.one("only", "") == "native",
        calls=[Call(given, *ending) for given, ending in zip(arguments, endings, strict=True)],
        state=header.json("state", "{}"),
        session=header.json("session", "null"),
        seed=int(header.one("seed", "7")),
        nested=[json.loads(text) for text in header.keys.get("nested", [])],
        prints=header.json("prints", "null"),
    )


def benign_programs() -> list[Benign]:
    """All of them, by name."""
    return [read_benign(path) for path in sorted((HERE / "benign").glob("*.py"))]


def attacks() -> list[Attack]:
    """All of them, by name."""
    return [read_attack(path) for path in sorted((HERE / "attacks").glob("*.py"))]
