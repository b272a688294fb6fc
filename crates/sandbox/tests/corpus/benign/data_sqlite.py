"""Asks a database in memory."""
# value: [["a", 7], ["b", 5]]
# only: native

import sqlite3

from luthier import tool


@tool
def run() -> list[list[str | int]]:
    """Sums by group."""
    with sqlite3.connect(":memory:") as database:
        database.execute("create table sale (shop text, amount int)")
        database.executemany("insert into sale values (?, ?)", [("a", 3), ("b", 5), ("a", 4)])
        rows = database.execute("select shop, sum(amount) from sale group by shop order by 2 desc")
        return [list(row) for row in rows]
