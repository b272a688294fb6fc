"""Tells its caller what to put right."""
# arguments: {"quantity": -2}
# raised: ToolError

from luthier import ToolError, tool


@tool
def run(quantity: int) -> int:
    """Refuses what is less than one."""
    if quantity < 1:
        raise ToolError(f"{quantity} is less than one: ask for more", {"quantity_min": 1})
    return quantity
