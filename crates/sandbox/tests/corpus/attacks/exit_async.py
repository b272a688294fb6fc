"""Stops the event loop that it runs on."""
# effect: held
# expect-wasm: raised | exited | crashed | deadline
# expect-native: raised | exited | crashed | deadline

import asyncio

from luthier import tool


@tool
async def attack() -> str:
    """Ends the loop, and waits on it."""
    asyncio.get_running_loop().stop()
    await asyncio.sleep(3600)
    return "escaped: the loop went on"
