"""Maps anonymous memory, which is not the allocator's, and touches it."""
# effect: memory 900
# expect-wasm: raised | load-failed | memory
# expect-native: raised | memory

import mmap

from luthier import tool


@tool
def attack() -> str:
    """Touches a gibibyte."""
    block = b"x" * (1 << 20)
    with mmap.mmap(-1, 1 << 30) as memory:
        for _ in range(1 << 10):
            memory.write(block)
    return "escaped: a gibibyte of maps"
