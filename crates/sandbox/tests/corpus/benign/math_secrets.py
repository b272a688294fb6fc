"""Makes secrets, of which only the length is known."""
# value: [50, 32, true, true]

import secrets

from luthier import tool


@tool
def run() -> list[int | bool]:
    """Lengths, and that no two are alike."""
    made = {secrets.token_hex(16) for _ in range(50)}
    return [len(made), len(made.pop()), secrets.randbelow(10) < 10, secrets.compare_digest("a", "a")]
