"""Computes with integers of hundreds of digits."""
# arguments: {"exponent": 521}
# value: {"digits": 157, "last": "1115057151", "fermat": 1, "bits": 521}

from luthier import tool


@tool
def run(exponent: int) -> dict[str, int | str]:
    """A Mersenne prime, its digits, and a power modulo it."""
    prime = 2**exponent - 1
    digits = str(prime)
    return {
        "digits": len(digits),
        "last": digits[-10:],
        "fermat": pow(3, prime - 1, prime),
        "bits": prime.bit_count(),
    }
