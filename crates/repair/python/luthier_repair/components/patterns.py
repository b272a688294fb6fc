"""What regular expressions find and replace."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..expressions import COMPARED, Component, kept, quoted
from .literals import Literals
from .sorts import BOOL, TEXT, TEXTS

# Pattern, what it is replaced with (nothing in particular: by what outputs have), and cost.
PATTERNS: tuple[tuple[str, str | None, int], ...] = (
    (r"\s+", None, 2),
    (r"\d+", None, 2),
    (r"\d", None, 2),
    (r"\D", None, 2),
    (r"[^a-z0-9]+", None, 2),
    (r"[^A-Za-z0-9]+", None, 2),
    (r"[^A-Za-z]", None, 2),
    (r"[^\w\s]", None, 2),
    (r"\W+", None, 3),
    (r"[^a-z]+", None, 3),
    (r"[aeiouAEIOU]", None, 2),
    (r"[a-z]", None, 3),
    (r"[A-Z]", None, 3),
    (r"[A-Za-z]", None, 3),
    (r"(?<!^)(?=[A-Z])", None, 2),
    (r"<[^>]+>", None, 2),
    (r"\s*\([^)]*\)", None, 2),
    (r"\[[^\]]*\]", None, 3),
    (r"#.*", None, 3),
    (r"(.)\1+", r"\1", 2),
    (r"\d(?=\d{4})", None, 3),
    (r"(?<=\d)(?=(\d{3})+$)", None, 3),
)

FOUND = (
    (r"\d+", "digits"),
    (r"\w+", "word"),
    (r"[A-Za-z]+", "word"),
    (r"[A-Z]", "letter"),
    (r"[A-Z][a-z]*", "word"),
    (r"[a-z]+", "word"),
    (r"-?\d+", "digits"),
    (r"-?\d+\.?\d*", "digits"),
    (r"#(\w+)", "tag"),
    (r"@(\w+)", "name"),
    (r"[\w.+-]+@[\w.-]+", "address"),
    (r"https?://\S+", "address"),
    (r"\(([^)]*)\)", "part"),
    (r'"([^"]*)"', "part"),
)


MATCHED = (
    r"[\w.+-]+@[\w-]+(\.[\w-]+)+",
    r"https?://\S+",
    r"\d{4}-\d{2}-\d{2}",
    r"#[0-9a-fA-F]{6}",
    r"[+-]?\d+(\.\d+)?",
    r"\d{5}",
)
# What is put where others were taken away, beside what outputs have.
MASKS = "*Xx#"
# What is as likely as nothing at all.
PLAIN = ("", " ", "-", "_")


def replacing(literals: Literals) -> Iterator[Component]:
    marks = [mark for mark in literals.into_outputs if len(mark) == 1]
    marks += [mark for mark in MASKS if mark in literals.given and mark not in marks]
    for pattern, fixed, cost in PATTERNS:
        if not re.search(pattern, literals.taken):
            continue
        find = re.compile(pattern)
        for new in ["", *marks] if fixed is None else [fixed]:
            told = rf'r"{new}"' if "\\" in new else quoted(new)
            template = f"re.sub({_literal(pattern)}, {told}, {{0}})"
            apply = lambda text, find=find, new=new: find.sub(new, text)  # noqa: E731
            yield Component(template, (TEXT,), TEXT, apply, cost + _surprise(new, fixed, literals), needs="re")


def _surprise(new: str, fixed: str | None, literals: Literals) -> int:
    """What all outputs have is put there by something."""
    if new in literals.everywhere:
        return -1
    return 1 if fixed is None and new not in PLAIN else 0


def finding(literals: Literals) -> Iterator[Component]:
    for pattern, item in FOUND:
        if re.search(pattern, literals.taken):
            find = re.compile(pattern)
            apply = lambda text, find=find: tuple(find.findall(text))  # noqa: E731
            template = f"re.findall({_literal(pattern)}, {{0}})"
            yield Component(template, (TEXT,), TEXTS, apply, 2, item=item, needs="re")


def matching() -> Iterator[Component]:
    for pattern in MATCHED:
        match = re.compile(pattern)
        template = f"re.fullmatch({_literal(pattern)}, {{0}}) is not None"
        apply = lambda text, match=match: match.fullmatch(text) is not None  # noqa: E731
        yield Component(template, (TEXT,), BOOL, apply, 2, COMPARED, needs="re", is_each=True)


def _literal(pattern: str) -> str:
    """In a template; `r` where there is something to be kept."""
    if '"' in pattern:
        return kept(f"r'{pattern}'")
    return kept(f'r"{pattern}"' if "\\" in pattern else f'"{pattern}"')
