"""Of one text: another text, a list, a number, or yes and no."""

from __future__ import annotations

import html
import string
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

from ..expressions import ADDED, COMPARED, LOOSE, MULTIPLIED, PRIMARY, Component, quoted
from .bounds import digits
from .literals import LENGTHS, Literals
from .slices import slices
from .sorts import BOOL, NUMBER, TEXT, TEXTS

VOWELS = frozenset("aeiou")
LENGTH_BOUNDS = (1, 2, 3, 4, 5, 8, 10, 12)
FILLS = " 0*-._#="


def texts_to_texts(literals: Literals) -> Iterator[Component]:
    def one(template: str, apply: Callable[[str], str], cost: int = 1, is_each: bool = False, **more: Any) -> Component:
        return Component(template, (TEXT,), TEXT, apply, cost, is_each=is_each, **more)

    yield one("{0:p}.lower()", str.lower, is_each=True)
    yield one("{0:p}.upper()", str.upper, is_each=True)
    yield one("{0:p}.strip()", str.strip, is_each=True)
    yield one("{0:p}.capitalize()", str.capitalize, is_each=True)
    yield one("{0:p}.title()", str.title, is_each=True)
    yield one("{0:p}[::-1]", lambda text: text[::-1], is_each=True)
    yield one("{0:p}[0]", lambda text: text[0], is_each=True)
    yield one("{0:p}[-1]", lambda text: text[-1], is_each=True)
    yield one("{0:p}.swapcase()", str.swapcase, 2, is_each=True)
    yield one("{0:p}.rstrip()", str.rstrip, 2)
    yield one("{0:p}.lstrip()", str.lstrip, 2)
    yield one("{0:p}[:1].upper() + {0:p}[1:]", lambda text: text[:1].upper() + text[1:], 2, True, level=ADDED)
    yield one("{0:p}[:1].lower() + {0:p}[1:]", lambda text: text[:1].lower() + text[1:], 2, True, level=ADDED)
    yield one("{0:p} * 2", lambda text: text * 2, 2, True, level=MULTIPLIED)
    yield one("{0:p} + {0:p}[::-1]", lambda text: text + text[::-1], 3, level=ADDED)
    yield from slices(TEXT)
    yield from _with_marks(one, literals)
    yield from _padding(one, literals)
    if not literals.taken.isascii():
        template = 'unicodedata.normalize("NFKD", {0}).encode("ascii", "ignore").decode()'
        yield one(template, _without_accents, needs="unicodedata")
    if any(mark in literals.given for mark in ("&amp;", "&lt;", "&gt;", "&quot;")):
        yield one("html.escape({0})", html.escape, needs="html")
    if "&" in literals.taken and ";" in literals.taken:
        yield one("html.unescape({0})", html.unescape, 2, needs="html")


def _with_marks(one: Callable[..., Component], literals: Literals) -> Iterator[Component]:
    for mark in dict.fromkeys([*literals.from_inputs, *literals.into_outputs]):
        if len(mark) == 1 and mark.strip():
            yield one(f"{{0:p}}.strip({quoted(mark)})", lambda text, mark=mark: text.strip(mark))
            yield one(f"{{0:p}}.lstrip({quoted(mark)})", lambda text, mark=mark: text.lstrip(mark), 2)
            yield one(f"{{0:p}}.rstrip({quoted(mark)})", lambda text, mark=mark: text.rstrip(mark), 2)
    if any(mark in literals.taken for mark in string.punctuation):
        punctuation = string.punctuation
        yield one("{0:p}.strip(string.punctuation)", lambda text: text.strip(punctuation), 2, True, needs="string")
    for old in literals.from_inputs:
        for new in ["", *(mark for mark in literals.into_outputs if mark != old)]:
            template = f"{{0:p}}.replace({quoted(old)}, {quoted(new)})"
            yield one(template, lambda text, old=old, new=new: text.replace(old, new), is_each=len(new) + len(old) < 2)
    for mark in literals.from_inputs:
        told = quoted(mark)
        yield one(f"{{0:p}}.partition({told})[0]", lambda text, mark=mark: text.partition(mark)[0], is_each=True)
        yield one(f"{{0:p}}.partition({told})[2]", lambda text, mark=mark: text.partition(mark)[2], is_each=True)
        yield one(f"{{0:p}}.rpartition({told})[0]", lambda text, mark=mark: text.rpartition(mark)[0], 2)
        yield one(f"{{0:p}}.rpartition({told})[2]", lambda text, mark=mark: text.rpartition(mark)[2], 2)


def _padding(one: Callable[..., Component], literals: Literals) -> Iterator[Component]:
    if any("0" <= mark <= "9" for mark in literals.given):
        for length in LENGTHS:
            if length <= literals.longest:
                yield one(f"{{0:p}}.zfill({length})", lambda text, length=length: text.zfill(length), is_each=True)
    for fill in FILLS:
        for length in LENGTHS:
            if fill in literals.given and length <= literals.longest:
                yield from _padded(one, length, fill)


def _padded(one: Callable[..., Component], length: int, fill: str) -> Iterator[Component]:
    told = f"{length}" if fill == " " else f"{length}, {quoted(fill)}"
    yield one(f"{{0:p}}.rjust({told})", lambda text: text.rjust(length, fill), 2)
    yield one(f"{{0:p}}.ljust({told})", lambda text: text.ljust(length, fill), 2)
    yield one(f"{{0:p}}.center({told})", lambda text: text.center(length, fill), 2)


def _without_accents(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def texts_to_lists(literals: Literals) -> Iterator[Component]:
    def one(template: str, apply: Callable[[str], Any], cost: int = 1, **more: Any) -> Component:
        return Component(template, (TEXT,), TEXTS, lambda text: tuple(apply(text)), cost, **more)

    yield one("{0:p}.split()", str.split, item="word", is_each=True)
    yield one("list({0:g})", tuple, item="character", source="{0}")
    for mark in literals.from_inputs:
        item = "line" if mark == "\n" else "word" if mark == " " else "part"
        if mark == "\n":
            yield one("{0:p}.splitlines()", str.splitlines, item="line")
            continue
        cost = 2 if mark == " " else 1
        told = f"{{0:p}}.split({quoted(mark)})"
        yield one(told, lambda text, mark=mark: text.split(mark), cost, item=item, is_each=mark != " ")


def texts_to_numbers(literals: Literals) -> Iterator[Component]:
    def one(template: str, apply: Callable[[str], Any], cost: int = 1) -> Component:
        return Component(template, (TEXT,), NUMBER, apply, cost, is_each=True)

    yield one("len({0})", len)
    yield one("int({0})", digits)
    yield one("float({0})", float, 2)
    yield one("ord({0})", ord, 2)
    for base in (2, 16):
        yield one(f"int({{0}}, {base})", lambda text, base=base: digits(text, base), 2)
    for mark in literals.from_inputs:
        yield one(f"{{0:p}}.count({quoted(mark)})", lambda text, mark=mark: text.count(mark))


def texts_to_tests(literals: Literals) -> Iterator[Component]:
    def one(template: str, apply: Callable[[str], bool], cost: int = 1, level: int = PRIMARY, **more: Any) -> Component:
        return Component(template, (TEXT,), BOOL, apply, cost, level, is_each=True, **more)

    for method in ("isalpha", "isdigit", "isalnum", "isupper", "islower", "isspace"):
        test = getattr(str, method)
        yield one(f"{{0:p}}.{method}()", test)
        yield one(f"not {{0:p}}.{method}()", lambda text, test=test: not test(text), 2, LOOSE)
    yield one("{0:p} == {0:p}[::-1]", lambda text: text == text[::-1], level=COMPARED)
    yield one('{0:p}.lower() in "aeiou"', lambda text: text.lower() in VOWELS, level=COMPARED)
    consonant = '{0:p}.isalpha() and {0:p}.lower() not in "aeiou"'
    yield one(consonant, lambda text: text.isalpha() and text.lower() not in VOWELS, 2, LOOSE)
    yield one('{0:p}.lower() not in "aeiou"', lambda text: text.lower() not in VOWELS, 2, COMPARED)
    plain = "{0:p}.isalnum() or {0:p}.isspace()"
    yield one(plain, lambda text: text.isalnum() or text.isspace(), 2, LOOSE)
    no_mark = "{0:c} not in string.punctuation"
    yield one(no_mark, lambda text: text not in string.punctuation, 2, COMPARED, needs="string")
    yield one("{0:p}.istitle()", str.istitle, 2)
    yield one("{0:p}.isidentifier()", str.isidentifier, 2)
    no_letter_twice = "len(set({0:p}.lower())) == len({0})"
    yield one(no_letter_twice, lambda text: len({*text.lower()}) == len(text), 3, COMPARED)
    for count in LENGTH_BOUNDS:
        yield one(f"len({{0}}) > {count}", lambda text, count=count: len(text) > count, 2, COMPARED)
        yield one(f"len({{0}}) >= {count}", lambda text, count=count: len(text) >= count, 3, COMPARED)
    for mark in literals.from_inputs:
        yield one(f"{quoted(mark)} in {{0:c}}", lambda text, mark=mark: mark in text, 1, COMPARED)
        yield one(f"{{0:p}}.startswith({quoted(mark)})", lambda text, mark=mark: text.startswith(mark), 2)
        yield one(f"{{0:p}}.endswith({quoted(mark)})", lambda text, mark=mark: text.endswith(mark), 2)
