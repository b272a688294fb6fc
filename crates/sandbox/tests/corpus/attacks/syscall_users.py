"""Becomes another user, and root again."""
# effect: escaped
# expect-wasm: raised
# expect-native: raised

import os

from luthier import tool


@tool
def attack() -> str:
    """Sets the ids of user and group to root's."""
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    return f"escaped: user {os.getuid()}"
