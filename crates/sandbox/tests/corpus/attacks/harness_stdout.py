"""Replaces the output by something that never takes it."""
# calls: 2
# effect: hangs
# expect-wasm: value | deadline
# expect-native: value | deadline
# denied: "done"

import sys

from luthier import tool


class Slow:
    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        while True:
            pass


@tool
def attack() -> str:
    """Is flushed by whoever comes next."""
    sys.stdout = sys.stderr = Slow()
    return "done"
