"""Counts the primes below a million."""
# value: 78498

from luthier import tool


@tool
def run() -> int:
    """A sieve of a mebibyte."""
    size = 1_000_000
    is_prime = bytearray([1]) * size
    is_prime[:2] = b"\0\0"
    for number in range(2, 1000):
        if is_prime[number]:
            is_prime[number * number :: number] = bytes(len(range(number * number, size, number)))
    return sum(is_prime)
