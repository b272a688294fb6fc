"""Raises an exception whose text raises another, which does so too."""
# effect: exits 1
# expect-wasm: raised
# expect-native: raised

from luthier import tool


class Failing(Exception):
    def __str__(self) -> str:
        raise Failing

    __repr__ = __str__


@tool
def attack() -> str:
    """Fails to say how it failed."""
    raise Failing
