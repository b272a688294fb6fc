"""Uses dataclasses whose annotations are texts."""
# arguments: {"items": [{"name": "nut", "price": 0.25}, {"name": "bolt", "price": 1.5, "tags": ["steel"]}]}
# value: [{"price": 0.275, "name": "nut", "tags": ["checked"]}, {"price": 1.65, "name": "bolt", "tags": ["checked"]}]

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

from luthier import tool


@dataclass(order=True)
class Item:
    price: float
    name: str
    tags: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tags = [*self.tags, "checked"]


@tool
def run(items: list[Item]) -> list[Item]:
    """The items by price, each ten percent dearer."""
    return [dataclasses.replace(item, price=round(item.price * 1.1, 3), tags=[]) for item in sorted(items)]
