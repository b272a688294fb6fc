"""Calls itself through the host for ever."""
# effect: escaped
# expect-wasm: raised
# expect-native: raised

from luthier import Context, tool


@tool
def attack(ctx: Context) -> str:
    """Asks the host for a thousand calls."""
    for _ in range(1000):
        ctx.call("attack")
    return "escaped: the host made a thousand calls"
