"""The projector: follows a feed, flushes batches, lets the clock break promises, works off what decisions
reach back to.

One thread owns one generation of derived data. Everything it knows is in the store, so a killed projector
starts again from the stored position; `version` (epoch << 32 | flush number) lets the rows of a projector
that lost its place lose too.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import repeat
from typing import Final

import pyarrow as pa

from domain.times import Ms
from projections.ahead import ReadAhead
from projections.completeness import SourceState
from projections.derivation import Key
from projections.feed import Feed, Read, Reassigned, SharedFeed
from projections.flush import Batch, Flusher
from projections.rederivation import Rederivations, reaching_back
from projections.share import DECIDED, Share
from projections.sources import Heard, load_sources, write_sources
from projections.store import Store
from projections.structure_tables import StructureTables

log = logging.getLogger(__name__)

_POSITIONS_SCHEMA: Final = pa.schema(
    [
        ("feed", pa.string()),
        ("part", pa.uint32()),
        ("position", pa.uint64()),
        ("as_of", pa.timestamp("ms", "UTC")),
        ("version", pa.uint64()),
    ]
)

_COVERED_SCHEMA: Final = pa.schema(
    [
        ("feed", pa.string()),
        ("part", pa.uint32()),
        ("log_no", pa.uint32()),
        ("upto", pa.uint64()),
        ("version", pa.uint64()),
    ]
)
_REVOKE_WAIT_S: Final = 10.0
"""How long partitions are held back for a flush under way; one that takes longer loses by its epoch."""


@dataclass
class Progress:
    """What a projector tells others about itself. Counts since its start, times in UTC milliseconds."""

    events: int = 0
    flushes: int = 0
    poison: int = 0
    last_flush_s: float = 0.0
    steps: dict[str, float] = field(default_factory=dict)
    failing: str = ""


class Projector:
    """Derives one generation from one feed.

    Args:
        store: the ClickHouse store; `prepare` creates what is missing.
        feed: where facts come from.
        generation: database of the generation.
        clock: UTC milliseconds.
        batch: most events of a flush; larger batches are cheaper an event, smaller ones answer sooner.
        scratch: database of the Memory tables of this projector.
        observe: told the name and seconds of each step after it is done.
    """

    def __init__(
        self,
        store: Store,
        feed: Feed | SharedFeed,
        *,
        generation: str,
        clock: Callable[[], Ms],
        batch: int = 40_000,
        scratch: str = "scratch_live",
        observe: Callable[[str, float], None] | None = None,
    ) -> None:
        self.store = store
        self.feed = feed
        self.generation = generation
        self.progress = Progress()
        self.positions: dict[int, int] = {}
        self.as_of: Ms = 0
        self.sources: dict[Heard, SourceState] = {}
        self.share = Share(store, scratch, shared=isinstance(feed, SharedFeed))
        self.structure = StructureTables(store, generation, scratch)
        self.rederivations = Rederivations(store, generation, self.share)
        self.lock = threading.Lock()
        """Held during a flush: whoever holds it sees facts, sources and positions of one moment."""
        self._clock = clock
        self._batch = batch
        self._scratch = scratch
        self._further = observe
        self._flusher = Flusher(store, generation, scratch, observe=self._observe)
        self._epoch = 0
        self._flush_no = 0
        self._swept_to: Ms = 0
        self._revoked = self._taken = 0
        self._next_break: Ms = 0
        self._stop = threading.Event()
        self._moved = threading.Condition()
        if isinstance(feed, SharedFeed):
            feed.on_revoke = self._let_go

    def prepare(self) -> None:
        """Creates what is missing, reads the stored place and opens a new epoch.

        Raises Reassigned when the partitions of a shared feed went to another projector meanwhile.
        """
        taken = self._revoked
        parts = self.feed.join() if isinstance(self.feed, SharedFeed) else None
        self.store.create(self.generation, "generation", gen=self.generation)
        self._flusher.prepare()
        rows = self.store.rows(
            "SELECT part, position, toUnixTimestamp64Milli(as_of), version, feed FROM $gen.positions FINAL"
            " WHERE feed IN ({feed:String}, {epochs:String})",
            {"feed": self.feed.name, "epochs": self._epochs},
            gen=self.generation,
        )
        stored = {
            int(part): (int(position), int(as_of))
            for part, position, as_of, _, feed in rows
            if feed == self.feed.name
        }
        self._epoch = max((int(version) >> 32 for *_, version, _ in rows), default=0) + 1
        self._flush_no = 0
        places = {part: stored.get(part, (0, 0)) for part in (parts if parts is not None else stored)}
        self._open_epoch(places)
        self._load(places)
        self._taken = taken
        if self._swept_to < self.as_of:
            with self._owning():
                self.sweep_to(self.as_of)
        if parts:
            self.structure.show(self._version())

    def _open_epoch(self, places: Mapping[int, tuple[int, Ms]]) -> None:
        """Makes the epoch durable at the places (position, clock) as they are, each with a clock of its own:
        what one partition's clock has broken, another's may not have yet.
        """
        self.positions = {part: position for part, (position, _) in places.items()}
        if isinstance(self.feed, SharedFeed):
            # Partitions that nobody has taken yet are places too, at a version that loses to everybody's: who
            # waits for a position must not think the line whole before they are.
            self._write_positions(dict.fromkeys(self.feed.every(), 0), 0, version=0)
            # Claimed apart from the places: a claim of one who has lost the partition must not move them.
            self._write_positions(dict.fromkeys(places, self._epoch), 0, self._epochs)
            self.feed.confirm(self.positions)
        elif not places:
            self._write_positions(dict.fromkeys(self.feed.head(), 0), 0)
        for part, (position, as_of) in places.items():
            self._write_positions({part: position}, as_of)

    def _load(self, places: Mapping[int, tuple[int, Ms]]) -> None:
        clocks = [as_of for part, (position, as_of) in places.items() if position and not part & DECIDED]
        self.as_of = max(clocks, default=0)
        self._swept_to = min(clocks, default=0)
        every = load_sources(self.store, self.generation)
        shared = isinstance(self.feed, SharedFeed)
        self.sources = {heard: state for heard, state in every.items() if not shared or heard[0] in places}
        sites = ((part, site) for (part, _), state in self.sources.items() for site in state.last_ms)
        self.share.take(places, sites)
        self.structure.load()
        self.rederivations.load(self._epoch)

    def _let_go(self) -> None:
        """Partitions are about to be taken away: what is being written is finished, nothing more is begun."""
        self._revoked += 1
        if self.lock.acquire(timeout=_REVOKE_WAIT_S):
            self.lock.release()

    @contextmanager
    def _owning(self) -> Iterator[None]:
        """The lock, while nothing of what is owned has been taken away. Raises Reassigned."""
        with self.lock:
            if self._taken != self._revoked:
                raise Reassigned
            yield

    # Reading

    def position(self) -> Mapping[int, int]:
        """The derived position of each partition."""
        return dict(self.positions)

    def wait(self, part: int, position: int, timeout_s: float) -> bool:
        """Waits until the partition is derived to this position; False when it is not within the time."""
        deadline = time.monotonic() + timeout_s
        with self._moved:
            while self.positions.get(part, 0) < position:
                left = deadline - time.monotonic()
                if left <= 0 or self._stop.is_set():
                    return False
                self._moved.wait(min(left, 0.5))
        return True

    # Running

    def run(self) -> None:
        """Follows the feed until `stop`. A failure is told in `progress.failing`, and everything is tried
        again from the stored place.
        """
        pause, prepared = 0.2, True
        while not self._stop.is_set():
            try:
                if not prepared:
                    self.prepare()
                    prepared = True
                self._follow()
                pause = 0.2
            except Reassigned:
                log.info("partitions changed hands; the projector begins from their stored places")
                prepared = False
            except Exception as error:  # the store or the feed is away: nothing is lost, the place is stored
                self.progress.failing = f"{type(error).__name__}: {error}"
                log.exception("projector stopped; it starts again from its stored place")
                prepared = False
                self._stop.wait(pause)
                pause = min(pause * 2, 10.0)

    def stop(self) -> None:
        """Ends `run` after the flush under way."""
        self._stop.set()
        with self._moved:
            self._moved.notify_all()

    def drain(self) -> None:
        """Derives all there is now, and what decisions reach back to; for jobs and tests."""
        while self.step():
            pass

    def step(self) -> bool:
        """One flush, one slice of what decisions reach back to, or one sweep; False when there is nothing to
        do.
        """
        read = self.feed.read(self.positions, self._batch)
        if read.told or read.poison:
            self.flush(read, Batch.of(read.told))
            return True
        if dict(read.positions) != self.positions:  # rows that are no facts: the place moves, nothing else
            with self._owning():
                self._write_covered(read)
                self._advance(read.positions, self.as_of)
        return self._idle()

    def drain_held(self) -> None:
        """Works off what decisions reach back to; the caller holds `lock`."""
        while self.rederivations.open:
            self._rederive_slice()

    def sweep_to(self, as_of: Ms) -> None:
        """Derives what the clock changes up to `as_of`; the caller holds `lock`."""
        as_of = max(as_of, self.as_of)
        self._derive(set(), as_of)
        self._advance(self.positions, as_of)

    def adopt(self, generation: str) -> None:
        """Goes on with another generation derived to the same place; the caller holds `lock`."""
        self.generation = generation
        self.structure = StructureTables(self.store, generation, self._scratch)
        self.rederivations = Rederivations(self.store, generation, self.share)
        self._flusher = Flusher(self.store, generation, self._scratch, observe=self._observe)
        self.prepare()

    def _idle(self) -> bool:
        """Work that waits for a quiet moment or comes with the clock."""
        if self.rederivations.open:
            with self._owning():
                self._rederive_slice()
            return True
        now = self._clock()
        if now >= self._next_break and self._broken_by(now):
            self._sweep(now)
            return True
        return False

    def follow(self, arrived: Callable[[], bool]) -> None:
        """Flushes what is read ahead until it has `arrived` or the feed has nothing more; for jobs.

        What decisions reach back to stays queued: `drain_held`.
        """
        with ReadAhead(self.feed, self.positions, self._batch) as ahead:
            while not arrived():
                prepared = ahead.next(timeout_s=0.25)
                if prepared is not None:
                    self.flush(*prepared)
                elif ahead.level:
                    break

    def _follow(self) -> None:
        """Flushes what is read ahead; waits for a quiet moment with all else."""
        with ReadAhead(self.feed, self.positions, self._batch) as ahead:
            while not self._stop.is_set():
                prepared = ahead.next(timeout_s=0.25)
                if prepared is not None:
                    self.flush(*prepared)
                    self.progress.failing = ""
                    if self.rederivations.open:
                        with self._owning():
                            self._rederive_slice()
                else:
                    self._idle()
                    if ahead.level:  # nothing is left that could fail again
                        self.progress.failing = ""

    # Writing

    def flush(self, read: Read, batch: Batch) -> None:
        """Takes one batch through all steps; see `projections.flush` for the guarantee of each."""
        started = time.perf_counter()
        with self._owning():
            as_of = max(self._clock(), self.as_of)
            keys = self._flusher.keep(batch, read.poison)
            # Decisions of the batch hold for its derivation; what they reach back to is queued before the
            # place moves on.
            decisions = [told.event for told in read.told if told.event.data.DECISION]
            if decisions:
                self.structure.apply(decisions, self._version())
                self.rederivations.add(entry for entry in map(reaching_back, decisions) if entry is not None)
            keys = {key for key in keys if key[2] not in ("structure", "other")}
            self._derive(keys, as_of, moments_named=batch.moments_named)
            # 6. How complete each source is: merged, so that a replay changes nothing.
            changed = self._hear(read)
            write_sources(
                self.store, self.generation, {name: self.sources[name] for name in changed}, self._version()
            )
            self._write_covered(read)
            # 7. The place, last of all.
            self._advance(read.positions, as_of)
        self.progress.events += len(read.told)
        self.progress.poison += len(read.poison)
        self.progress.last_flush_s = time.perf_counter() - started

    def _derive(self, keys: set[Key], as_of: Ms, *, moments_named: bool = False) -> None:
        """Derives touched subjects, and what the clock has broken since the last derivation."""
        self._flusher.derive(
            keys,
            as_of,
            self._version(),
            swept_from_ms=self._swept_to,
            moments_named=moments_named,
            own=self.share.own,
        )

    def _sweep(self, now: Ms) -> None:
        with self._owning():
            self.sweep_to(now)

    def _rederive_slice(self) -> None:
        """One slice; the caller holds `lock`."""
        if not self.rederivations.open:
            return
        keys: set[Key] = self.rederivations.next_slice()
        if keys:
            as_of = max(self._clock(), self.as_of)
            self._derive(keys, as_of)
            self._advance(self.positions, as_of)
        self.rederivations.done(keys)

    def _broken_by(self, now: Ms) -> bool:
        """Whether the clock has broken a promise since the last derivation; remembers when to look again."""
        rows = self.store.rows(
            """SELECT count(), toUnixTimestamp64Milli(min(broken_at)) FROM $gen.open_until
            WHERE broken_at > fromUnixTimestamp64Milli($as_of, 'UTC') AND $own""",
            gen=self.generation,
            as_of=self.as_of,
            own=self.share.own,
        )
        count, first = rows[0]
        if count and first <= now:
            return True
        self._next_break = min(int(first), now + 5_000) if count else now + 5_000
        return False

    def _hear(self, read: Read) -> set[Heard]:
        changed: set[Heard] = set()
        sites: set[tuple[int, str]] = set()
        only = min(read.positions, default=0)
        for told, part in zip(read.told, read.parts or repeat(only), strict=False):
            event = told.event
            if event.data.DECISION:  # a decision is no report about customers
                continue
            heard = (part, event.source)
            state = self.sources.get(heard)
            if state is None:
                state = self.sources[heard] = SourceState()
            site = event.siteid or ""
            state.hear(site, event.ms, event.sequence)
            changed.add(heard)
            sites.add((part, site))
        self.share.hear(sites)
        return changed

    def _write_covered(self, read: Read) -> None:
        rows = [
            (self.feed.name, part, log_no, upto, self._version())
            for part, logs in read.covered.items()
            for log_no, upto in logs.items()
        ]
        self.store.insert_rows(f"{self.generation}.covered", _COVERED_SCHEMA, rows)

    def _advance(self, positions: Mapping[int, int], as_of: Ms) -> None:
        self._write_positions(positions, as_of)
        with self._moved:
            self.positions = dict(positions)
            self.as_of = self._swept_to = as_of
            self._moved.notify_all()
        self._flush_no += 1
        self.progress.flushes += 1

    @property
    def _epochs(self) -> str:
        return f"{self.feed.name}/epochs"

    def _write_positions(
        self, positions: Mapping[int, int], as_of: Ms, feed: str | None = None, *, version: int | None = None
    ) -> None:
        version = self._version() if version is None else version
        rows = [(feed or self.feed.name, part, at, as_of, version) for part, at in positions.items()]
        self.store.insert_rows(f"{self.generation}.positions", _POSITIONS_SCHEMA, rows)

    def _version(self) -> int:
        return self._epoch << 32 | self._flush_no

    def _observe(self, step: str, seconds: float) -> None:
        self.progress.steps[step] = self.progress.steps.get(step, 0.0) + seconds
        if self._further is not None:
            self._further(step, seconds)
