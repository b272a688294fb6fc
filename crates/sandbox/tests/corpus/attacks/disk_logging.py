"""Has `logging` open a file."""
# takes: play
# effect: file out
# expect-wasm: raised
# expect-native: raised

import logging

from luthier import tool


@tool
def attack(play: str) -> str:
    """Logs into a file."""
    handler = logging.FileHandler(f"{play}/out")
    logging.getLogger("corpus").addHandler(handler)
    logging.getLogger("corpus").error("here")
    handler.close()
    return "escaped: a log is there"
