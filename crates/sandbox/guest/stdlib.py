"""The standard library, kept in memory: a cell has no files to import it from.

Every module is compiled while the component is made. What tools import most is imported then, too, so
that a cell begins with it.
"""

import ast
import importlib
import marshal
import os
import sys
import warnings
from importlib.machinery import ModuleSpec

# Of no use here, and large.
_LEFT_OUT = {
    "__phello__", "ensurepip", "idlelib", "lib2to3", "pydoc_data", "site-packages", "test", "tests",
    "tkinter", "turtledemo", "turtle", "venv", "__pycache__",
}  # fmt: skip

# Imported before the first cell begins.
_HOT = """
    abc argparse array ast asyncio base64 binascii bisect calendar cmath collections collections.abc
    colorsys contextlib contextvars copy copyreg csv dataclasses datetime decimal difflib email
    email.message email.utils encodings.ascii encodings.idna encodings.latin_1 encodings.utf_8_sig enum
    errno fnmatch fractions functools gc graphlib hashlib heapq hmac html html.parser http inspect io
    ipaddress itertools json keyword linecache locale logging math mimetypes numbers opcode operator
    os.path pathlib pickle platform pprint queue quopri random re reprlib secrets shlex statistics
    string struct sys tempfile textwrap threading time token tokenize tomllib traceback types typing
    unicodedata urllib.parse uuid warnings weakref xml.etree.ElementTree zlib zoneinfo
    luthier luthier._host luthier._arrays luthier._rng luthier._fastmcp
"""

# Fewer are not the library.
_MODULES_MIN = 300

# By name: is it a package, where it was, and its bytecode.
_modules: dict[str, tuple[bool, str, bytes]] = {}


class Finder:
    """Gives modules out of memory."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        found = _modules.get(name)
        if found is None:
            return None
        spec = ModuleSpec(name, Finder, origin=found[1], is_package=found[0])
        spec.has_location = False
        return spec

    @staticmethod
    def create_module(spec):
        return None

    @staticmethod
    def exec_module(module):
        _, path, code = _modules[module.__spec__.name]
        module.__file__ = path
        exec(marshal.loads(code), module.__dict__)

    @staticmethod
    def is_package(name):
        return _modules[name][0]


def keep() -> None:
    """Compiles the library and imports what is hot; from then on nothing is imported from files."""
    # `os` is frozen, and says that it is somewhere else.
    root = os.path.dirname(ast.__file__)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for folder, folders, files in os.walk(root):
            folders[:] = sorted(name for name in folders if name not in _LEFT_OUT)
            for file in sorted(files):
                if file.endswith(".py") and file.removesuffix(".py") not in _LEFT_OUT:
                    _keep(root, os.path.join(folder, file))
        if len(_modules) < _MODULES_MIN:
            raise RuntimeError(f"of the standard library only {len(_modules)} modules were found in {root}")
        for name in _HOT.split():
            importlib.import_module(name)
    sys.meta_path[:] = [finder for finder in sys.meta_path if finder.__name__ != "PathFinder"] + [Finder]
    sys.path[:] = []
    sys.path_importer_cache.clear()


def _keep(root: str, path: str) -> None:
    parts = os.path.relpath(path, root).removesuffix(".py").split(os.sep)
    is_package = parts[-1] == "__init__"
    name = ".".join(parts[:-1] if is_package else parts)
    with open(path, "rb") as file:
        source = file.read()
    try:
        code = compile(source, f"<{name}>", "exec", dont_inherit=True, optimize=0)
    except SyntaxError:
        return  # a template, not a module
    _modules[name] = (is_package, path, marshal.dumps(code))
