"""Checks attributes by a descriptor."""
# arguments: {"ages": [5, -1, 200]}
# value: ["is 5", "-1 is not between 0 and 150", "200 is not between 0 and 150"]

from typing import Any

from luthier import tool


class Between:
    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = "_" + name

    def __get__(self, item: Any, owner: type) -> int:
        return int(getattr(item, self.name))

    def __set__(self, item: Any, value: int) -> None:
        if not self.low <= value <= self.high:
            raise ValueError(f"{value} is not between {self.low} and {self.high}")
        setattr(item, self.name, value)


class Person:
    age = Between(0, 150)


@tool
def run(ages: list[int]) -> list[str]:
    """What is accepted and what is not."""
    told, person = [], Person()
    for age in ages:
        try:
            person.age = age
            told.append(f"is {person.age}")
        except ValueError as problem:
            told.append(str(problem))
    return told
