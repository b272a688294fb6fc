"""Variable length integers: seven bits a byte, low bits first, signs folded."""


def fold(number):
    """Map 0, -1, 1, -2 ... to 0, 1, 2, 3 ..."""
    return -2 * number - 1 if number < 0 else 2 * number


def unfold(number):
    half, odd = divmod(number, 2)
    return -half - 1 if odd else half


def encode(numbers):
    """Encode signed integers as hexadecimal text."""
    data = bytearray()
    for number in numbers:
        rest = fold(number)
        while rest > 0x7F:
            data.append(rest & 0x7F | 0x80)
            rest >>= 7
        data.append(rest)
    return data.hex()


def decode(text):
    """Decode what encode wrote; refuse cut off or overlong numbers."""
    numbers = []
    value = shift = 0
    for byte in bytes.fromhex(text):
        value |= (byte & 0x7F) << shift
        if byte & 0x80:
            shift += 7
            if shift > 63:
                raise OverflowError("number is too long")
            continue
        if byte == 0 and shift > 0:
            raise ValueError("number is padded")
        numbers.append(unfold(value))
        value = shift = 0
    if shift:
        raise ValueError("number is cut off")
    return numbers
