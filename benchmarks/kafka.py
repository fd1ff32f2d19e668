"""make bench-kafka: relay and projector on a real broker, each beside what kafka-python does alone.

Relay and bare producer, projector and bare consumer take turns in one run on one broker, with the same
settings of the client and the same messages; the best turn of each counts. Writes docs/benchmarks-kafka.md.
"""

import argparse
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from benchmarks import load
from benchmarks.kafka_page import Measured, page
from domain.cloudevents import from_structured
from ingest.assembly import clock_ms
from ingest.log import open_sqlite_log
from ingest.log.identity import originator_id
from ingest.log.port import Entry
from ingest.log.reader import LogReader
from ingest.log.record import LogRecord
from ingest.relay.place import Place
from ingest.relay.relay import Relay
from ingest.relay.session import PRODUCER, Line
from ingest.relay.topics import Wanted, ensure
from ingest.relay.wire import Access, Stamp, Topics, headers_of
from moments.collector import collect_seldom
from projections.kafka_feed import CONSUMER, KafkaFeed
from projections.projector import Projector
from projections.share import DECIDED
from projections.store import Store
from tests.engines.kafka.broker import running

ROOT = Path(__file__).parent.parent
SITES = 100
EVENTS_A_DAY = 430_000
PARTITIONS = 4
TURNS = 2
PATIENCE_S = 3_600.0


class Turn(NamedTuple):
    """One measurement: events, seconds on the wall, seconds of this process on a core."""

    events: int
    wall_s: float
    cpu_s: float


def main() -> None:
    """Measures and writes the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kafka", description=__doc__)
    parser.add_argument("--events", type=int, default=200_000, help="events of each shape")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks-kafka.md")
    chosen = parser.parse_args()
    collect_seldom()  # as every part does at its start
    load_before = os.getloadavg()[0]
    folder = Path(tempfile.mkdtemp(prefix="moments-bench-", dir=os.environ.get("MOMENTS_BENCH_FOLDER")))
    try:
        with running(folder / "kafka") as broker:
            measured = measure(folder, Access(broker.bootstrap), chosen.events)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    chosen.out.write_text(page(measured, events=chosen.events, load_before=load_before))
    print(f"written to {chosen.out}", flush=True)


def measure(folder: Path, access: Access, events: int) -> list[Measured]:
    """Both shapes, each through relay and projector."""
    found = []
    shapes: dict[str, Iterable[bytes]] = {
        "back-fill": load.back_fill(SITES, 1 + events // EVENTS_A_DAY),
        "live": load.live(SITES, min(events, EVENTS_A_DAY // 2), load.UNTIL_MS),
    }
    for shape, bodies in shapes.items():
        place = folder / shape
        written = write_log(place / "log", bodies, events)
        print(f"{shape}: {written:,} events in the log", flush=True)
        producers, relays = [], []
        for turn in range(TURNS):
            topics = Topics(f"{shape}{turn}")
            ensure(access, Topics(f"bare-{topics.prefix}"), Wanted(PARTITIONS, 1))
            ensure(access, topics, Wanted(PARTITIONS, 1))
            producers.append(bare_producer(access, f"bare-{topics.events}", place / "log"))
            relays.append(relay(access, topics, place / "log", place / f"relay{turn}"))
        found += [
            best("bare kafka-python producer", shape, producers),
            best("relay, log to broker", shape, relays),
        ]
        consumers, projectors = [], []
        for turn in range(TURNS):
            topics = Topics(f"{shape}{turn}")
            consumers.append(bare_consumer(access, topics.events))
            projectors.append(projector(access, topics, place / f"clickhouse{turn}", written))
        found += [
            best("bare kafka-python consumer", shape, consumers),
            best("one projector, broker to facts", shape, projectors),
        ]
    return found


def best(what: str, shape: str, turns: list[Turn]) -> Measured:
    """The quickest turn, and the least CPU an event."""
    rate = max(turn.events / turn.wall_s for turn in turns)
    cpu = min(turn.cpu_s / turn.events for turn in turns)
    measured = Measured(what, shape, rate, cpu * 1e6)
    print(f"{shape}, {what}: {rate:,.0f} events/s, {cpu * 1e6:.0f} µs of this process", flush=True)
    return measured


# The log


def write_log(folder: Path, bodies: Iterable[bytes], events: int) -> int:
    """A log as a door leaves it: decisions first, then that many events; gives their number."""
    log = open_sqlite_log(folder, min_free_bytes=0)
    lines = (line for body in bodies for line in body.splitlines())
    decisions = load.registrations(SITES).splitlines()
    written = 0
    try:
        for batch in batches([*decisions, *islice(lines, events)]):
            written += len(log.submit(batch).result(timeout=60))
    finally:
        log.close()
    return written - len(decisions)


def batches(lines: list[bytes]) -> Iterator[list[Entry]]:
    """Entries, 2,000 at a time."""
    for start in range(0, len(lines), 2_000):
        records = map(record_of, lines[start : start + 2_000])
        yield [Entry(originator_id(record.source, record.id), record) for record in records]


def record_of(line: bytes) -> LogRecord:
    """An event as the log holds it."""
    event = from_structured(line)
    return LogRecord(
        event.id,
        event.source,
        event.type,
        event.version,
        event.time,
        event.ms,
        event.siteid or "",
        event.data,
        event.extensions,
        event.ms,
        "bench",
    )


# To the broker


def bare_producer(access: Access, topic: str, log: Path) -> Turn:
    """The same messages out of memory: what the client and the broker can do with these settings."""
    reader = LogReader(log / "events.db")
    records = reader.read(0, 1 << 31).records
    reader.close()
    messages = [
        (record.site.encode(), bytes(record.data), headers_of(record, Stamp(1, row)))
        for row, record in records
        if record.site
    ]
    with closing(KafkaProducer(**{**PRODUCER, **access.client()})) as producer, clocked() as clock:
        for key, value, headers in messages:
            producer.send(topic, value, key=key or None, headers=headers)
        producer.flush()
        clock.stop()
    return clock.turn(len(messages))


def relay(access: Access, topics: Topics, log: Path, folder: Path) -> Turn:
    """Read, stamped, sent, acknowledged in order, and the place kept."""
    reader = LogReader(log / "events.db")
    place = Place(folder)
    sending = Relay(Line(reader, place, access, topics, clock_ms, wanted=Wanted(PARTITIONS, 1)))
    thread = threading.Thread(target=sending.run)
    last = reader.last()
    with clocked() as clock:
        thread.start()
        until(lambda: place.row >= last)
        clock.stop()
    sending.stop()
    thread.join()
    place.close()
    reader.close()
    return clock.turn(last)


# From the broker


def bare_consumer(access: Access, topic: str) -> Turn:
    """All partitions read to their ends; nothing is done with what is read."""
    with closing(KafkaConsumer(**{**CONSUMER, **access.client()})) as consumer, clocked() as clock:
        parts = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        consumer.assign(parts)
        left = sum(consumer.end_offsets(parts).values())
        whole = left
        while left > 0:
            left -= sum(len(found) for found in consumer.poll(timeout_ms=200).values())
        clock.stop()
    return clock.turn(whole)


def projector(access: Access, topics: Topics, folder: Path, events: int) -> Turn:
    """A group of one, from joining it to the last fact stored; ClickHouse is in this process."""
    store = Store(str(folder))
    feed = KafkaFeed(access, topics, lambda _: None, group=f"{topics.prefix}-projectors")
    projecting = Projector(store, feed, generation="bench", clock=clock_ms)
    projecting.prepare()
    ends = feed.head()
    thread = threading.Thread(target=projecting.run)

    def derived() -> bool:
        at = projecting.position()
        return all(at.get(part, 0) >= end for part, end in ends.items() if not part & DECIDED)

    with clocked() as clock:
        thread.start()
        until(derived)
        clock.stop()
    projecting.stop()
    thread.join()
    feed.close()
    ((stored,),) = store.rows("SELECT countIf(main = 1 AND kind != 'structure') FROM bench.events FINAL")
    store.close()
    if stored != events:
        raise RuntimeError(f"{stored:,} events are stored, {events:,} were on the topic")
    return clock.turn(events)


class Clock:
    """Wall and process time of what is measured."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def stop(self) -> None:
        """The end of what is measured."""
        self._wall, self._cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu

    def turn(self, events: int) -> Turn:
        """What was measured."""
        return Turn(events, self._wall, self._cpu)


@contextmanager
def clocked() -> Iterator[Clock]:
    """A clock that runs from here."""
    yield Clock()


def until(holds: Callable[[], Any]) -> None:
    """Polls with a deadline."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError("what is measured never came to its end")
        time.sleep(0.01)


if __name__ == "__main__":
    main()
