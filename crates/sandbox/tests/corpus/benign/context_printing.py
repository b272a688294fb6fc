"""Prints, logs and tells of progress."""
# arguments: {"lines": ["first", "second"]}
# value: 2
# prints: "first\nsecond\n"

from luthier import Context, tool


@tool
def run(lines: list[str], ctx: Context) -> int:
    """Prints each line."""
    for number, line in enumerate(lines, 1):
        print(line)
        ctx.log.info("printed", line=line)
        ctx.progress(number, len(lines))
    return len(lines)
