"""Joins two tables and groups the result."""
# arguments: {"people": [{"id": 1, "name": "Ada"}, {"id": 2, "name": "Bo"}], "orders": [[1, 30], [2, 5], [1, 12]]}
# value: [{"name": "Ada", "total": 42}, {"name": "Bo", "total": 5}]

from itertools import groupby
from operator import itemgetter
from typing import Any

from luthier import tool


@tool
def run(people: list[dict[str, Any]], orders: list[list[int]]) -> list[dict[str, Any]]:
    """What each has ordered in all."""
    names = {person["id"]: person["name"] for person in people}
    groups = groupby(sorted(orders), key=itemgetter(0))
    return [{"name": names[who], "total": sum(amount for _, amount in rows)} for who, rows in groups]
