"""Awaits many things at once."""
# value: {"results": ["SLOW", "FAST"], "order": ["fast", "slow"]}

import asyncio

from luthier import tool

ORDER: list[str] = []


async def wait(name: str, seconds: float) -> str:
    await asyncio.sleep(seconds)
    ORDER.append(name)
    return name.upper()


@tool
async def run() -> dict[str, list[str]]:
    """The results in the order they were asked for, and that in which they came."""
    ORDER.clear()
    results = await asyncio.gather(wait("slow", 0.03), wait("fast", 0.001))
    return {"results": list(results), "order": list(ORDER)}
