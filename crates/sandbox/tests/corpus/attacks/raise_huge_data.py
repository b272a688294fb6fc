"""Raises a `ToolError` with 30 MB of data."""
# effect: told 30000000
# expect-wasm: raised | output | memory
# expect-native: raised | output | memory

from luthier import ToolError, tool


@tool
def attack() -> str:
    """Tells its caller too much."""
    raise ToolError("see the data", ["x" * 1000] * 30_000)
