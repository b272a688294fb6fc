"""Produces and consumes."""
# value: [0, 1, 4, 9]

import asyncio

from luthier import tool


@tool
async def run() -> list[int]:
    """Squares of what came through a queue of one place."""
    queue: asyncio.Queue[int | None] = asyncio.Queue(maxsize=1)

    async def produce() -> None:
        for number in (*range(4), None):
            await queue.put(number)

    producer = asyncio.create_task(produce())
    squares = []
    while (number := await queue.get()) is not None:
        squares.append(number * number)
    await producer
    return squares
