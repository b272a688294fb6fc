"""Leaves a thread behind that attacks when the call is over."""
# takes: play
# calls: 2
# effect: file out
# expect-wasm: raised | load-failed
# expect-native: value | raised
# denied: "done"

import threading
import time

from luthier import tool


def later(play: str) -> None:
    time.sleep(0.05)
    with open(f"{play}/out", "w") as file:
        file.write("here")


@tool
def attack(play: str) -> str:
    """Returns at once."""
    threading.Thread(target=later, args=(play,), daemon=True).start()
    return "done"
