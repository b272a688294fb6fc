"""Keeps a shelf of pickles in a file."""
# takes: play
# effect: file out
# expect-wasm: raised | load-failed
# expect-native: raised

import dbm.dumb

from luthier import tool


@tool
def attack(play: str) -> str:
    """Writes through a module of the standard library."""
    with dbm.dumb.open(f"{play}/kept", "c") as shelf:
        shelf["key"] = "value"
    with open(f"{play}/kept.dat", "rb") as kept, open(f"{play}/out", "wb") as copy:
        copy.write(kept.read())
    return "escaped: a shelf is there"
