"""Sorts by several keys, in both directions."""
# arguments: {"people": [["Bo", 30], ["Ada", 41], ["Cy", 30], ["al", 41]]}
# value: ["Ada", "al", "Bo", "Cy"]

from luthier import tool


@tool
def run(people: list[list[str | int]]) -> list[str]:
    """The oldest first, and by name whatever the case."""
    return [str(name) for name, _ in sorted(people, key=lambda one: (-int(one[1]), str(one[0]).lower()))]
