"""Uses context managers of both kinds."""
# value: ["enter a", "A", "enter b", "B", "called back", "leave b", "leave a"]

import contextlib
from collections.abc import Iterator

from luthier import tool

SEEN: list[str] = []


@contextlib.contextmanager
def noted(name: str) -> Iterator[str]:
    SEEN.append(f"enter {name}")
    try:
        yield name.upper()
    finally:
        SEEN.append(f"leave {name}")


@tool
def run() -> list[str]:
    """The order in which they are entered and left."""
    SEEN.clear()
    with contextlib.ExitStack() as stack, contextlib.suppress(ZeroDivisionError):
        for name in ("a", "b"):
            SEEN.append(stack.enter_context(noted(name)))
        stack.callback(SEEN.append, "called back")
        SEEN.append(str(1 // 0))
    return SEEN
