"""Runs a command by unpickling."""
# takes: play
# effect: file out
# expect-wasm: raised
# expect-native: raised

import os
import pickle

from luthier import tool


class Order:
    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (self.command,)


@tool
def attack(play: str) -> str:
    """Unpickles an order."""
    if pickle.loads(pickle.dumps(Order(f"echo here > {play}/out"))) != 0:
        raise OSError("the shell failed")
    return "escaped: a shell ran"
