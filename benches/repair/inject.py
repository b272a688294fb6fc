"""Choose a measuring set of bugs for a program repair engine.

The bugs are made by other people's mutators, mutmut and cosmic-ray, in small Python programs
(`PROGRAMS/NAME.py`) with cases (`CASES/NAME.jsonl`).  All mutants of both are made, and a seeded
sample of pairs of mutants of one function.  Of each program two mutants are chosen that load, fail
a case and behave differently; of a pair each part alone must fail too and behave differently from
the pair, so that undoing one is no repair.  Mutants are run only as they come up for choice, to save
hours.  Kinds of bug get fixed shares, and operators chosen seldom come first.  The programs are
split into a tuning and a held-out half.  Needs mutmut 3.8.1 and cosmic-ray 8.7.
"""

import argparse
import ast
import contextlib
import difflib
import functools
import io
import json
import keyword
import math
import multiprocessing
import os
import random
import re
import resource
import sys
import tokenize
import types
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import libcst
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.operators.variable_replacer import VariableReplacer
from cosmic_ray.plugins import get_operator, operator_names
from mutmut.mutation.file_mutation import MutationVisitor, deep_replace
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode

BUGS_PER_PROGRAM = 2
KIND_SHARES = {"single": 0.52, "multi-token": 0.24, "multi-line": 0.24}
WHOLE_VALUE = "operator_assignment"  # mutmut's `x = None`
WHOLE_VALUE_SHARE = 0.06
PAIR_TRIES = 600
RUN_SECONDS = 2
RUN_BYTES = 2 << 30
LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
ERROR_WORDS = re.compile(r"(?i)\b(error|invalid|expected|unexpected|must|cannot|unknown|missing|bad)\b")

Outcome = list[tuple[bool, str]]  # of each case: did it pass, what did it do; empty if not loaded

# cosmic-ray's own stops with an AttributeError at every program with an `x = y`.
VariableReplacer._get_causes_from_expr_node = lambda self, node: self._flatten_expr([node.get_rhs()])


@dataclass(frozen=True)
class Mutant:
    """A mutated program; `parts` are the texts of the two mutants of a pair."""

    text: str
    kind: str
    mutators: tuple[str, ...]
    operators: tuple[str, ...]
    parts: tuple[str, ...] = ()

    @property
    def families(self) -> list[str]:
        """The operators without what they replace: cosmic-ray has one for each two signs."""
        return [name.split("_")[0] if "/" in name else name for name in self.operators]


class Source:
    """A right program, its functions (methods too) with their variables, and what not to mutate."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = split_lines(text)
        self.starts = [sum(map(len, self.lines[:count])) for count in range(len(self.lines) + 1)]
        tree = ast.parse(text)
        outer = [each for top in tree.body for each in (top.body if isinstance(top, ast.ClassDef) else [top])]
        self.functions = [(*self.span(each), variables(each)) for each in outer if isinstance(each, ast.FunctionDef)]
        self.protected = [self.span(part) for node in ast.walk(tree) for part in protected_parts(node)]

    def span(self, node: ast.AST) -> tuple[int, int]:
        ends = (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)
        start, end = (self.starts[line - 1] + len(self.lines[line - 1].encode()[:at].decode()) for line, at in ends)
        return start, end


def split_lines(text: str) -> list[str]:
    """Lines with their ends; only a newline ends a line."""
    return io.StringIO(text).readlines()


def variables(function: ast.FunctionDef) -> list[str]:
    """The names of its parameters and of what it assigns to."""
    return sorted({node.arg if isinstance(node, ast.arg) else node.id for node in ast.walk(function)
                   if isinstance(node, ast.arg) or isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)})


def protected_parts(node: ast.AST) -> Iterator[ast.AST]:
    """A node's docstring, decorators, annotations and texts of errors."""
    parts = [*getattr(node, "decorator_list", ()), getattr(node, "annotation", None), getattr(node, "returns", None)]
    match node:
        case ast.Expr(ast.Constant() as text) | ast.Assert(msg=text):
            parts.append(text)
        case ast.Raise(ast.Call(_, texts, keywords)):
            parts += texts + keywords
        case ast.Constant(str() as text) if ERROR_WORDS.search(text) and " " in text.strip():
            parts.append(node)
    return filter(None, parts)


@functools.lru_cache(maxsize=4096)
def tokens(text: str) -> tuple[str, ...]:
    """The tokens of a text; `not in`, `is not` and a number with a sign are one."""
    found = [""]
    for token in (each for each in tokenize.generate_tokens(io.StringIO(text).readline) if each.type not in LAYOUT):
        if token.type == tokenize.NUMBER and found[-1] in ("-", "+"):
            joined = keyword.iskeyword(found[-2]) or not re.search(r"[\w)\]}'\"]$", found[-2])
        else:
            joined = (found[-1], token.string) in (("not", "in"), ("is", "not"))
        found[-1:] = [f"{found[-1]} {token.string}"] if joined else [found[-1], token.string]
    return tuple(found)


def changed_stretch(old: str | tuple[str, ...], new: str | tuple[str, ...]) -> tuple[int, int, int]:
    """Where the two begin to differ, and where the difference ends in each."""
    limit = min(len(old), len(new))
    start = next((at for at in range(limit) if old[at] != new[at]), limit)
    tail = next((at for at in range(limit - start) if old[-1 - at] != new[-1 - at]), limit - start)
    return start, len(old) - tail, len(new) - tail


def line_edits(old: list[str], new: list[str]) -> list[tuple[int, int, str]]:
    """The replacements (first line, last line, text) that make the new text of the old."""
    codes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    edits = [(first + 1, last, "".join(new[start:end])) for tag, first, last, start, end in codes if tag != "equal"]
    made = list(old)
    for first, last, replacement in reversed(edits):
        made[first - 1:last] = [replacement]
    assert "".join(made) == "".join(new), "the edits don't give the mutant"
    return edits


def kind_of(source: Source, text: str) -> str | None:
    """The kind of a mutant, or None if it isn't Python or has the same tokens."""
    try:
        old, new = tokens(source.text), tokens(text)
    except (tokenize.TokenError, SyntaxError):
        return None
    start, old_end, new_end = changed_stretch(old, new)
    if max(old_end, new_end) - start <= 1:
        return "single" if old != new else None
    edits = line_edits(source.lines, split_lines(text))
    changed = sum(max(last - first + 1, new_lines.count("\n")) for first, last, new_lines in edits)
    return "multi-line" if changed > 1 else "multi-token"


def mutmut_texts(source: Source) -> Iterator[tuple[str, str, str]]:
    """mutmut's mutants; like mutmut itself, none outside functions."""
    for entry in mutation_operators:
        wrapper = libcst.MetadataWrapper(libcst.parse_module(source.text))
        visitor = MutationVisitor([entry], IgnoredCode(set(), set(), set()))
        wrapper.visit(visitor)
        for mutation in visitor.mutations:
            if mutation.contained_by_top_level_function:
                changed = deep_replace(wrapper.module, mutation.original_node, mutation.mutated_node)
                yield "mutmut", entry[1].__name__, changed.code


def cosmic_operators(source: Source) -> Iterator[tuple[str, Operator, int, int]]:
    """cosmic-ray's operators and where to use them: those for variables in the function with these."""
    for name in operator_names():
        operator = get_operator(name)
        if not operator.arguments():
            yield name, operator(), 0, len(source.text)
        for start, end, names in source.functions if operator.arguments() else ():
            effects = [None] if operator is VariableReplacer else names
            chosen = [(cause, effect) for cause in names for effect in effects if cause != effect]
            yield from ((name, operator(*each), start, end) for each in chosen)


def cosmic_texts(source: Source, chance: random.Random) -> Iterator[tuple[str, str, str]]:
    """cosmic-ray's mutants; some of its operators draw from the global generator."""
    nodes = list(ast_nodes(get_ast(source.text)))
    for name, operator, first, last in cosmic_operators(source):
        positions = [each for node in nodes for each in operator.mutation_positions(node)]
        for occurrence, ((line, column), _) in enumerate(positions):
            if first <= source.starts[line - 1] + column < last:
                random.seed(chance.random())
                with contextlib.suppress(IndexError):  # an operator for variables at `x: int = y`
                    yield "cosmic-ray", name, mutate_code(source.text, operator, occurrence)


def first_order(source: Source, chance: random.Random) -> list[Mutant]:
    """All mutants of both mutators, of equal ones one at random."""
    made = [*mutmut_texts(source), *cosmic_texts(source, chance)]
    chance.shuffle(made)
    mutants = {}
    for mutator, operator, text in made:
        start, end, _ = changed_stretch(source.text, text)
        protected = any(start <= last and first <= end for first, last in source.protected)
        if not protected and (kind := kind_of(source, text)):
            mutants.setdefault(tokens(text), Mutant(text, kind, (mutator,), (operator,)))
    return list(mutants.values())


def pair(source: Source, one: Mutant, two: Mutant) -> Mutant | None:
    """Both mutants at once, if they differ from the program at two places of one function."""
    stretches = sorted((*changed_stretch(source.text, each.text), each.text) for each in (one, two))
    (start, end, new_end, text), (next_start, next_end, next_new_end, next_text) = stretches
    between = source.text[end:next_start]
    together = any(first <= start and next_end <= last for first, last, _ in source.functions)
    both = text[:new_end] + between + next_text[next_start:next_new_end] + source.text[next_end:]
    kind = kind_of(source, both) if together and re.search(r"\W", between) else None
    return kind and Mutant(both, kind, one.mutators + two.mutators, one.operators + two.operators, (one.text, two.text))


def second_order(source: Source, mutants: list[Mutant], chance: random.Random) -> list[Mutant]:
    """A random sample of pairs, with every family of operators as likely."""
    families: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in mutants:
        families[mutant.families[0]].append(mutant)
    groups = list(families.values())
    draws = ((chance.choice(chance.choice(groups)) for _ in range(2)) for _ in range(PAIR_TRIES if groups else 0))
    pairs = [pair(source, *draw) for draw in draws]
    return list({each.text: each for each in pairs if each}.values())


def same(expected: object, value: object) -> bool:
    """Are they equal, a tuple being a list and floats being equal to nine digits?"""
    if isinstance(expected, list) and isinstance(value, (list, tuple)):
        return len(expected) == len(value) and all(map(same, expected, value))
    if isinstance(expected, dict) and isinstance(value, dict):
        return expected.keys() == value.keys() and all(same(expected[key], value[key]) for key in expected)
    if isinstance(expected, (int, float)) and isinstance(value, float):
        return math.isclose(expected, value, rel_tol=1e-9) or expected != expected and value != value
    return expected == value


def run_case(module: types.ModuleType, case: dict) -> tuple[bool, str]:
    """Does the case pass, and what did it do?"""
    try:
        value = getattr(module, case["call"])(*case["args"])
        return "expect" in case and same(case["expect"], value), repr(value)
    except BaseException as error:
        names = [each.__name__ for each in type(error).__mro__]
        return case.get("raises") in names, f"raises {names[0]}"


def run_in_child(sender: Connection, text: str, cases: list[dict]) -> None:
    """Load the program and send the outcome of its cases; no loading, no sending."""
    resource.setrlimit(resource.RLIMIT_AS, (RUN_BYTES, RUN_BYTES))
    sys.stdout = sys.stderr = open(os.devnull, "w")
    module = sys.modules["program"] = types.ModuleType("program")
    exec(compile(text, "program", "exec", dont_inherit=True), module.__dict__)
    sender.send([run_case(module, case) for case in cases])


def run(text: str, cases: list[dict]) -> Outcome:
    """Run the cases in a process of their own; no answer in time is a failure."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=run_in_child, args=(sender, text, cases))
    child.start()
    sender.close()
    try:
        return receiver.recv() if receiver.poll(RUN_SECONDS) else [(False, "no end")]
    except EOFError:
        return []
    finally:
        child.kill()
        child.join()


def fails(outcome: Outcome) -> bool:
    return not all(passed for passed, _ in outcome)


def choose(mutants: list[Mutant], cases: list[dict], uses: Counter[str], most_whole: int) -> list[Mutant]:
    """The bugs of one program, `uses` being counts of kinds and operators chosen for its half so far."""
    outcome = functools.lru_cache(maxsize=None)(lambda text: run(text, cases))
    chosen: list[Mutant] = []

    def rank(mutant: Mutant) -> tuple[float, int, int]:
        ahead = uses[mutant.kind] - KIND_SHARES[mutant.kind] * sum(uses[kind] for kind in KIND_SHARES)
        return ahead, max(uses[each] for each in mutant.families), max(uses[each] for each in mutant.operators)

    def is_bug(mutant: Mutant) -> bool:
        others = (*mutant.parts, *(each.text for each in chosen))
        return fails(outcome(mutant.text)) and all(
            fails(outcome(text)) and outcome(text) != outcome(mutant.text) for text in others)

    for _ in range(BUGS_PER_PROGRAM):
        barred = uses[WHOLE_VALUE] >= most_whole or any(WHOLE_VALUE in each.operators for each in chosen)
        allowed = (each for each in sorted(mutants, key=rank) if not (barred and WHOLE_VALUE in each.operators))
        if bug := next(filter(is_bug, allowed), None):
            chosen.append(bug)
            uses.update({bug.kind, *bug.operators, *bug.families})
    return chosen


def bugs_of(half: str, texts: dict[str, str], cases: dict[str, list[dict]], seed: int) -> Iterator[dict]:
    """The records of the bugs of one half of the programs."""
    uses: Counter[str] = Counter()
    most_whole = int(WHOLE_VALUE_SHARE * BUGS_PER_PROGRAM * len(texts))
    for name, text in texts.items():
        source, chance = Source(text), random.Random(f"{seed}/{name}")
        mutants = first_order(source, chance)
        mutants += second_order(source, mutants, chance)
        chance.shuffle(mutants)
        for number, bug in enumerate(choose(mutants, cases[name], uses, most_whole), 1):
            edits = line_edits(source.lines, split_lines(bug.text))
            yield {"id": f"{name}-{number}", "program": name, "half": half, "kind": bug.kind,
                   "mutators": bug.mutators, "operators": bug.operators, "edits": edits}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for option in ("--programs", "--cases", "--out"):
        parser.add_argument(option, type=Path, required=True)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    texts, cases = {}, {}
    for program in sorted(options.programs.glob("*.py")):
        name, listed = program.stem, options.cases / f"{program.stem}.jsonl"
        cases[name] = [json.loads(line) for line in split_lines(listed.read_text())] if listed.exists() else []
        right = run(program.read_text(), cases[name])
        if right and not fails(right):
            texts[name] = program.read_text()
        else:
            print(f"{name}: left out, it has no cases or fails them", file=sys.stderr)
    shuffled = random.Random(options.seed).sample(list(texts.items()), len(texts))
    halves = {"tuning": shuffled[:len(texts) // 2], "held-out": shuffled[len(texts) // 2:]}
    bugs = [bug for half, chosen in halves.items() for bug in bugs_of(half, dict(chosen), cases, options.seed)]
    bugs.sort(key=lambda bug: bug["id"])
    options.out.write_text("".join(json.dumps(bug) + "\n" for bug in bugs))
    counts = Counter(f"{bug['half']:9} {bug['kind']:12} {'+'.join(sorted(set(bug['mutators'])))}" for bug in bugs)
    print(*(f"{row:42}{count:4}" for row, count in sorted(counts.items())), f"{'all':42}{len(bugs):4}", sep="\n")


if __name__ == "__main__":
    main()
