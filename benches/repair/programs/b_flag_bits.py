"""Device status flags packed in a number."""

FLAGS = ["ready", "busy", "error", "low_battery", "locked", "charging"]


def bit_of(name):
    """Return the value of one flag; unknown names raise KeyError."""
    if name not in FLAGS:
        raise KeyError(name)
    return 1 << FLAGS.index(name)


def pack(names):
    value = 0
    for name in names:
        value |= bit_of(name)
    return value


def unpack(value):
    """List the flags that are set; bits without a name appear as 'bitN'."""
    if value < 0:
        raise ValueError("negative status")
    names = []
    position = 0
    while value:
        if value & 1:
            if position < len(FLAGS):
                names.append(FLAGS[position])
            else:
                names.append("bit%d" % position)
        value >>= 1
        position += 1
    return names


def apply(value, orders):
    """Apply '+flag', '-flag' and '~flag' orders from left to right."""
    for order in orders.split():
        sign, name = order[0], order[1:]
        bit = bit_of(name)
        if sign == "+":
            value |= bit
        elif sign == "-":
            value &= ~bit
        elif sign == "~":
            value ^= bit
        else:
            raise ValueError("bad order: " + order)
    return value
