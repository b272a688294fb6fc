"""Uses a group of tasks, and a lock."""
# value: [10]

import asyncio

from luthier import tool


@tool
async def run() -> list[int]:
    """A count that several tasks raise in turn."""
    lock, count = asyncio.Lock(), 0

    async def add(number: int) -> None:
        nonlocal count
        async with lock:
            before = count
            await asyncio.sleep(0)
            count = before + number

    async with asyncio.TaskGroup() as group:
        for number in range(1, 5):
            group.create_task(add(number))
    return [count]
