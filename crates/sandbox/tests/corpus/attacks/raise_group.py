"""Raises a group of groups of groups of exceptions."""
# effect: told 400000
# expect-wasm: raised | output | deadline | crashed | memory
# expect-native: raised | output | deadline | crashed | memory

from luthier import tool


@tool
def attack() -> str:
    """Fails in many ways at once."""
    problem: Exception = ValueError("in the middle")
    for _ in range(5):
        problem = ExceptionGroup("several" * 20, [problem] * 9)
    raise problem
