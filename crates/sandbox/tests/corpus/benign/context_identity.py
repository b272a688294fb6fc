"""Asks what is known of the call."""
# value: [true, false, true, true]

from luthier import Context, current, tool


@tool
def run(ctx: Context) -> list[bool]:
    """Whether the context is the running one, and nobody has given up."""
    return [
        current() is ctx,
        ctx.cancelled,
        isinstance(ctx.version, str),
        isinstance(ctx.conversation_id, str),
    ]
