"""Hands things over through queues."""
# value: [10, 20, 30]
# only: native

import queue
import threading

from luthier import tool


@tool
def run() -> list[int]:
    """What a second thread made of it."""
    work: queue.Queue[int | None] = queue.Queue()
    done: list[int] = []

    def worker() -> None:
        while (item := work.get()) is not None:
            done.append(item * 10)

    thread = threading.Thread(target=worker)
    thread.start()
    for number in (1, 2, 3, None):
        work.put(number)
    thread.join()
    return done
