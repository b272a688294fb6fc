"""Has the line editor read a file as its history."""
# takes: secret
# effect: escaped
# expect-wasm: raised | load-failed
# expect-native: raised | load-failed

import readline

from luthier import tool


@tool
def attack(secret: str) -> str:
    """Remembers what it never typed."""
    readline.read_history_file(secret)
    line = readline.get_history_item(1)
    if line is None:
        raise FileNotFoundError(secret)
    return f"escaped: {line}"
