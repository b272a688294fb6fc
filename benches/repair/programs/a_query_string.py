"""Decode and encode URL query strings with repeated keys."""
import string

SAFE = string.ascii_letters + string.digits + "-_.~"


def decode(text):
    """Undo plus signs and %XX escapes; leave broken escapes alone."""
    out = bytearray()
    i = 0
    while i < len(text):
        code = text[i + 1:i + 3]
        if text[i] == "%" and len(code) == 2 and all(c in string.hexdigits for c in code):
            out.append(int(code, 16))
            i += 3
            continue
        out.extend(b" " if text[i] == "+" else text[i].encode("utf-8"))
        i += 1
    return out.decode("utf-8", "replace")


def encode(text):
    """Escape every byte outside the safe characters."""
    out = []
    for byte in text.encode("utf-8"):
        char = chr(byte)
        if char in SAFE:
            out.append(char)
        elif char == " ":
            out.append("+")
        else:
            out.append("%%%02X" % byte)
    return "".join(out)


def parse_query(query):
    """Dict of key -> string, or list of strings when a key repeats."""
    result = {}
    for pair in query.lstrip("?").split("&"):
        if not pair:
            continue
        key, _, value = pair.partition("=")
        key, value = decode(key), decode(value)
        if key not in result:
            result[key] = value
        elif isinstance(result[key], list):
            result[key].append(value)
        else:
            result[key] = [result[key], value]
    return result
