"""Reads JSON, changes it, and writes it in order."""
# arguments: {"text": "{\"b\": [1, 2.5, null], \"a\": {\"ü\": true}}"}
# value: ["{\"a\":{\"ü\":true},\"b\":[1,2.5,null],\"c\":3}", "{\"a\":{\"\\u00fc\":true},\"b\":[1,2.5,null],\"c\":3}"]

import json

from luthier import tool


@tool
def run(text: str) -> list[str]:
    """Compact and sorted, in two spellings."""
    value = json.loads(text)
    value["c"] = len(value["b"])
    spellings = (False, True)
    return [
        json.dumps(value, sort_keys=True, ensure_ascii=ascii, separators=(",", ":")) for ascii in spellings
    ]
