"""Puts tasks in an order that respects what they need."""
# arguments: {"needs": {"cake": ["oven", "dough"], "dough": ["flour", "eggs"], "oven": []}}
# value: [["eggs", "flour", "oven"], ["dough"], ["cake"]]

import graphlib

from luthier import tool


@tool
def run(needs: dict[str, list[str]]) -> list[list[str]]:
    """Rounds of tasks that can be done at once."""
    sorter = graphlib.TopologicalSorter(needs)
    sorter.prepare()
    rounds = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        rounds.append(ready)
        sorter.done(*ready)
    return rounds
