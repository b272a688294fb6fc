"""Awaits several things, one after another."""
# arguments: {"names": ["a", "b"]}
# value: ["hello a", "hello b"]

import asyncio

from luthier import tool


async def greeted(name: str) -> str:
    await asyncio.sleep(0.001)
    return f"hello {name}"


@tool
async def run(names: list[str]) -> list[str]:
    """Greets each."""
    return [await greeted(name) for name in names]
