"""Raises an exception with a hundred thousand notes."""
# effect: told 10000000
# expect-wasm: raised | output | deadline
# expect-native: raised | output | deadline

from luthier import tool


@tool
def attack() -> str:
    """Fails, and comments on it."""
    problem = ValueError("annotated")
    for number in range(100_000):
        problem.add_note(f"note {number}: " + "x" * 100)
    raise problem
