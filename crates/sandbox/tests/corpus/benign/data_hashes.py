"""Takes fingerprints."""
# arguments: {"text": "luthier"}
# value: {"sha256": "fc3d680249fe2f01b75f693744f2df7ee8465fcf776ec08b798f1b9fb526be77", "sha1": "d2064b7918106e40dd0f0b37faf9bcd41be96d6f", "blake2": "5a01944b72a9837c", "hmac": "8b7ff7f3dd14dec8", "crc": "99d28323"}

import hashlib
import hmac
import zlib

from luthier import tool


@tool
def run(text: str) -> dict[str, str]:
    """By several functions."""
    body = text.encode()
    return {
        "sha256": hashlib.sha256(body).hexdigest(),
        "sha1": hashlib.sha1(body).hexdigest(),
        "blake2": hashlib.blake2b(body, digest_size=8).hexdigest(),
        "hmac": hmac.new(b"key", body, "sha256").hexdigest()[:16],
        "crc": f"{zlib.crc32(body):08x}",
    }
