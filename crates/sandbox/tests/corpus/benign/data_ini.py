"""Reads settings."""
# arguments: {"text": "[server]\nport = 8080\ndebug = yes\n[paths]\nroot = /srv\nlogs = %(root)s/logs\n"}
# value: {"port": 8080, "debug": true, "logs": "/srv/logs", "missing": "localhost"}

import configparser
from typing import Any

from luthier import tool


@tool
def run(text: str) -> dict[str, Any]:
    """Numbers, truths and references."""
    settings = configparser.ConfigParser()
    settings.read_string(text)
    server = settings["server"]
    return {
        "port": server.getint("port"), "debug": server.getboolean("debug"), "logs": settings["paths"]["logs"],
        "missing": server.get("host", "localhost"),
    }  # fmt: skip
