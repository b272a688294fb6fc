"""Logs fifty thousand entries through the context."""
# effect: told 33000000
# expect-wasm: output | deadline
# expect-native: output | deadline

from luthier import Context, tool


@tool
def attack(ctx: Context) -> str:
    """Logs."""
    line = "x" * 1000
    for number in range(50_000):
        ctx.log.info(line, number=number)
    return "escaped: logged it all"
