"""Never gives way to the event loop."""
# effect: hangs
# expect-wasm: deadline
# expect-native: deadline

from luthier import tool


@tool
async def attack() -> str:
    """Awaits nothing."""
    while True:
        pass
