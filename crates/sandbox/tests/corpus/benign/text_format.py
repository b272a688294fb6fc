"""Formats numbers, dates and texts."""
# value: ["1,234,567.89", "0x00ff", "25.6%", "***mid***", "29.02.2024", "1.234568e+06"]

import datetime

from luthier import tool


@tool
def run() -> list[str]:
    """What format strings can do."""
    value, day = 1234567.891, datetime.date(2024, 2, 29)
    return [f"{value:,.2f}", f"{255:#06x}", f"{0.256:.1%}", f"{'mid':*^9}", f"{day:%d.%m.%Y}", f"{value:e}"]
