"""Cannot change the state document."""
# state: {"count": 1}
# raised: TypeError

from luthier import Context, tool


@tool
def run(ctx: Context) -> int:
    """Tries to count in the state."""
    ctx.state["count"] = 2  # type: ignore[index]
    return 2
