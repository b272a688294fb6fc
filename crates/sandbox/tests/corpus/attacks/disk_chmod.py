"""Changes who may read a file, when it was written and what is noted about it."""
# takes: secret
# effect: secret changed
# expect-wasm: raised
# expect-native: raised

import os

from luthier import tool


@tool
def attack(secret: str) -> str:
    """Changes the mode, the times, and the owner to who it is."""
    met: Exception = FileNotFoundError(secret)
    for change in (
        lambda: os.chmod(secret, 0o666),
        lambda: os.utime(secret, (0, 0)),
        lambda: os.setxattr(secret, "user.corpus", b"here"),
    ):
        try:
            change()
            # A system that has no modes may say that it has changed one.
            return f"escaped: changed, now {os.stat(secret).st_mode:o}"
        except (OSError, AttributeError) as problem:
            met = problem
    raise met
