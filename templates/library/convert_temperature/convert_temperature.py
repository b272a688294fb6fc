"""Degrees of one scale in another."""

from typing import Annotated, Literal

from luthier import Field, ToolError, tool

Scale = Literal["celsius", "fahrenheit", "kelvin"]
DIGITS = 6


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def convert_temperature(
    value: Annotated[float, Field(ge=-1e9, le=1e9)], source: Scale, target: Scale
) -> float:
    """Converts a temperature between Celsius, Fahrenheit and Kelvin.

    Args:
        value: degrees on the scale `source`
        source: the scale that the value is on
        target: the scale that is wanted
    """
    kelvin = {"celsius": value + 273.15, "fahrenheit": (value + 459.67) * 5 / 9, "kelvin": value}[source]
    # The sums above are off by the last bit where the value is absolute zero itself.
    if kelvin < -1e-9:
        raise ToolError(f"{value:g} {source} is below absolute zero")
    made = {"celsius": kelvin - 273.15, "fahrenheit": kelvin * 9 / 5 - 459.67, "kelvin": kelvin}[target]
    # Adding 0 turns -0.0 into 0.0.
    return round(made, DIGITS) + 0.0
