"""What waits for a registration is taken in by itself when the registration comes.

After every request with decisions, and once at the start (a crash may have come between a decision and its
intake), the tokens of waiting letters are compared with what is registered. A letter is judged as it would
have been: by the scope its key had and by the time it first came. Events taken in so may be decisions
themselves, and what waits for those follows. A busy or unwritable log makes the intake wait, never give up.
Where other doors write the same log, what they have decided is looked for every second.
"""

from __future__ import annotations

import asyncio
import contextlib

import structlog

from ingest.dead_letters import DeadLetters, Opened
from ingest.door import Door
from ingest.errors import LogUnwritable, Overloaded
from ingest.judge import Candidate, item_of
from ingest.register import Register, is_registered

log = structlog.get_logger("ingest.intake")

PAGE = 250
EXPIRE_EVERY_S = 3600.0
FOLLOW_EVERY_S = 1.0


class Intake:
    """The background task beside a door; also deletes letters that have had their time."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._letters: DeadLetters = door.letters
        self._register: Register = door.register
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        door.on_registered = self._wake.set

    def start(self) -> None:
        """Looks once at what waits, then whenever something may have been registered."""
        self._wake.set()
        self._tasks = [asyncio.create_task(self._run()), asyncio.create_task(self._expire())]
        if self._register.is_shared:
            self._tasks.append(asyncio.create_task(self._follow()))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._look()
            except (Overloaded, LogUnwritable) as later:
                log.warning("intake_waits", reason=str(later), retry_after=later.retry_after)
                await asyncio.sleep(later.retry_after)
                self._wake.set()
            except Exception:
                log.exception("intake_failed")
                await asyncio.sleep(5)
                self._wake.set()

    async def _look(self) -> None:
        for waits_for in await asyncio.to_thread(self._letters.tokens):
            if is_registered(self._register, waits_for):
                await self._take_all(waits_for)

    async def _take_all(self, waits_for: str) -> None:
        after = taken = 0
        while page := await asyncio.to_thread(self._letters.waiting_for, waits_for, after, PAGE):
            results = await self._door.retry(
                [opened.letter.letter for opened in page], list(map(_candidate, page))
            )
            taken += sum(result.status != "rejected" for result in results)
            after = page[-1].letter.letter
        log.info("letters_taken_in", waits_for=waits_for, taken=taken)

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(FOLLOW_EVERY_S)
            try:
                await self._door.follow()
            except LogUnwritable as later:
                log.warning("following_waits", reason=str(later))
            except Exception:  # the next look is a second away
                log.exception("following_failed")

    async def _expire(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self._letters.expire, self._door.now_ms())
            except LogUnwritable as later:
                log.warning("expiry_waits", reason=str(later))
            await asyncio.sleep(EXPIRE_EVERY_S)


def _candidate(opened: Opened) -> Candidate:
    return Candidate(item_of(opened), opened.scope, opened.letter.first_ms, opened.letter.import_)
