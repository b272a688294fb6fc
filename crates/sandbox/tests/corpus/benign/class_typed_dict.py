"""Takes and returns typed dictionaries."""
# arguments: {"order": {"id": 7, "kind": "gift", "lines": [{"sku": "a", "count": 2}]}}
# value: {"id": 7, "kind": "gift", "lines": [{"sku": "a", "count": 3}], "note": "was a gift"}

from typing import Literal, NotRequired, TypedDict

from luthier import tool


class Line(TypedDict):
    sku: str
    count: int


class Order(TypedDict):
    id: int
    kind: Literal["gift", "plain"]
    lines: list[Line]
    note: NotRequired[str]


@tool
def run(order: Order) -> Order:
    """The order with one more of everything."""
    lines: list[Line] = [{**line, "count": line["count"] + 1} for line in order["lines"]]
    return {**order, "lines": lines, "note": f"was a {order['kind']}"}
