"""Reads XML, changes it, and writes it again."""
# arguments: {"text": "<shop><item price='3'>nut</item><item price='5'>bolt</item></shop>"}
# value: {"names": "nut,bolt", "xml": "<shop><item price=\"6\">nut</item><item price=\"10\">bolt</item></shop>"}

import xml.etree.ElementTree as ElementTree

from luthier import tool


@tool
def run(text: str) -> dict[str, str]:
    """Doubles every price."""
    shop = ElementTree.fromstring(text)
    for item in shop.iterfind("item"):
        item.set("price", str(int(item.get("price", "0")) * 2))
    names = ",".join(item.text or "" for item in shop)
    return {"names": names, "xml": ElementTree.tostring(shop, encoding="unicode")}
