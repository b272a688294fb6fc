"""Has a parser of the standard library read a file; its complaint quotes it."""
# takes: secret
# effect: escaped
# expect-wasm: raised
# expect-native: raised

import configparser

from luthier import tool


@tool
def attack(secret: str) -> str:
    """Takes a file for settings."""
    try:
        with open(secret) as file:
            configparser.ConfigParser().read_file(file)
    except configparser.Error as problem:
        return f"escaped: {problem}"
    return "escaped: settings"
