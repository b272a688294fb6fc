"""An event loop without descriptors, sockets or threads: a cell has timers and nothing else."""

import asyncio
import time
from asyncio import base_events, events, tasks


class _Clock:
    """Stands where a selector would: what there is to wait for is time."""

    def select(self, timeout):
        # Nothing can wake a loop without timers; the deadline of the call ends it.
        while timeout is None:
            time.sleep(3600)
        if timeout > 0:
            time.sleep(timeout)
        return ()


class Loop(base_events.BaseEventLoop):
    """Runs coroutines."""

    def __init__(self):
        super().__init__()
        self._selector = _Clock()

    def _process_events(self, event_list):
        pass

    def _write_to_self(self):
        pass

    def run_in_executor(self, executor, func, *args):
        """There is no thread to run it in, so it runs here and now."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future


class _Policy(events._BaseDefaultEventLoopPolicy):
    _loop_factory = Loop


def install() -> None:
    """Makes it the loop of `asyncio.run` too."""
    events._set_event_loop_policy(_Policy())


_loop: Loop | None = None


def run(awaitable):
    """Runs what an `async def` gave to its end."""
    outer = events._get_running_loop()
    if outer is None:
        return _own().run_until_complete(awaitable)
    # On top of a call that waits inside a loop, which knows nothing of it.
    task = tasks._swap_current_task(outer, None)
    events._set_running_loop(None)
    loop = Loop()
    try:
        return loop.run_until_complete(awaitable)
    finally:
        loop.close()
        events._set_running_loop(outer)
        tasks._swap_current_task(outer, task)


def _own() -> Loop:
    """One loop lives as long as the cell."""
    global _loop
    if _loop is None or _loop.is_closed():
        _loop = Loop()
        asyncio.set_event_loop(_loop)
    return _loop
