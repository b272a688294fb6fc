"""Has SQLite write a file, by C code that asks nobody."""
# takes: play
# effect: file out
# expect-wasm: raised | load-failed
# expect-native: raised

import sqlite3

from luthier import tool


@tool
def attack(play: str) -> str:
    """Attaches a database."""
    database = sqlite3.connect(":memory:")
    database.execute("attach ? as outside", (f"{play}/out",))
    database.execute("create table outside.notes (text)")
    database.commit()
    return "escaped: a database is there"
