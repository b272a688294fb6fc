"""What docstrings say about parameters, in the styles of Google, NumPy and Sphinx."""

from __future__ import annotations

import re
from inspect import cleandoc
from typing import NamedTuple


class Docstring(NamedTuple):
    """A docstring, taken apart."""

    text: str
    parameters: dict[str, str]
    returns: str | None


_SPHINX = re.compile(
    r"^:(?P<field>param|parameter|arg|argument|returns?|raises?|rtype|type)\b(?P<what>[^:]*):(?P<text>.*)$"
)
_GOOGLE_ITEM = re.compile(r"^(?P<name>\*{0,2}\w+)\s*(?:\([^)]*\))?\s*:\s*(?P<text>.*)$")
_NUMPY_ITEM = re.compile(r"^(?P<names>\*{0,2}\w+(?:\s*,\s*\*{0,2}\w+)*)\s*(?::.*)?$")
_PARAMETERS = {"args", "arguments", "parameters", "params", "other parameters", "keyword args",
               "keyword arguments"}  # fmt: skip
_RETURNS = {"returns", "return", "yields"}
_OTHERS = {"raises", "note", "notes", "example", "examples", "see also", "warns", "warnings",
           "references", "attributes", "todo"}  # fmt: skip
_KEPT = {"note", "notes", "example", "examples"}


def parse(docstring: str | None) -> Docstring:
    """Takes a docstring apart: the text without its lists of parameters, and those."""
    if not docstring:
        return Docstring("", {}, None)
    lines = cleandoc(docstring).splitlines()
    text: list[str] = []
    parameters: dict[str, str] = {}
    returns: list[str] = []
    index = 0
    while index < len(lines):
        line = lines[index]
        section, is_numpy = _section(lines, index)
        if section is not None:
            start = index + (2 if is_numpy else 1)
            end = _numpy_end(lines, start) if is_numpy else _block_end(lines, start)
            block = lines[start:end]
            if section in _PARAMETERS:
                parameters.update(_numpy_items(block) if is_numpy else _google_items(block))
            elif section in _RETURNS:
                returns.extend(block)
            elif section in _KEPT:
                text.extend(lines[index:end])
            index = end
            continue
        found = _SPHINX.match(line)
        if found is not None:
            end = _block_end(lines, index + 1, stop_at_blank=True)
            words = _joined([found["text"], *lines[index + 1 : end]])
            if found["field"] in ("param", "parameter", "arg", "argument") and found["what"].split():
                parameters[found["what"].split()[-1].lstrip("*")] = words
            elif found["field"].startswith("return"):
                returns.append(words)
            index = end
            continue
        text.append(line)
        index += 1
    return Docstring(_squeezed(text), parameters, _joined(returns) or None)


def _section(lines: list[str], index: int) -> tuple[str | None, bool]:
    line = lines[index]
    name = line.rstrip(":").strip().lower()
    if name not in _PARAMETERS and name not in _RETURNS and name not in _OTHERS:
        return None, False
    if line[:1].isspace():
        return None, False
    following = lines[index + 1] if index + 1 < len(lines) else ""
    if re.fullmatch(r"-{3,}\s*", following):
        return name, True
    is_google = line.rstrip().endswith(":") and following[:1].isspace() and following.strip() != ""
    return (name, False) if is_google else (None, False)


def _block_end(lines: list[str], start: int, *, stop_at_blank: bool = False) -> int:
    """The first line from `start` that is not indented."""
    end = start
    while end < len(lines) and (lines[end][:1].isspace() or (not lines[end] and not stop_at_blank)):
        end += 1
    return end


def _numpy_end(lines: list[str], start: int) -> int:
    end = start
    while end < len(lines) and not (
        end + 1 < len(lines) and lines[end].strip() and re.fullmatch(r"-{3,}\s*", lines[end + 1])
    ):
        end += 1
    return end


def _google_items(block: list[str]) -> dict[str, str]:
    indent = min((len(line) - len(line.lstrip()) for line in block if line.strip()), default=0)
    items: dict[str, list[str]] = {}
    name: str | None = None
    for line in block:
        found = _GOOGLE_ITEM.match(line[indent:]) if line.strip() else None
        if found is not None:
            name = found["name"].lstrip("*")
            items[name] = [found["text"]]
        elif name is not None:
            items[name].append(line)
    return {name: _joined(words) for name, words in items.items()}


def _numpy_items(block: list[str]) -> dict[str, str]:
    items: dict[str, str] = {}
    names: list[str] = []
    words: list[str] = []
    for line in [*block, "end"]:
        if line and not line[0].isspace():
            items.update((name, _joined(words)) for name in names)
            found = _NUMPY_ITEM.match(line)
            names = [name.strip().lstrip("*") for name in found["names"].split(",")] if found else []
            words = []
        else:
            words.append(line)
    return {name: text for name, text in items.items() if text}


def _joined(lines: list[str]) -> str:
    return " ".join(line.strip() for line in lines if line.strip())


def _squeezed(lines: list[str]) -> str:
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
