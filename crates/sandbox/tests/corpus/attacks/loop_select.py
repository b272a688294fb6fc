"""Waits in the kernel for something that never becomes ready."""
# effect: hangs
# expect-wasm: deadline | raised | load-failed
# expect-native: deadline

import os
import select

from luthier import tool


@tool
def attack() -> str:
    """Waits for a pipe of its own."""
    reader, _writer = os.pipe()
    select.select([reader], [], [])
    return "escaped: something came"
