"""Remembers 15 MiB for every conversation."""
# effect: told 15000000
# expect-wasm: output | raised | memory
# expect-native: output | raised | memory

from luthier import Context, tool


@tool(stateful=True)
def attack(ctx: Context) -> str:
    """Remembers much."""
    ctx.session["kept"] = "x" * (15 << 20)
    return "done"
