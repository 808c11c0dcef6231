"""Threads for work that takes a processor long, such as checking a document or running a model.

The rest of the API has other threads. Threads that compute slow down the event loop, so these are few.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

Given = TypeVarTuple("Given")
Result = TypeVar("Result")

THREADS = 2


class Turns:
    """Gives each owner one thread at a time, in turn: requests of an owner wait for each other.

    Used in the event loop's thread only.
    """

    def __init__(self, name: str) -> None:
        """Name the threads."""
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix=name)
        self._owners: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def run(self, owner: str, function: Callable[[*Given], Result], *arguments: *Given) -> Result:
        """Call a function in a thread when it is the owner's turn."""
        async with self._owners[owner]:
            return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)
