"""Threads for work that takes a processor long, such as checking a document or running a model.

The rest of the API has other threads. Threads that compute slow down the event loop, so these are few.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar, TypeVarTuple

Given = TypeVarTuple("Given")
Result = TypeVar("Result")

THREADS = 2
SLICE_S = 0.01
"""How long work in steps keeps a thread before others that wait have their turn."""


class Turns:
    """Gives each owner one thread at a time, in turn: requests of an owner wait for each other.

    Used in the event loop's thread only.
    """

    def __init__(self, name: str, threads: int = THREADS) -> None:
        """Name the threads. There may be more than `THREADS` of them where they only wait for processes."""
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._owners: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._long: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def run(self, owner: str, function: Callable[[*Given], Result], *arguments: *Given) -> Result:
        """Call a function in a thread when it is the owner's turn."""
        async with self._owners[owner]:
            return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)

    async def run_steps(self, owner: str, steps: Generator[None, None, Result]) -> Result:
        """As `run`, for work that yields wherever it may pause: others have their turn in between."""
        work = _Sliced(steps)
        async with self._owners[owner]:
            while not await self._slice(work):
                pass
        return work.result()

    async def run_long(self, owner: str, steps: Generator[None, None, Result]) -> Result:
        """As `run_steps`, one at a time for each owner; its other requests have their turn in between too."""
        work = _Sliced(steps)
        async with self._long[owner]:
            while not await self.run(owner, work.advance):
                pass
        return work.result()

    async def _slice(self, work: _Sliced[Result]) -> bool:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work.advance)


class _Sliced(Generic[Result]):
    """Work in steps, and its result in the end."""

    def __init__(self, steps: Generator[None, None, Result]) -> None:
        self._steps = steps
        self._results: list[Result] = []

    def advance(self) -> bool:
        """Work for a slice of time, at least one step; whether it is done. Raises what the work raises."""
        end = time.monotonic() + SLICE_S
        try:
            while True:
                next(self._steps)
                if time.monotonic() >= end:
                    return False
        except StopIteration as done:
            self._results.append(done.value)
            return True

    def result(self) -> Result:
        """What the work has returned."""
        return self._results[0]
