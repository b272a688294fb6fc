"""Iterates and manages contexts asynchronously."""
# value: [1, 2, 3, 42]

import asyncio
import contextlib
from collections.abc import AsyncIterator

from luthier import tool


async def ticks(count: int) -> AsyncIterator[int]:
    for number in range(count):
        await asyncio.sleep(0)
        yield number


@contextlib.asynccontextmanager
async def doubled(number: int) -> AsyncIterator[int]:
    yield number * 2


@tool
async def run() -> list[int]:
    """Numbers of an asynchronous generator, and one of a context."""
    async with doubled(21) as answer:
        return [*[number async for number in ticks(4) if number], answer]
