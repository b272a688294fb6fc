"""Expressions that are put together of components, and how they are written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

# How tightly a text binds: what may stand next to what without parentheses.
LOOSE, COMPARED, ADDED, MULTIPLIED, PRIMARY = range(5)
# What a template asks of the text in a place: `{0:p}.lower()` wants a primary, `{0:a} + {1:m}` an addend.
ASKED = {"": LOOSE, "c": ADDED, "a": ADDED, "m": MULTIPLIED, "p": PRIMARY}


@dataclass(frozen=True)
class Each:
    """A comprehension in its parts."""

    element: Written
    name: str
    source: str
    condition: str = ""

    def text(self) -> str:
        condition = f" if {self.condition}" if self.condition else ""
        return f"{self.element} for {self.name} in {self.source}{condition}"


@dataclass(frozen=True)
class Written:
    """The text of an expression."""

    text: str
    level: int = PRIMARY
    item: str = "item"
    # What is iterated over instead of the list that the text makes.
    source: str = ""
    each: Each | None = None
    # What stands between the parentheses of a call that only iterates.
    inside: str = ""
    # What stands between the braces of an f-string instead.
    field: str = ""

    def __format__(self, asked: str) -> str:
        if asked == "g":
            return self.each.text() if self.each else self.inside or self.source or self.text
        return f"({self.text})" if self.level < ASKED[asked] else self.text


@dataclass(frozen=True)
class Component:
    """A step of a computation: how it is written, what it takes and gives, and what it does."""

    template: str
    takes: tuple[str, ...]
    gives: str
    apply: Callable[..., Any]
    cost: int = 1
    level: int = PRIMARY
    needs: str = ""
    item: str = ""
    source: str = ""
    field: str = ""
    # It may be done with each item of a list.
    is_each: bool = False
    # `map` and `filter` do `inner` with each item.
    kind: str = ""
    inner: Component | None = None
    # Arguments behind the first may cost so much.
    others_max: int = 1

    def write(self, taken: frozenset[str], *arguments: Written) -> Written:
        text = _renamed(self.template, taken).format(*arguments)
        return Written(
            text,
            self.level,
            self.item or (arguments[0].item if arguments else "item"),
            self.source.format(*arguments),
            inside=text[1:-1] if self.template.startswith("[") else "",
            field=self.field.format(*arguments),
        )


@dataclass(slots=True, eq=False)
class Node:
    """A component on its arguments, and what comes of it for each example and then for each probe."""

    component: Component
    arguments: tuple[Node, ...]
    values: tuple[Any, ...]
    cost: int
    # Literals and nodes of a text that is put together.
    pieces: tuple[str | Node, ...] = field(default=())

    def size(self) -> int:
        """How many components it has."""
        inner = self.pieces or self.arguments
        return bool(inner) + sum(part.size() for part in inner if isinstance(part, Node))

    def names(self) -> set[str]:
        """Which parameters it takes, among what else has no arguments."""
        inner = [part for part in self.pieces or self.arguments if isinstance(part, Node)]
        return set().union(*(part.names() for part in inner)) if inner else {self.component.template}

    def needs(self) -> set[str]:
        inner = self.component.inner
        needed = {self.component.needs, inner.needs if inner else ""} - {""}
        for part in self.pieces or self.arguments:
            needed |= part.needs() if isinstance(part, Node) else set()
        return needed


def write(node: Node, taken: frozenset[str]) -> Written:
    """The text of a node; names that are `taken` are not given to items."""
    if node.pieces:
        return _put_together([piece if isinstance(piece, str) else write(piece, taken) for piece in node.pieces])
    arguments = [write(argument, taken) for argument in node.arguments]
    component = node.component
    if component.inner is None:
        return component.write(taken, *arguments)
    first, *others = arguments
    each = first.each or _each(first, taken)
    inner = component.inner.write(taken, each.element, *others)
    if component.kind == "map":
        each = Each(inner, each.name, each.source, each.condition)
    else:
        both = f"{each.condition} and {inner}" if each.condition else inner.text
        each = Each(each.element, each.name, each.source, both)
    return Written(f"[{each.text()}]", item=first.item, each=each)


def _each(over: Written, taken: frozenset[str]) -> Each:
    name = next(name for name in (over.item, "item", "one", "element", "_") if name not in taken)
    return Each(Written(name, item=name), name, over.source or over.text)


def _put_together(pieces: list[str | Written]) -> Written:
    """An f-string; or a sum, where what is between the braces has quotes of its own."""
    fields = [quoted(piece) if isinstance(piece, str) else piece.field or piece.text for piece in pieces]
    written = [text for text, piece in zip(fields, pieces) if isinstance(piece, Written)]
    is_plain = all(isinstance(piece, Written) and not piece.field for piece in pieces)
    if is_plain or any(mark in text for text in written for mark in "'\\{}"):
        return Written(" + ".join(quoted(piece) if isinstance(piece, str) else f"{piece:m}" for piece in pieces), ADDED)
    inside = "".join(
        kept(text[1:-1]) if isinstance(piece, str) else _between_quotes(text)
        for text, piece in zip(fields, pieces)
    )
    return Written(f'f"{inside}"')


def _between_quotes(field: str) -> str:
    """A field of an f-string; older Pythons want other quotes in it than around it."""
    return "{" + field.replace('"', "'") + "}"


def _renamed(template: str, taken: frozenset[str]) -> str:
    """What a template names itself has another name where a parameter has this one."""
    if not taken or " for " not in template:
        return template
    names = {name for bound in re.findall(r"for (\w+(?:, \w+)*) in", template) for name in bound.split(", ")}
    for name in sorted(names & taken):
        template = re.sub(rf"\b{name}\b", f"{name}_", template)
    return template


def kept(text: str) -> str:
    """As a part of a template or of an f-string, in which braces mean something."""
    return text.replace("{", "{{").replace("}", "}}")


def quoted(text: str) -> str:
    """A literal with double quotes."""
    return json.dumps(text, ensure_ascii=False)
