"""Frames with a start byte, stuffed payload and a checksum byte."""

START = 0x7E
ESCAPE = 0x7D


def checksum(payload):
    return (0xFF - sum(payload)) & 0xFF


def frame(payload):
    """Return START, the stuffed payload and checksum, START as a list of bytes."""
    encoded = [START]
    for byte in [*payload, checksum(payload)]:
        if byte in (START, ESCAPE):
            encoded.append(ESCAPE)
            encoded.append(byte ^ 0x20)
        else:
            encoded.append(byte)
    encoded.append(START)
    return encoded


def unframe(stream):
    """Return the good payloads of a stream and the number of damaged frames."""
    good = []
    damaged = 0
    current = []
    escaped = False
    for byte in stream:
        if byte == START:
            if escaped:
                damaged += 1
            elif current:
                *payload, check = current
                if check == checksum(payload):
                    good.append(payload)
                else:
                    damaged += 1
            current = []
            escaped = False
        elif escaped:
            current.append(byte ^ 0x20)
            escaped = False
        elif byte == ESCAPE:
            escaped = True
        else:
            current.append(byte)
    return {"good": good, "damaged": damaged, "rest": len(current)}
