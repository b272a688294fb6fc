"""A version's modules are its own, and leave nothing behind."""

from __future__ import annotations

import gc
import linecache
import sys
import weakref
from typing import Any

from luthier import _host

from .support import Call, VersionTest

READER = "from luthier import tool\n"


def count_of_modules() -> int:
    return sum("@" in name for name in sys.modules)


class Modules(VersionTest):
    def test_each_version_has_a_lib_of_its_own(self) -> None:
        source = READER + "from lib.words import NAME\n@tool\ndef f() -> str: return NAME\n"
        first, second = (
            self.load_files({"tools/runner/m.py": source, "tools/lib/words.py": f"NAME = {name!r}"}, code)
            for name, code in (("one", "a" * 64), ("two", "b" * 64))
        )

        self.assertEqual([self.call(first), self.call(second)], ["one", "two"])

    def test_an_import_made_while_a_call_runs_finds_the_version_that_runs(self) -> None:
        source = READER + (
            "@tool\ndef f() -> list[str]:\n"
            "    import lib.late\n    from lib import late\n    from lib.late import NAME as n\n"
            "    return [lib.late.NAME, late.NAME, n]\n"
        )
        first, second = (
            self.load_files({"tools/runner/m.py": source, "tools/lib/late.py": f"NAME = {name!r}"}, name * 20)
            for name in ("p", "q")
        )

        self.assertEqual([self.call(first), self.call(second), self.call(first)], [["p"] * 3, ["q"] * 3, ["p"] * 3])

    def test_two_modules_share_one_instance_of_a_lib_module(self) -> None:
        source = READER + "from lib import shared\n@tool\ndef {}() -> int:\n    shared.n += 1\n    return shared.n\n"
        code = self.load_files(
            {
                "tools/runner/a.py": source.format("a"),
                "tools/runner/b.py": source.format("b"),
                "tools/lib/shared.py": "n = 0",
            }
        )

        self.assertEqual([self.call(code, "a"), self.call(code, "b"), self.call(code, "a")], [1, 2, 3])

    def test_packages_relative_imports_and_circles_work(self) -> None:
        code = self.load_files(
            {
                "tools/runner/m.py": READER
                + "import lib.pkg.deep as deep\nfrom lib.pkg import *\nfrom lib.circle_a import a\n"
                "@tool\ndef f() -> list[str]: return [deep.NAME, shown(), a()]\n",
                "tools/lib/pkg/__init__.py": "from .side import shown\nfrom . import deep\n__all__ = ['shown', 'deep']",
                "tools/lib/pkg/side.py": "from ..top import WORD\ndef shown(): return WORD",
                "tools/lib/pkg/deep/__init__.py": "from ...top import WORD as NAME",
                "tools/lib/top.py": "WORD = 'top'",
                "tools/lib/circle_a.py": "from lib import circle_b\ndef a(): return circle_b.b()\ndef c(): return 'c'",
                "tools/lib/circle_b.py": "import lib.circle_a as other\ndef b(): return other.c()",
            }
        )

        self.assertEqual(self.call(code), ["top", "top", "c"])

    def test_classes_made_at_call_time_resolve_their_postponed_annotations(self) -> None:
        code = self.load(
            """
            @tool
            def f() -> list[str]:
                @dataclass
                class Made:
                    n: int
                    kind: ClassVar[str] = "k"
                import copy, pickle
                again = pickle.loads(pickle.dumps(Outer(3)))
                return [field.name for field in dataclasses.fields(Made)] + [str(again.n)]

            @dataclass
            class Outer:
                n: int
            """
        )

        self.assertEqual(self.call(code), ["n", "3"])

    def test_a_retired_version_is_forgotten(self) -> None:
        before = count_of_modules()
        code = self.load(
            """
            import logging
            log = logging.getLogger(__name__)
            class Kept: pass
            @tool
            def f() -> str:
                globals()["kept"] = Kept()
                return __name__
            """
        )
        name = self.call(code)
        module = weakref.ref(sys.modules[name])
        function = weakref.ref(sys.modules[name].__dict__["Kept"])
        self.assertEqual(count_of_modules(), before + 1)

        code.close()
        gc.collect()

        self.assertEqual(count_of_modules(), before)
        self.assertIsNone(module())
        self.assertIsNone(function())
        import logging

        self.assertNotIn(name, logging.Logger.manager.loggerDict)

    def test_ten_thousand_reloads_leave_nothing(self) -> None:
        lib = b"from dataclasses import dataclass\n@dataclass\nclass Point:\n    x: int\n"
        runner = b"from luthier import tool\nfrom lib.point import Point\n@tool\ndef f(p: int) -> int: return p + %d\n"

        def reload(number: int) -> None:
            files = {"tools/runner/m.py": runner % number, "tools/lib/point.py": lib}
            code = _host.load("1.0.0", f"{number:064x}"[::-1], files, [])
            self.assertEqual(_host.call(code, "tool", "f", b'{"p":1}', Call()), b"%d" % (number + 1))
            code.close()

        for number in range(1_000):
            reload(number)
        gc.collect()
        modules, objects, blocks = len(sys.modules), len(gc.get_objects()), sys.getallocatedblocks()
        for number in range(1_000, 10_000):
            reload(number)
        gc.collect()

        self.assertEqual(len(sys.modules), modules)
        self.assertLess(len(gc.get_objects()), objects + 2_000)
        self.assertLess(sys.getallocatedblocks(), blocks + 20_000)
        self.assertLess(len(linecache.cache), 1_000)

    def test_the_same_files_may_be_loaded_twice_at_once(self) -> None:
        first, second = self.load("@tool\ndef f() -> int: return 1"), self.load("@tool\ndef f() -> int: return 1")
        first.close()

        self.assertEqual(self.call(second), 1)

    def test_modules_of_another_folder_are_loaded_on_demand(self) -> None:
        files: dict[str, Any] = {
            "tools/runner/a.py": READER + "@tool\ndef a() -> None: ...",
            "tools/tuner/b.py": READER + "@tool\ndef b() -> None: ...",
            "tools/runner/deep/c.py": "1/0",
            "tools/runner/__init__.py": "1/0",
            "tools/runner/notes.txt": "1/0",
        }
        bodies = {path: body.encode() for path, body in files.items()}
        code = _host.load("1.0.0", "f" * 64, bodies, [], "tools/tuner")
        self.addCleanup(code.close)

        self.assertEqual([tool["name"] for tool in self.manifest(code)["tools"]], ["b"])
        self.assertEqual([tool["name"] for tool in self.manifest(self.load_files(files))["tools"]], ["a"])
