"""Collects classes as they are defined."""
# value: {"loud": "LOUD", "quiet": "nothing"}

from luthier import tool


class Plugin:
    known: dict[str, type["Plugin"]] = {}

    def __init_subclass__(cls, /, name: str) -> None:
        super().__init_subclass__()
        Plugin.known[name] = cls

    def work(self) -> str:
        return "nothing"


class Loud(Plugin, name="loud"):
    def work(self) -> str:
        return "LOUD"


class Quiet(Plugin, name="quiet"):
    pass


@tool
def run() -> dict[str, str]:
    """What each of them does."""
    return {name: plugin().work() for name, plugin in sorted(Plugin.known.items())}
