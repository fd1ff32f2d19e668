"""Blocking queries beside an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class QueryThreads:
    """A few threads for all queries, kept for good: more than cores only queue elsewhere, and an engine keeps
    a handle a thread, so that threads which come and go (as the event loop's own do after seconds of quiet)
    would open one for every request after a pause and never close it.
    """

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="api-query")

    async def run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)
