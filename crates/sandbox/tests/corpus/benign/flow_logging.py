"""Logs into memory."""
# value: "WARNING:quiet:but that\n"

import io
import logging

from luthier import tool


@tool
def run() -> str:
    """What was important enough."""
    out = io.StringIO()
    logger = logging.Logger("quiet", level=logging.WARNING)
    handler = logging.StreamHandler(out)
    handler.setFormatter(logging.Formatter("%(levelname)s:%(name)s:%(message)s"))
    logger.addHandler(handler)
    logger.info("not %s", "this")
    logger.warning("but %s", "that")
    return out.getvalue()
