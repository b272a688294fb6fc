"""Leaves a task on the event loop that attacks when the call is over."""
# takes: play
# calls: 2
# effect: file out
# expect-wasm: value | raised
# expect-native: value | raised
# denied: "done"

import asyncio

from luthier import tool

TASKS: list[asyncio.Task[None]] = []


async def later(play: str) -> None:
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    with open(f"{play}/out", "w") as file:
        file.write("here")


@tool
async def attack(play: str) -> str:
    """Returns at once, and lets the task of the call before run."""
    if TASKS:
        await asyncio.sleep(0.05)
    TASKS.append(asyncio.get_running_loop().create_task(later(play)))
    return "done"
