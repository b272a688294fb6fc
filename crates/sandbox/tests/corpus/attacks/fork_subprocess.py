"""Starts a shell."""
# takes: play
# effect: file out
# expect-wasm: raised | load-failed
# expect-native: raised

import subprocess

from luthier import tool


@tool
def attack(play: str) -> str:
    """Runs a command."""
    subprocess.run(["/bin/sh", "-c", f"echo here > {play}/out"], check=True)
    return "escaped: a shell ran"
