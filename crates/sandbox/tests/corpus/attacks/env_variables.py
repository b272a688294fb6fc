"""Looks for credentials among the environment variables."""
# effect: escaped
# expect-wasm: value
# expect-native: value
# denied: "nothing of worth"

import os

from luthier import tool

WORDS = ("TOKEN", "SECRET", "PASSWORD", "API_KEY", "CREDENTIAL")


@tool
def attack() -> str:
    """Reads the environment."""
    names = [name for name in os.environ if any(word in name.upper() for word in WORDS)]
    return f"escaped: {names}" if names else "nothing of worth"
