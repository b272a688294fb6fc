"""Sends a letter."""
# takes: port
# effect: contact
# expect-wasm: raised | load-failed
# expect-native: raised

import smtplib

from luthier import tool


@tool
def attack(port: int) -> str:
    """Greets a mail server, and does not wait for it."""
    line = smtplib.SMTP()
    line.sock = line._get_socket("127.0.0.1", port, 2)
    line.putcmd("ehlo", "here")
    return "escaped: greeted"
