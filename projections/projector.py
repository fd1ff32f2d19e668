"""The projector: follows a feed, flushes batches, lets the clock break promises, works off what decisions reach back to.

One thread owns one generation of derived data. Everything it knows is in the store, so a killed projector starts again from the
stored position; `version` (epoch << 32 | flush number) lets the rows of a projector that lost its place lose too.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa

from domain.times import Ms
from projections.completeness import SourceState
from projections.derivation import Key
from projections.feed import Feed, Read
from projections.flush import Batch, Flusher
from projections.rederivation import Rederivations, reaching_back
from projections.sources import load_sources, write_sources
from projections.store import Store
from projections.structure_tables import StructureTables

log = logging.getLogger(__name__)

_POSITIONS_SCHEMA: Final = pa.schema(
    [
        ("feed", pa.string()), ("part", pa.uint32()), ("position", pa.uint64()), ("as_of", pa.timestamp("ms", "UTC")),
        ("version", pa.uint64()),
    ]
)  # fmt: skip


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
        feed: Feed,
        *,
        generation: str,
        clock: Callable[[], Ms],
        batch: int = 20_000,
        scratch: str = "scratch_live",
        observe: Callable[[str, float], None] | None = None,
    ) -> None:
        self.store = store
        self.feed = feed
        self.generation = generation
        self.progress = Progress()
        self.positions: dict[int, int] = {}
        self.as_of: Ms = 0
        self.sources: dict[str, SourceState] = {}
        self.structure = StructureTables(store, generation, scratch)
        self.rederivations = Rederivations(store, generation)
        self.lock = threading.Lock()
        """Held during a flush: whoever holds it sees facts, sources and positions of one moment."""
        self._clock = clock
        self._batch = batch
        self._scratch = scratch
        self._further = observe
        self._flusher = Flusher(store, generation, scratch, observe=self._observe)
        self._epoch = 0
        self._flush_no = 0
        self._next_break: Ms = 0
        self._stop = threading.Event()
        self._moved = threading.Condition()

    def prepare(self) -> None:
        """Creates what is missing, reads the stored place and opens a new epoch."""
        self.store.create(self.generation, "generation", gen=self.generation)
        self._flusher.prepare()
        rows = self.store.rows(
            "SELECT part, position, toUnixTimestamp64Milli(as_of), version FROM $gen.positions FINAL WHERE feed = {feed:String}",
            {"feed": self.feed.name},
            gen=self.generation,
        )
        self.positions = {int(part): int(position) for part, position, _, _ in rows}
        self.as_of = max((int(as_of) for _, _, as_of, _ in rows), default=0)
        self._epoch = max((int(version) >> 32 for *_, version in rows), default=0) + 1
        self._flush_no = 0
        self._write_positions(self.positions or {part: 0 for part in self.feed.head()}, self.as_of)
        self.sources = load_sources(self.store, self.generation)
        self.structure.load()
        self.rederivations.load()

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
        """Follows the feed until `stop`. A failure is told in `progress.failing`, and everything is tried again from the stored place."""
        pause = 0.2
        while not self._stop.is_set():
            try:
                self._follow()
                pause = 0.2
            except Exception as error:  # the store or the feed is away: nothing is lost, the place is stored
                self.progress.failing = f"{type(error).__name__}: {error}"
                log.exception("projector stopped; it starts again from its stored place")
                self._stop.wait(pause)
                pause = min(pause * 2, 10.0)
                if not self._stop.is_set():
                    self._reload()

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
        """One flush, one slice of what decisions reach back to, or one sweep; False when there is nothing to do."""
        read = self.feed.read(self.positions, self._batch)
        if read.told or read.poison:
            self.flush(read, Batch.of(read.told))
            return True
        if dict(read.positions) != self.positions:  # rows that are no facts: the place moves, nothing else
            self._advance(read.positions, self.as_of)
        return self._idle()

    def drain_held(self) -> None:
        """Works off what decisions reach back to; the caller holds `lock`."""
        while self.rederivations.open:
            self._rederive_slice()

    def sweep_to(self, as_of: Ms) -> None:
        """Derives what the clock changes up to `as_of`; the caller holds `lock`."""
        as_of = max(as_of, self.as_of)
        self._flusher.derive(set(), as_of, self._version(), swept_from_ms=self.as_of, moments_named=False)
        self._advance(self.positions, as_of)

    def adopt(self, generation: str) -> None:
        """Goes on with another generation derived to the same place; the caller holds `lock`."""
        self.generation = generation
        self.structure = StructureTables(self.store, generation, self._scratch)
        self.rederivations = Rederivations(self.store, generation)
        self._flusher = Flusher(self.store, generation, self._scratch, observe=self._observe)
        self.prepare()

    def _idle(self) -> bool:
        """Work that waits for a quiet moment or comes with the clock."""
        if self.rederivations.open:
            with self.lock:
                self._rederive_slice()
            return True
        now = self._clock()
        if now >= self._next_break and self._broken_by(now):
            self._sweep(now)
            return True
        return False

    def _follow(self) -> None:
        """Reads and prepares the next batch in a second thread while this one flushes."""
        ahead: queue.Queue[tuple[Read, Batch] | BaseException] = queue.Queue(maxsize=1)
        halt = threading.Event()

        def prepare() -> None:
            positions = dict(self.positions)
            try:
                while not (halt.is_set() or self._stop.is_set()):
                    read = self.feed.read(positions, self._batch)
                    if not read.told and not read.poison and dict(read.positions) == positions:
                        halt.wait(0.02)
                        continue
                    positions = dict(read.positions)
                    _offer(ahead, (read, Batch.of(read.told)), halt)
            except BaseException as error:
                _offer(ahead, error, halt)

        thread = threading.Thread(target=prepare, name="projector-reads", daemon=True)
        thread.start()
        try:
            while not self._stop.is_set():
                try:
                    item = ahead.get(timeout=0.25)
                except queue.Empty:
                    self._idle()
                    self.progress.failing = ""
                    continue
                if isinstance(item, BaseException):
                    raise item
                self.flush(*item)
                self.progress.failing = ""
                if self.rederivations.open:
                    with self.lock:
                        self._rederive_slice()
        finally:
            halt.set()
            thread.join()

    def _reload(self) -> None:
        try:
            self.prepare()
        except Exception:
            log.exception("the store does not answer")

    # Writing

    def flush(self, read: Read, batch: Batch) -> None:
        """Takes one batch through all steps; see `projections.flush` for the guarantee of each."""
        started = time.perf_counter()
        with self.lock:
            as_of = max(self._clock(), self.as_of)
            keys = self._flusher.keep(batch, read.poison)
            # Decisions of the batch hold for its derivation; what they reach back to is queued before the place moves on.
            decisions = [told.event for told in read.told if told.event.data.DECISION]
            if decisions:
                self.structure.apply(decisions, self._version())
                self.rederivations.add(entry for entry in map(reaching_back, decisions) if entry is not None)
            keys = {key for key in keys if key[2] not in ("structure", "other")}
            self._flusher.derive(
                keys, as_of, self._version(), swept_from_ms=self.as_of, moments_named=batch.moments_named
            )
            # 6. How complete each source is: merged, so that a replay changes nothing.
            changed = self._hear(read)
            write_sources(self.store, self.generation, {name: self.sources[name] for name in changed}, self._version())
            # 7. The place, last of all.
            self._advance(read.positions, as_of)
        self.progress.events += len(read.told)
        self.progress.poison += len(read.poison)
        self.progress.last_flush_s = time.perf_counter() - started

    def _sweep(self, now: Ms) -> None:
        with self.lock:
            self.sweep_to(now)

    def _rederive_slice(self) -> None:
        """One slice; the caller holds `lock`."""
        if not self.rederivations.open:
            return
        keys: set[Key] = self.rederivations.next_slice()
        if keys:
            as_of = max(self._clock(), self.as_of)
            self._flusher.derive(keys, as_of, self._version(), swept_from_ms=self.as_of, moments_named=False)
            self._advance(self.positions, as_of)
        self.rederivations.done(keys)

    def _broken_by(self, now: Ms) -> bool:
        """Whether the clock has broken a promise since the last derivation; remembers when to look again."""
        rows = self.store.rows(
            """SELECT count(), toUnixTimestamp64Milli(min(broken_at)) FROM $gen.open_until
            WHERE broken_at > fromUnixTimestamp64Milli($as_of, 'UTC')""",
            gen=self.generation,
            as_of=self.as_of,
        )
        count, first = rows[0]
        if count and first <= now:
            return True
        self._next_break = min(int(first), now + 5_000) if count else now + 5_000
        return False

    def _hear(self, read: Read) -> set[str]:
        changed: set[str] = set()
        for told in read.told:
            event = told.event
            if event.data.DECISION:  # a decision is no report about customers
                continue
            state = self.sources.get(event.source)
            if state is None:
                state = self.sources[event.source] = SourceState()
            state.hear(event.siteid or "", event.ms, event.sequence)
            changed.add(event.source)
        return changed

    def _advance(self, positions: Mapping[int, int], as_of: Ms) -> None:
        self._write_positions(positions, as_of)
        with self._moved:
            self.positions = dict(positions)
            self.as_of = as_of
            self._moved.notify_all()
        self._flush_no += 1
        self.progress.flushes += 1

    def _write_positions(self, positions: Mapping[int, int], as_of: Ms) -> None:
        rows = [(self.feed.name, part, position, as_of, self._version()) for part, position in positions.items()]
        self.store.insert_rows(f"{self.generation}.positions", _POSITIONS_SCHEMA, rows)

    def _version(self) -> int:
        return self._epoch << 32 | self._flush_no

    def _observe(self, step: str, seconds: float) -> None:
        self.progress.steps[step] = self.progress.steps.get(step, 0.0) + seconds
        if self._further is not None:
            self._further(step, seconds)


def _offer(to: queue.Queue[tuple[Read, Batch] | BaseException], item: tuple[Read, Batch] | BaseException, halt: threading.Event) -> None:
    while not halt.is_set():
        try:
            to.put(item, timeout=0.25)
            return
        except queue.Full:
            continue
