"""One flush: a batch of events becomes rows, facts and, last of all, a position.

The numbered steps are the whole of the projector's promise. A crash between any two of them leaves the
position where it was, so the same events are read again; every step gives the same rows when it is run again,
and the facts of a component are derived from all of its events, so what a half-finished flush left behind is
overwritten by the same figures.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

import pyarrow as pa

from projections.derivation import Derivation, Key
from projections.evidence import SCHEMA, Row, Subject, Told, mentions_of, row_of, subjects_of
from projections.feed import Poison
from projections.placement import Placement
from projections.store import Store, arrow_table

P = ParamSpec("P")
T = TypeVar("T")

LINKS_SCHEMA = pa.schema(
    [
        ("hour", pa.uint32()),
        ("site_id", pa.string()),
        ("kind", pa.string()),
        ("id", pa.string()),
        ("to_kind", pa.string()),
        ("to_id", pa.string()),
        ("to_hour", pa.uint32()),
    ]
)
POISON_SCHEMA = pa.schema(
    [
        ("log_no", pa.uint32()),
        ("position", pa.uint64()),
        ("source", pa.string()),
        ("event_id", pa.string()),
        ("reason", pa.string()),
        ("raw", pa.string()),
    ]
)

Link = tuple[Subject, Subject]


@dataclass
class Batch:
    """Events of one flush, prepared: their rows (hour still open), subjects with the time that places them,
    and links.

    All of it can be made by whoever reads, while another batch is flushed.
    """

    rows: pa.Table = field(default_factory=SCHEMA.empty_table)
    subjects: list[Subject] = field(default_factory=list)
    """Of each row."""
    first_heard: dict[Subject, int] = field(default_factory=dict)
    touched: set[Subject] = field(default_factory=set)
    links: set[Link] = field(default_factory=set)
    moments_named: bool = False

    @classmethod
    def of(cls, told: Iterable[Told]) -> Batch:
        """Prepares events in log order."""
        batch, rows = cls(), list[Row]()
        for item in told:
            batch._add(item, rows)
        if rows:
            batch.rows = arrow_table(SCHEMA, rows)
        return batch

    def _add(self, told: Told, rows: list[Row]) -> None:
        event = told.event
        subjects = subjects_of(event)
        own = subjects[0]
        for subject in subjects:
            rows.append(row_of(told, subject, subject is own))
            self.subjects.append(subject)
            if subject not in self.touched:
                self.first_heard.setdefault(subject, event.ms)
                self.touched.add(subject)
                self.moments_named |= subject[1] == "moment"
        site = own[0]
        for kind, id_ in mentions_of(event):
            other = (site, kind, id_)
            self.first_heard.setdefault(other, event.ms)
            self.links.add((own, other))


class Flusher:
    """Writes batches into one generation.

    Args:
        store: the ClickHouse store.
        generation: database of the generation.
        scratch: database of this flusher's own Memory tables.
        observe: told the seconds of each step, for metrics and for tests that stop the process between two of
            them.
    """

    def __init__(
        self,
        store: Store,
        generation: str,
        scratch: str,
        *,
        observe: Callable[[str, float], None] | None = None,
    ) -> None:
        self.store = store
        self.generation = generation
        self.placement = Placement(store, generation, scratch)
        self.derivation = Derivation(store, generation, scratch)
        self._observe = observe

    def prepare(self) -> None:
        """Creates the scratch database."""
        self.derivation.prepare()
        self.placement.prepare()

    def keep(self, batch: Batch, poison: Sequence[Poison]) -> set[Key]:
        """Steps 1 to 4: makes durable where the batch's subjects lie, how they are linked, and the events
        themselves.

        Returns the keys the batch touched.
        """
        # 1. Where each subject lies. Before links and events, so that a replay puts the same event in the
        # same place.
        hours = self._timed("1_subjects", self.placement.hours, batch.first_heard)
        # 2. How subjects are linked. Before events: a derivation that sees an event also sees whom it
        # concerns.
        self._timed("2_links", self._write_links, batch.links, hours)
        # 3. What could not be read, with its reason.
        if poison:
            self._timed("3_poison", self._write_poison, poison)
        # 4. The events. From here on the facts may be derived by anybody, and will be, since the position is
        # still before them.
        self._timed("4_events", self._write_events, batch, hours)
        return {(hours[subject], *subject) for subject in batch.touched}

    def derive(
        self,
        keys: set[Key],
        as_of_ms: int,
        version: int,
        *,
        swept_from_ms: int | None = None,
        moments_named: bool = True,
        own: str = "1",
    ) -> None:
        """Step 5: derives the facts of the touched subjects and of all they are linked with, and writes them
        at `version`.

        Args:
            keys: touched subjects.
            as_of_ms: the clock of this derivation; `swept_from_ms` is that of the one before: promises that
                the clock broke between the two are touched too.
            version: epoch << 32 | flush number.
            own: SQL condition on `site_id`: the sites this projector may write (others have a writer of
                their own).
        """
        derivation = self.derivation
        self._timed("5_touch", self._touch, keys, as_of_ms, swept_from_ms, moments_named, own)
        self._timed("5_close", derivation.close_over_links)
        self._timed("5_stage", derivation.stage)
        self._timed("5_derive", derivation.derive, as_of_ms)
        self._timed("5_write", derivation.write, version)

    def _touch(
        self, keys: set[Key], as_of_ms: int, swept_from_ms: int | None, moments_named: bool, own: str
    ) -> None:
        self.derivation.clear_keys()
        self.derivation.add_keys(keys)
        if moments_named:
            self.derivation.add_subjects_of_moments()
        if swept_from_ms is not None:
            self.derivation.add_keys_from(
                f"""SELECT DISTINCT placed AS hour, site_id, 'promise' AS kind, promise_id AS id FROM
                $gen.open_until WHERE broken_at > fromUnixTimestamp64Milli($low, 'UTC') AND broken_at <=
                fromUnixTimestamp64Milli($high, 'UTC') AND {own}""",
                low=swept_from_ms,
                high=as_of_ms,
            )

    def _write_links(self, links: set[Link], hours: dict[Subject, int]) -> None:
        rows = [
            (hours[one], one[0], one[1], one[2], other[1], other[2], hours[other])
            for pair in links
            for one, other in (pair, pair[::-1])
        ]
        self.store.insert_rows(f"{self.generation}.links", LINKS_SCHEMA, rows)

    def _write_poison(self, poison: Sequence[Poison]) -> None:
        self.store.insert_rows(f"{self.generation}.poison", POISON_SCHEMA, poison)

    def _write_events(self, batch: Batch, hours: dict[Subject, int]) -> None:
        placed = pa.array([hours[subject] for subject in batch.subjects], pa.uint32())
        self.store.insert(f"{self.generation}.events", batch.rows.set_column(0, SCHEMA.field("hour"), placed))

    def _timed(self, step: str, run: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        started = time.perf_counter()
        result = run(*args, **kwargs)
        if self._observe is not None:
            self._observe(step, time.perf_counter() - started)
        return result
