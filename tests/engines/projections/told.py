"""A feed and records made of event dictionaries, as the door would have put them into the log."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping

import msgspec

from domain.cloudevents import from_structured
from domain.derive import Facts, derive
from domain.structure import StructureState
from ingest.log.record import LogRecord
from projections.feed import Poison, Read, told_of
from projections.projector import Projector
from projections.store import Store
from tests.site_stories import CloudEventDict
from tests.streams import distinct, random_stream, site_decisions

NOW = 1_764_000_000_000


class ListFeed:
    """Records in order, as one partition of a log."""

    name = "log"

    def __init__(self, records: list[LogRecord]) -> None:
        self.records = records

    def read(self, positions: Mapping[int, int], limit: int) -> Read:
        after = positions.get(1, 0)
        part = self.records[after : after + limit]
        items = [told_of(record, 1, after + place + 1) for place, record in enumerate(part)]
        poison = [item for item in items if isinstance(item, Poison)]
        return Read([item for item in items if not isinstance(item, Poison)], poison, {1: after + len(part)})

    def head(self) -> Mapping[int, int]:
        return {1: len(self.records)}


def records_of(events: Iterable[CloudEventDict]) -> list[LogRecord]:
    """What the log holds after these were sent: each identity once."""
    return [_record(event) for event in distinct(events)]


def _record(event: CloudEventDict) -> LogRecord:
    parsed = from_structured(msgspec.json.encode(event))
    return LogRecord(
        id=parsed.id,
        source=parsed.source,
        type=parsed.type,
        version=parsed.version,
        time=parsed.time,
        ms=parsed.ms,
        site=parsed.siteid or "",
        data=parsed.data,
        ext=parsed.extensions,
        received=parsed.ms,
        key="test",
    )


def exact_facts(records: Iterable[LogRecord], as_of: int) -> tuple[Facts, StructureState]:
    """What the exact domain says of these records."""
    events = [
        item.event for item in (told_of(record, 1, 1) for record in records) if not isinstance(item, Poison)
    ]
    state = StructureState().apply_all(event for event in events if event.data.DECISION)
    return derive(events, state, as_of), state


def chain_records(seed: int, size: int) -> list[LogRecord]:
    """Registrations first, as the door demands; every other decision comes somewhere among the events."""
    rng = random.Random(f"mixed {seed}")
    decisions = site_decisions(seed, NOW)
    first = [event for event in decisions if event["type"].endswith(".registered")]
    later = [event for event in decisions if not event["type"].endswith(".registered")]
    events = random_stream(seed, size, NOW)
    places = sorted(rng.randint(0, len(events)) for _ in later)
    for shift, (place, decision) in enumerate(zip(places, later, strict=True)):
        events.insert(place + shift, decision)
    return records_of(first + events)


def projector_of(store: Store, records: list[LogRecord], generation: str, **options: object) -> Projector:
    """A projector over the records, prepared; `clock` and `batch` as options."""
    projector = Projector(
        store, ListFeed(records), generation=generation, **{"clock": lambda: NOW, **options}
    )  # type: ignore[arg-type]
    projector.prepare()
    return projector
