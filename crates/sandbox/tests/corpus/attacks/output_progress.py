"""Tells of progress a hundred thousand times."""
# effect: told 7000000
# expect-wasm: output | deadline
# expect-native: output | deadline

from luthier import Context, tool


@tool
def attack(ctx: Context) -> str:
    """Makes little progress."""
    for number in range(100_000):
        ctx.progress(number, 100_000, "a little further than before")
    return "escaped: told it all"
