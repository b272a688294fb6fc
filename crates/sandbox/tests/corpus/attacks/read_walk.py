"""Looks into the folders of the machine."""
# effect: escaped
# expect-wasm: raised
# expect-native: raised

import glob
import os

from luthier import tool


@tool
def attack() -> str:
    """Lists what there is."""
    for folder in ("/home", "/root", "/etc", "/tmp", os.path.expanduser("~")):
        found = glob.glob(f"{folder}/*") + [name for _, _, names in os.walk(folder) for name in names[:1]]
        if found:
            return f"escaped: {len(found)} entries in {folder}"
    raise FileNotFoundError("no folder shows anything")
