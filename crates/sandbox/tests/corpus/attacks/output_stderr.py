"""Writes 32 MiB to the stream for errors."""
# effect: output 33000000
# expect-wasm: output
# expect-native: output

import sys

from luthier import tool


@tool
def attack() -> str:
    """Complains."""
    line = "x" * 1023 + "\n"
    for _ in range(32 << 10):
        sys.stderr.write(line)
    return "escaped: complained enough"
