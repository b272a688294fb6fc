"""Gives way to the event loop for ever, and ignores being cancelled."""
# effect: hangs
# expect-wasm: deadline
# expect-native: deadline

import asyncio

from luthier import tool


@tool
async def attack() -> str:
    """Sleeps again whenever it is woken."""
    while True:
        try:
            await asyncio.sleep(3600)
        except BaseException:
            continue
