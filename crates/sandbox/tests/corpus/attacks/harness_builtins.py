"""Replaces builtins for everybody."""
# calls: 2
# isolation: fresh
# effect: escaped
# expect-wasm: value
# expect-native: value
# denied: "intact"

import builtins

from luthier import tool

VERDICT = getattr(builtins, "corpus_verdict", "intact")


@tool
def attack() -> str:
    """Tells what an earlier instance has left behind."""
    builtins.corpus_verdict = "escaped: the builtins are shared"
    return VERDICT
