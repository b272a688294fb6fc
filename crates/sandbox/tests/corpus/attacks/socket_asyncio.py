"""Connects from the event loop."""
# takes: port
# effect: contact
# expect-wasm: raised | load-failed
# expect-native: raised

import asyncio

from luthier import tool


@tool
async def attack(port: int) -> str:
    """Opens a stream."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"here")
    await writer.drain()
    writer.close()
    return "escaped: connected"
