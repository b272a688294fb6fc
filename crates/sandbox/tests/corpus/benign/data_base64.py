"""Encodes bytes as text, in four ways."""
# arguments: {"text": "héllo?>"}
# value: ["aMOpbGxvPz4=", "aMOpbGxvPz4=", "NDB2S3DMN47T4===", "68c3a96c6c6f3f3e", "héllo?>"]

import base64
import binascii

from luthier import tool


@tool
def run(text: str) -> list[str]:
    """Base64 for files and for URLs, base32, hex; and back."""
    body = text.encode()
    made = [
        base64.b64encode(body),
        base64.urlsafe_b64encode(body),
        base64.b32encode(body),
        binascii.hexlify(body),
    ]
    return [*(one.decode() for one in made), base64.b64decode(made[0]).decode()]
