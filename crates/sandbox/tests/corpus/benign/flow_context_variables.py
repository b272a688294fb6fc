"""Keeps values apart for each context."""
# value: ["nobody", "somebody", "nobody"]

import contextvars

from luthier import tool

NAME: contextvars.ContextVar[str] = contextvars.ContextVar("name", default="nobody")


def renamed() -> str:
    NAME.set("somebody")
    return NAME.get()


@tool
def run() -> list[str]:
    """Inside a copy, and outside again."""
    return [NAME.get(), contextvars.copy_context().run(renamed), NAME.get()]
