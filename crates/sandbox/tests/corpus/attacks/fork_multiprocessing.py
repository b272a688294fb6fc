"""Starts processes with `multiprocessing`, in both ways that there are."""
# effect: processes 12
# expect-wasm: raised | load-failed
# expect-native: raised

import multiprocessing
import time

from luthier import tool


@tool
def attack() -> str:
    """Has colleagues."""
    forked = multiprocessing.get_context("fork")
    workers = [forked.Process(target=time.sleep, args=(0.5,)) for _ in range(12)]
    workers.append(multiprocessing.get_context("spawn").Process(target=time.sleep, args=(0,)))
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return f"escaped: {len(workers)} processes"
