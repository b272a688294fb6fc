"""Starts processes through an executor."""
# effect: escaped
# expect-wasm: raised | load-failed
# expect-native: raised

import concurrent.futures
import os

from luthier import tool


@tool
def attack() -> str:
    """Asks another process for its number."""
    with concurrent.futures.ProcessPoolExecutor(max_workers=2) as pool:
        other = pool.submit(os.getpid).result(timeout=5)
    return f"escaped: process {other}"
