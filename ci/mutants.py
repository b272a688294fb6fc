"""How many of the mistakes that mutmut makes in the tools are noticed by a case of the workspace.

mutmut itself runs pytest over files on a disk, and leaves functions with a decorator alone, as every tool is one.
So its own operators mutate here, tools included, and each mutant is loaded as the host loads a version and meets
the cases that run the mutated function, in a process of its own. Run by `./x mutants`.
"""

from __future__ import annotations

import argparse
import gc
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "crates" / "python" / "package"))
os.chdir(ROOT)

import libcst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation import file_mutation
from mutmut.mutation.pragma_handling import IgnoredCode
from tests.test_workspaces import Workspace, failure, files_of

SCORE_MIN = 80.0
# A mutant that needs more than this has hung, which a case notices by its deadline.
CPU_SECONDS_MAX = 3.0
WALL_SECONDS_MAX = 60.0
MEMORY_BYTES_MAX = 2 << 30
NOTED = ROOT / "ci" / "mutants-noted.txt"
# Cases call the Runner. What only the Tuner runs of these is beyond them, and held by the package's own tests.
OF_THE_TUNER = ("tools/tuner/", "tools/lib/tuning/")

Place = tuple[str, int]


class Visitor(file_mutation.MutationVisitor):
    """mutmut's own, which also looks into tools; their decorators and other decorated things it leaves alone."""

    def _skip_node_and_children(self, node: libcst.CSTNode) -> bool:
        if isinstance(node, libcst.FunctionDef) and _is_tool(node):
            return False
        skipped: bool = super()._skip_node_and_children(node)
        return skipped


def _is_tool(node: libcst.FunctionDef) -> bool:
    called = [decorator.decorator for decorator in node.decorators]
    return any(isinstance(one, libcst.Call) and getattr(one.func, "value", "") == "tool" for one in called)


@dataclass
class Mutant:
    """One change of one file."""

    path: str
    line: int
    function: str
    lines: range
    # The statement as it is and as it would be, and the file around it. Printed by whoever needs it: printing
    # takes longer than trying.
    print_change: Callable[[], tuple[str, str]]
    parts: tuple[str, str]
    units: list[Unit] = field(default_factory=list)

    @property
    def source(self) -> str:
        head, tail = self.parts
        return f"{head}{self.print_change()[1]}{tail}"

    @cached_property
    def diff(self) -> str:
        """The lines that differ, on one line."""
        before, after = (code.splitlines() for code in self.print_change())
        while before and after and before[0] == after[0]:
            del before[0], after[0]
        while before and after and before[-1] == after[-1]:
            del before[-1], after[-1]
        gone, come = (" ".join(map(str.strip, lines)) for lines in (before, after))
        return f"{gone} -> {come or 'nothing'}"

    @property
    def name(self) -> str:
        return f"{self.path} {self.function}: {self.diff}"


@dataclass
class Unit:
    """Cases that belong together: one alone, or the turns of a conversation."""

    cases: list[tuple[str, Path, dict[str, Any]]]
    ran: set[Place] = field(default_factory=set)
    seconds: float = 0.0

    def failure(self, workspace: Workspace) -> str | None:
        for place, path, case in self.cases:
            try:
                wrong = failure(workspace, path, case)
            except Exception as error:
                wrong = repr(error)
            if wrong is not None:
                return f"{place}: {wrong}"
        return None


def mutants_of(path: str, source: str) -> Iterator[Mutant]:
    """What mutmut's operators make of the functions of a file."""
    wrapper = MetadataWrapper(libcst.parse_module(source))
    nothing = IgnoredCode(no_mutate_lines=set(), ignore_node_lines=set(), ignore_pattern_lines=set())
    visitor = Visitor(file_mutation.mutation_operators, nothing)
    module = wrapper.visit(visitor)
    at = wrapper.resolve(PositionProvider)
    printed = [*map(module.code_for_node, [*module.header, *module.body, *module.footer])]
    for mutation in visitor.mutations:
        function = mutation.contained_by_top_level_function
        if not isinstance(function, libcst.FunctionDef):
            continue
        start = at[function].start.line
        place, around = next(
            (place, one)
            for place, one in enumerate(module.body, start=len(module.header))
            if at[one].start.line <= start <= at[one].end.line
        )
        yield Mutant(
            path=path,
            line=at[mutation.original_node].start.line,
            function=function.name.value,
            lines=range(start, at[function].end.line + 1),
            print_change=partial(_change, module, around, mutation),
            parts=("".join(printed[:place]), "".join(printed[place + 1 :])),
        )


def _change(module: libcst.Module, around: libcst.CSTNode, mutation: file_mutation.Mutation) -> tuple[str, str]:
    changed = file_mutation.deep_replace(around, mutation.original_node, mutation.mutated_node)
    return module.code_for_node(around), module.code_for_node(changed)


def units_of(workspace: Workspace) -> list[Unit]:
    """The cases, conversations in one."""
    talks: dict[tuple[Path, str], Unit] = {}
    units: list[Unit] = []
    for found in workspace.cases():
        _, path, case = found
        if "skip" in case:
            continue
        label = case.get("session")
        if label is not None and (path, label) in talks:
            talks[path, label].cases.append(found)
            continue
        units.append(Unit([found]))
        if label is not None:
            talks[path, label] = units[-1]
    return units


def watch_all(units: list[Unit], files: dict[str, bytes]) -> list[str]:
    """Notes which lines each unit runs, on the tools as they are; returns what fails."""
    shared = Workspace(ROOT, files)
    once: dict[str, set[Place]] = {}
    wrong = []
    for unit in units:
        tool = unit.cases[0][2]["tool"]
        if tool not in once:
            # What a module makes once and keeps is run by whichever case comes first, for all.
            fresh = Workspace(ROOT, files)
            watch(unit, fresh, files)
            first = set(unit.ran)
            unit.ran.clear()
            watch(unit, fresh, files)
            once[tool] = first - unit.ran
        unit.ran.clear()
        wrong.append(watch(unit, shared, files))
        unit.ran |= once[tool]
    return [told for told in wrong if told is not None]


def watch(unit: Unit, workspace: Workspace, files: dict[str, bytes]) -> str | None:
    """Runs a unit, and notes which lines it runs."""

    def see(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename not in files:
            return None
        unit.ran.add((frame.f_code.co_filename, frame.f_lineno))
        return see

    began = time.process_time()
    sys.settrace(see)
    try:
        return unit.failure(workspace)
    finally:
        sys.settrace(None)
        unit.seconds = time.process_time() - began


def cover(mutant: Mutant, units: list[Unit]) -> None:
    """Gives a mutant the units that run its function: those that run its line first, then the quick ones."""
    inside = {(mutant.path, line) for line in mutant.lines}
    here = (mutant.path, mutant.line)
    mutant.units = [unit for unit in units if not inside.isdisjoint(unit.ran)]
    mutant.units.sort(key=lambda unit: (here not in unit.ran, unit.seconds))


def is_killed(mutant: Mutant, files: dict[str, bytes]) -> bool:
    """Does a unit notice? Runs in a child; the parent sees its exit code."""
    try:
        workspace = Workspace(ROOT, {**files, mutant.path: mutant.source.encode()})
    except Exception:
        return True  # a version that does not load is refused
    return any(unit.failure(workspace) is not None for unit in mutant.units)


def start(mutant: Mutant, files: dict[str, bytes]) -> int:
    """Tries a mutant in a child process; the kernel ends one that hangs."""
    child = os.fork()
    if child:
        return child
    code = 2
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS_MAX + 3 * sum(unit.seconds for unit in mutant.units))
        signal.setitimer(signal.ITIMER_REAL, WALL_SECONDS_MAX)
        code = 1 if is_killed(mutant, files) else 0
    except BaseException:
        code = 1
    finally:
        os._exit(code)


def controls_of(mutants: list[Mutant]) -> list[Mutant]:
    """The tools as they are, once for each function: with the same units a mutant of it has the same limits."""
    return [
        replace(mutant, print_change=partial(_unchanged, mutant))
        for mutant in {(mutant.path, mutant.lines): mutant for mutant in mutants}.values()
    ]


def _unchanged(mutant: Mutant) -> tuple[str, str]:
    before, _ = mutant.print_change()
    return before, before


def survivors(mutants: list[Mutant], files: dict[str, bytes], children_max: int) -> list[Mutant]:
    """Tries every mutant, so many at once; returns those that nothing noticed."""
    running: dict[int, Mutant] = {}
    alive: list[Mutant] = []
    waiting = iter(mutants)
    done = 0
    while True:
        while len(running) < children_max and (mutant := next(waiting, None)) is not None:
            running[start(mutant, files)] = mutant
        if not running:
            return sorted(alive, key=lambda one: (one.path, one.line))
        child, status = os.wait()
        mutant = running.pop(child)
        if status == 0:
            alive.append(mutant)
        done += 1
        if sys.stderr.isatty():
            print(f"\r{done}/{len(mutants)}, {len(alive)} survived", end="", file=sys.stderr)


def noted() -> dict[str, str]:
    """Mutants that somebody looked at, and why no case notices them: the comment above them."""
    found: dict[str, str] = {}
    why = ""
    for line in NOTED.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            why = line.removeprefix("# ")
        elif line and why:
            found[line] = why
    return found


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./x mutants", description=__doc__)
    parser.add_argument("paths", nargs="*", help="only these files, such as tools/runner/text.py")
    parser.add_argument("--children", type=int, default=os.cpu_count() or 1, help="how many at once")
    parser.add_argument("--quiet", action="store_true", help="the score alone, without the survivors")
    return parser.parse_args()


def main() -> int:
    options = parsed()
    began = time.monotonic()
    files = files_of(ROOT)
    units = units_of(Workspace(ROOT, files))
    if wrong := watch_all(units, files):
        print("cases fail without any mutant:", *wrong, sep="\n")
        return 2
    paths = [path for path in sorted(files) if path.startswith("tools/") and path.endswith(".py")]
    if unknown := set(options.paths) - set(paths):
        print(f"no such file of the tools: {', '.join(sorted(unknown))}; there are: {', '.join(paths)}")
        return 2
    mutants = [mutant for path in options.paths or paths for mutant in mutants_of(path, files[path].decode())]
    for mutant in mutants:
        cover(mutant, units)
    mutants = [mutant for mutant in mutants if mutant.units or not mutant.path.startswith(OF_THE_TUNER)]
    controls = controls_of(mutants)
    gc.freeze()  # children write to no page that they only look at
    well = {(one.path, one.lines) for one in survivors(controls, files, options.children)}
    if ill := [one for one in controls if (one.path, one.lines) not in well]:
        limits = f"{MEMORY_BYTES_MAX >> 20} MiB, {CPU_SECONDS_MAX:g} s of CPU and {WALL_SECONDS_MAX:g} s"
        print(
            f"without any mutant, the cases of these functions do not pass within the limits of a mutant ({limits}"
            " at least), so each mutant of them would count as killed; give them more, or the machine less to do:",
            *(f"{one.path}:{one.lines.start} {one.function}" for one in ill),
            sep="\n",
        )
        return 2
    alive = survivors(mutants, files, options.children)
    return report(mutants, alive, options.quiet, time.monotonic() - began)


def report(mutants: list[Mutant], alive: list[Mutant], is_quiet: bool, seconds: float) -> int:
    known = noted()
    if not is_quiet:
        for mutant in alive:
            why = known.get(mutant.name, "nobody has looked at it yet")
            print(f"{mutant.path}:{mutant.line} {mutant.function}: {mutant.diff}\n    {why}")
    for path in dict.fromkeys(mutant.path for mutant in mutants):
        total = sum(mutant.path == path for mutant in mutants)
        left = sum(mutant.path == path for mutant in alive)
        print(f"{path:30} {total - left:5} of {total:5} killed")
    score = 100 * (len(mutants) - len(alive)) / max(len(mutants), 1)
    looked_at = sum(mutant.name in known for mutant in alive)
    print(
        f"{score:.1f} % of {len(mutants)} mutants are killed, {SCORE_MIN:.0f} % are wanted;"
        f" {len(alive)} survive, {looked_at} of them with a known reason; {seconds:.0f} s"
    )
    return 0 if score >= SCORE_MIN else 1


if __name__ == "__main__":
    sys.exit(main())
