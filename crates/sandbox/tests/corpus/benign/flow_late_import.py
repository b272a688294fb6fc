"""Imports inside a function, and asks what a module is called."""
# value: ["colorsys", true, "0.5"]

from luthier import tool


@tool
def run() -> list[str | bool]:
    """Names of modules."""
    import importlib

    module = importlib.import_module("colorsys")
    return [module.__name__, __name__.startswith("flow_late_import"), str(module.rgb_to_hls(1, 0, 0)[1])]
