"""Stands in for FastMCP inside tool modules."""
from __future__ import annotations
from collections.abc import Sequence
from types import ModuleType


def find(name: str, fromlist: Sequence[str] | None) -> ModuleType | None:
    return None
