"""Tests of pytest, collected once and run many times in one process."""

from __future__ import annotations

import ast
import sys
from typing import Any

from . import steps
from .cases import MESSAGE_CHARS_MAX, Outcome
from .program import LoadingTooLong


class CollectionFailed(Exception):
    """pytest found no tests, or could not read them."""


class Suite:
    """The items of a session that stays open. Fixtures of whatever scope are set up for each test anew."""

    # Tests of a program that starts others do so, too.
    starts_programs = True

    def __init__(self, root: str, arguments: list[str]) -> None:
        try:
            from _pytest.config import get_config
            from _pytest.main import Session
        except ImportError:
            raise CollectionFailed(
                f"pytest is not installed for {sys.executable}: install it there, or name another Python by --python"
            ) from None
        self._reports = _Reports()
        options = ["-p", "no:cacheprovider", "-p", "no:faulthandler", "--rootdir", root]
        try:
            config = get_config(options)
            plugins = config.pluginmanager
            plugins.register(self._reports)
            config = plugins.hook.pytest_cmdline_parse(pluginmanager=plugins, args=[*options, *arguments])
            config._do_configure()
            # A project's own options may be those of the plugin; what it would print is read by nobody.
            if plugins.get_plugin("terminalreporter") is not None:
                plugins.unregister(name="terminalreporter")
            self._session = Session.from_config(config)
            config.hook.pytest_sessionstart(session=self._session)
            self._session.perform_collect()
        except (steps.OutOfSteps, LoadingTooLong):
            raise
        except BaseException as error:
            told = str(error) or type(error).__name__
            raise CollectionFailed(f"pytest could not collect the tests: {told}") from None
        if self._reports.errors:
            raise CollectionFailed(f"pytest could not collect the tests: {self._reports.errors[0]}")
        self._items = self._session.items
        if not self._items:
            raise CollectionFailed(f"pytest found no test in {' '.join(arguments)}")

    def names(self) -> list[str]:
        return [item.nodeid for item in self._items]

    def examples(self) -> list[tuple[str, list[Any], Any]]:
        """None: what a test asks is code."""
        return []

    def run(self, place: int) -> Outcome:
        from _pytest.runner import runtestprotocol

        item: Any = self._items[place]
        self._reports.errors.clear()
        self._session.shouldfail = self._session.shouldstop = False
        try:
            reports = runtestprotocol(item, nextitem=None, log=False)
        except steps.OutOfSteps:
            return Outcome("T", 0.0, "T", "it takes more steps than it may")
        except (Exception, SystemExit) as error:
            return Outcome("E", 0.0, type(error).__name__, f"{type(error).__name__}: {error}"[:MESSAGE_CHARS_MAX])
        for report in reports:
            if report.failed:
                return _failed(report, item)
        if any(report.skipped and not hasattr(report, "wasxfail") for report in reports):
            return Outcome("S", 0.0, "S", "it is skipped")
        return Outcome("P", 1.0, "", "")


def _failed(report: Any, item: Any) -> Outcome:
    told = _message(report)
    if "OutOfSteps" in told:
        return Outcome("T", 0.0, "T", "it takes more steps than it may")
    letter = "F" if "AssertionError" in told or told.startswith("assert") or "Failed" in told else "E"
    shown = told[:MESSAGE_CHARS_MAX]
    return Outcome(letter, 0.1 if letter == "F" else 0.0, shown, shown, _compared(told))


def _compared(told: str) -> tuple[Any, Any] | None:
    """Both sides of `assert LEFT == RIGHT`, where they are written as literals."""
    first = told.partition("\n")[0]
    try:
        test = ast.parse(first[first.index("assert ") :]).body[0].test  # type: ignore[attr-defined]
        if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq):
            return ast.literal_eval(test.left), ast.literal_eval(test.comparators[0])
    except (ValueError, SyntaxError, IndexError, RecursionError, MemoryError):
        pass
    return None


def _message(report: Any) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message if crash is not None else report.longrepr)


class _Reports:
    """Hears what could not be collected."""

    def __init__(self) -> None:
        self.errors: list[str] = []

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.errors.append(str(report.longrepr)[-MESSAGE_CHARS_MAX:])
