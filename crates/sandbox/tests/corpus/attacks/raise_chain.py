"""Raises an exception with twenty thousand causes."""
# effect: told 2000000
# expect-wasm: raised | output | deadline | memory
# expect-native: raised | output | deadline | memory

from luthier import tool


@tool
def attack() -> str:
    """Blames many."""
    blamed: Exception | None = None
    for number in range(20_000):
        problem = ValueError(f"number {number} did it")
        problem.__cause__ = blamed
        blamed = problem
    raise blamed or ValueError("nobody")
