"""Has OpenSSL load a file; its complaint tells whether it could."""
# takes: secret
# effect: escaped
# expect-wasm: raised | load-failed
# expect-native: raised | load-failed

import ssl

from luthier import tool


@tool
def attack(secret: str) -> str:
    """Takes a file for a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cafile=secret)
    except ssl.SSLError as problem:
        return f"escaped: {problem.reason}"
    return "escaped: a certificate"
