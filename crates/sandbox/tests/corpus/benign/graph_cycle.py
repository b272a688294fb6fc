"""Tells of a circle among tasks."""
# arguments: {"needs": {"a": ["b"], "b": ["a"]}}
# raised: ToolError

import graphlib

from luthier import ToolError, tool


@tool
def run(needs: dict[str, list[str]]) -> list[str]:
    """An order, if there is one."""
    try:
        return list(graphlib.TopologicalSorter(needs).static_order())
    except graphlib.CycleError as problem:
        raise ToolError("these need each other", sorted(set(problem.args[1]))) from None
