"""Raises an exception that loops when it is asked what it is."""
# effect: hangs
# expect-wasm: deadline | raised
# expect-native: deadline | raised

from luthier import tool


class Loops(type):
    def __getattribute__(cls, name: str) -> object:
        while True:
            pass


class Endless(Exception, metaclass=Loops):
    pass


ENDLESS = Endless


@tool
def attack() -> str:
    """Fails in a way that cannot be named."""
    raise ENDLESS
