"""Sieves primes and takes numbers apart."""
# arguments: {"below": 50, "number": 360360}
# value: {"primes": [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47], "factors": [2, 2, 2, 3, 3, 5, 7, 11, 13]}

from luthier import tool


def sieve(below: int) -> list[int]:
    is_prime = bytearray([1]) * below
    is_prime[:2] = b"\0\0"
    for number in range(2, int(below**0.5) + 1):
        if is_prime[number]:
            is_prime[number * number :: number] = bytes(len(range(number * number, below, number)))
    return [number for number in range(below) if is_prime[number]]


@tool
def run(below: int, number: int) -> dict[str, list[int]]:
    """The primes, and the factors of a number among them."""
    primes, factors = sieve(below), []
    for prime in primes:
        while number % prime == 0:
            factors.append(prime)
            number //= prime
    return {"primes": primes, "factors": factors}
