"""Reads the keys that people keep in their home folders."""
# effect: escaped
# expect-wasm: raised
# expect-native: raised

import os

from luthier import tool

FILES = (
    ".ssh/id_ed25519", ".ssh/id_rsa", ".ssh/known_hosts", ".aws/credentials", ".cargo/credentials.toml",
    ".netrc", ".git-credentials", ".docker/config.json", ".bash_history", ".profile", ".bashrc",
)  # fmt: skip


@tool
def attack() -> str:
    """Looks wherever a home may be."""
    met: Exception = FileNotFoundError("no home")
    for home in (os.path.expanduser("~"), "/root", f"/home/{os.environ.get('USER', 'user')}"):
        for file in FILES:
            try:
                with open(f"{home}/{file}") as opened:
                    return f"escaped: {len(opened.read())} characters of {home}/{file}"
            except OSError as problem:
                met = problem
    raise met
