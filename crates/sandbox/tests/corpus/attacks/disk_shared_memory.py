"""Makes shared memory that outlives the process."""
# effect: file /dev/shm/luthier-corpus-out
# expect-wasm: raised | load-failed
# expect-native: raised

from multiprocessing import resource_tracker, shared_memory

from luthier import tool


@tool
def attack() -> str:
    """Shares memory with whoever comes."""
    resource_tracker.register = lambda name, kind: None  # type: ignore[assignment]
    memory = shared_memory.SharedMemory("luthier-corpus-out", create=True, size=1 << 20)
    memory.close()
    return "escaped: shared memory is there"
