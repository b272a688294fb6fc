"""Starts tasks, and cancels one."""
# value: ["cancelled", "timed out", true]

import asyncio

from luthier import tool


async def forever() -> None:
    await asyncio.sleep(3600)


@tool
async def run() -> list[str | bool]:
    """How each ended."""
    task = asyncio.create_task(forever())
    await asyncio.sleep(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        ended = "cancelled"
    try:
        await asyncio.wait_for(forever(), 0.01)
    except TimeoutError:
        return [ended, "timed out", task.cancelled()]
    return [ended]
