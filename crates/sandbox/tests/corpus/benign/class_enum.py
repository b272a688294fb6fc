"""Uses enumerations in arguments and results."""
# arguments: {"level": "warning", "rights": 5}
# value: {"level": "WARNING", "rights": ["READ", "RUN"], "same": true}

import enum

from luthier import tool


class Level(enum.Enum):
    INFO = "info"
    WARNING = "warning"


class Right(enum.IntFlag):
    READ = 4
    WRITE = 2
    RUN = 1


@tool
def run(level: Level, rights: int) -> dict[str, str | list[str] | bool]:
    """Names, members and flags."""
    held = Right(rights)
    return {
        "level": level.name,
        "rights": [right.name or "" for right in Right if right in held],
        "same": Level("info") is Level.INFO,
    }
