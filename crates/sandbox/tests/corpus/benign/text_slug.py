"""Makes a title fit for a URL."""
# arguments: {"title": "Crème Brûlée: it's  good!"}
# value: "creme-brulee-its-good"

import re
import unicodedata

from luthier import tool


@tool
def run(title: str) -> str:
    """Lower case, no accents, words joined by dashes."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    return "-".join(re.findall(r"[a-z0-9]+", plain.lower().replace("'", "")))
