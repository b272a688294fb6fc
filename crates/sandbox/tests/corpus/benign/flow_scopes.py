"""Uses names of modules, functions and classes."""
# value: [10, 20, 10, 1]

from luthier import tool

TOTAL = 10


class Scope:
    TOTAL = 20
    inner = [TOTAL for _ in range(1)]

    def of_module(self) -> int:
        return TOTAL

    def of_class(self) -> int:
        return self.TOTAL


@tool
def run() -> list[int]:
    """Which total is meant where."""
    scope = Scope()
    return [
        scope.of_module(),
        scope.of_class(),
        globals()["TOTAL"],
        len([name for name in vars(Scope) if name == "TOTAL"]),
    ]
