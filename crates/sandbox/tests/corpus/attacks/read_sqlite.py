"""Has SQLite open a file; its complaint tells whether it could."""
# takes: secret
# effect: escaped
# expect-wasm: raised | load-failed
# expect-native: raised

import sqlite3

from luthier import tool


@tool
def attack(secret: str) -> str:
    """Takes a file for a database."""
    database = sqlite3.connect(":memory:")
    try:
        database.execute("attach ? as outside", (secret,))
        database.execute("select * from outside.sqlite_master").fetchall()
    except sqlite3.DatabaseError as problem:
        if "not a database" in str(problem):
            return f"escaped: {problem}"
        raise
    return "escaped: a database"
