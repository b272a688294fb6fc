"""Replaces `json.loads`, so that the next instance reads another state document."""
# calls: 2
# isolation: fresh
# effect: escaped
# expect-wasm: value
# expect-native: value
# denied: "intact"

import json

from luthier import Context, tool


@tool
def attack(ctx: Context) -> str:
    """Tells what the state says, and forges the next one."""
    verdict = ctx.state.get("verdict", "intact")
    json.loads = lambda *_, **__: {"verdict": "escaped: the state was forged"}
    return verdict
