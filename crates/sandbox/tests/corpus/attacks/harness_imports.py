"""Takes part in all later imports."""
# calls: 2
# isolation: fresh
# effect: escaped
# expect-wasm: value
# expect-native: value
# denied: "intact"

import sys

from luthier import tool

LEFT = [finder for finder in sys.meta_path if getattr(finder, "is_of_corpus", False)]


class Finder:
    is_of_corpus = True

    @staticmethod
    def find_spec(*_: object) -> None:
        return None


@tool
def attack() -> str:
    """Tells whether a finder of an earlier instance is there, and puts one."""
    sys.meta_path.insert(0, Finder)
    return "escaped: the finder is still there" if LEFT else "intact"
