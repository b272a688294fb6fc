"""Writes durations for people."""
# arguments: {"seconds": [0, 59, 3661, 90061]}
# value: ["0s", "59s", "1h 1m 1s", "1d 1h 1m 1s"]

from luthier import tool


@tool
def run(seconds: list[int]) -> list[str]:
    """Days, hours, minutes and seconds, as far as there are any."""
    texts = []
    for left in seconds:
        parts = []
        for size, unit in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
            count, left = divmod(left, size)
            if count:
                parts.append(f"{count}{unit}")
        texts.append(" ".join(parts) or "0s")
    return texts
