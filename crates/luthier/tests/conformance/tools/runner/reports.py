"""Tools that tell of themselves while they run. The pauses keep what they tell apart."""

import asyncio

from luthier import Context, tool

PAUSE_S = 0.05
LONG_PAUSE_S = 0.5


@tool
async def test_tool_with_logging(ctx: Context) -> str:
    """Logs while it runs."""
    for message in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        ctx.log.info(message)
        await asyncio.sleep(PAUSE_S)
    return "Logged three times."


@tool
async def test_tool_with_progress(ctx: Context) -> str:
    """Tells its progress while it runs."""
    for done in (0, 50, 100):
        ctx.progress(done, 100)
        await asyncio.sleep(PAUSE_S)
    return "Progressed."


@tool
def test_logging_tool(ctx: Context) -> str:
    """Logs once."""
    ctx.log.error("Logged.")
    return "Logged, if you wanted it."


@tool
async def test_reconnection() -> str:
    """Answers after a while."""
    await asyncio.sleep(LONG_PAUSE_S)
    return "You came back."
