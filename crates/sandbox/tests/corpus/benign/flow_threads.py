"""Shares work among threads."""
# value: [0, 1, 4, 9, 16, 5]
# only: native

import threading
from concurrent.futures import ThreadPoolExecutor

from luthier import tool


@tool
def run() -> list[int]:
    """Squares, and a count that is guarded by a lock."""
    lock, count = threading.Lock(), [0]

    def square(number: int) -> int:
        with lock:
            count[0] += 1
        return number * number

    with ThreadPoolExecutor(max_workers=3) as pool:
        return [*pool.map(square, range(5)), count[0]]
