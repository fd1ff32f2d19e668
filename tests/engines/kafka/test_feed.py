"""Projectors on a real broker: exact facts, whoever owns which partition when, whatever stands there."""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from kafka import KafkaProducer

from ingest.relay.topics import Wanted, ensure
from ingest.relay.wire import Access, Topics
from projections.compare import compare
from projections.difference import differences
from projections.feed import Read, Reassigned
from projections.kafka_feed import KafkaFeed, TopicFeed
from projections.kafka_letters import KafkaLetters
from projections.progress import StoredProgress
from projections.projector import Projector
from projections.share import DECIDED
from projections.store import Store
from tests.engines.kafka.broker import Broker
from tests.engines.kafka.logs import headers, messages, relaying, until, written_log
from tests.engines.projections.told import NOW, chain_records, exact_facts

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store(str(tmp_path_factory.mktemp("clickhouse")))
    yield store
    store.close()


@pytest.fixture
def topics(broker: Broker) -> Topics:
    topics = Topics(f"feed{next(_numbers)}")
    ensure(Access(broker.bootstrap), topics, Wanted(partitions=4))
    return topics


@pytest.fixture
def generation(store: Store) -> Iterator[str]:
    name = f"feed_{next(_numbers)}"
    yield name
    store.command("DROP DATABASE IF EXISTS $name SYNC", name=name)


class Member:
    """A projector of the group, at work in a thread."""

    def __init__(
        self, broker: Broker, topics: Topics, store: Store, generation: str, *, batch: int = 500
    ) -> None:
        access = Access(broker.bootstrap)
        self.letters = KafkaLetters(access, topics, lambda raw: b"sealed:" + raw)
        self.feed = KafkaFeed(access, topics, self.letters, group=generation)
        self.projector = Projector(
            store,
            self.feed,
            generation=generation,
            clock=lambda: NOW,
            batch=batch,
            scratch=f"scratch_member_{next(_numbers)}",
        )
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> Member:
        self._thread.start()
        return self

    def _run(self) -> None:
        while True:
            try:
                self.projector.prepare()
                break
            except Reassigned:
                continue
        self.projector.run()

    def leave(self) -> None:
        self.projector.stop()
        self._thread.join(timeout=60)
        assert not self._thread.is_alive()
        self.feed.close()
        self.letters.close()


@contextmanager
def member(broker: Broker, topics: Topics, store: Store, generation: str, **options: int) -> Iterator[Member]:
    one = Member(broker, topics, store, generation, **options).start()
    try:
        yield one
    finally:
        one.leave()


def covered(store: Store, generation: str, parts: int = 4) -> int:
    """The row of the log that all partitions are derived to."""
    rows = store.rows("SELECT part, upto FROM $gen.covered FINAL WHERE log_no = 1", gen=generation)
    return min((upto for _, upto in rows), default=0) if len(rows) == parts else 0


def derived_to(store: Store, generation: str, row: int) -> None:
    def holds() -> bool:
        try:
            return covered(store, generation) >= row
        except Exception:  # noqa: BLE001 - the generation is being made
            return False

    until(holds, 120, f"never derived to row {row}")


@pytest.mark.parametrize("seed", range(3))
def test_two_members_give_the_exact_facts(
    broker: Broker, topics: Topics, store: Store, generation: str, tmp_path: Path, seed: int
) -> None:
    # given a nasty stream with decisions among its events, two projectors, and rebalances on the way
    records = chain_records(seed, 1_500)
    rng = random.Random(seed)
    with ExitStack() as open_:
        log = open_.enter_context(written_log(tmp_path))
        open_.enter_context(relaying(log, broker.bootstrap, topics, heartbeat_s=0.1))
        members = [Member(broker, topics, store, generation, batch=rng.choice((40, 300))).start()]
        for start in range(0, len(records), 300):
            last = log.append(*records[start : start + 300])
            if len(members) < 3 and rng.random() < 0.6:
                members.append(Member(broker, topics, store, generation, batch=100).start())
            elif len(members) > 1 and rng.random() < 0.5:
                members.pop(0).leave()
        derived_to(store, generation, last)
        until(lambda: not any(each.projector.rederivations.open for each in members))
        parts = [set(each.projector.share.parts) for each in members]
        for each in members:
            each.leave()
    # then nobody shared a partition, every fact is exact, every event is there once
    assert sum(map(len, parts)) == 4
    assert set().union(*parts) == {0, 1, 2, 3}
    facts, _ = exact_facts(records, NOW)
    assert compare(store, generation, facts) == []
    assert store.rows(
        "SELECT count(), uniqExact(source, event_id) FROM $gen.events FINAL WHERE main = 1", gen=generation
    ) == [(len(records), len(records))]
    # and a fresh derivation from the topic gives the same tables, completeness of sources included
    fresh = f"{generation}_fresh"
    feed = TopicFeed(Access(broker.bootstrap), topics, lambda _: None)
    again = Projector(store, feed, generation=fresh, clock=lambda: NOW, batch=2_000, scratch="scratch_fresh")
    again.prepare()
    again.drain()
    feed.close()
    found = list(differences(store, generation, fresh))
    store.command("DROP DATABASE $name SYNC", name=fresh)
    assert found == []


def test_a_topic_repeated_whole_changes_nothing(
    broker: Broker, topics: Topics, store: Store, generation: str, tmp_path: Path
) -> None:
    from ingest.relay.place import Place

    records = chain_records(21, 600)
    with written_log(tmp_path) as log:
        last = log.append(*records)
        for _ in range(2):
            with relaying(log, broker.bootstrap, topics, heartbeat_s=0.1) as relay:
                until(lambda relay=relay: relay.state.row == last)
            place = Place(tmp_path / "relay")
            place.row = place.decided = 0
            place.close()
        with (
            relaying(log, broker.bootstrap, topics, heartbeat_s=0.1),
            member(broker, topics, store, generation) as one,
        ):
            derived_to(store, generation, last)
            until(lambda: one.projector.progress.events >= 2 * len(records) * 0.9)
            until(lambda: not one.projector.rederivations.open)
    facts, _ = exact_facts(records, NOW)
    assert compare(store, generation, facts) == []


def test_poison_is_kept_sealed_with_its_reason_and_stops_nothing(
    broker: Broker, topics: Topics, store: Store, generation: str, tmp_path: Path
) -> None:
    records = chain_records(31, 300)
    with written_log(tmp_path) as log, relaying(log, broker.bootstrap, topics, heartbeat_s=0.1) as relay:
        middle = log.append(*records[:150])
        until(lambda: relay.state.row == middle)
        producer = KafkaProducer(bootstrap_servers=broker.bootstrap)
        for part in range(4):
            producer.send(topics.events, b"\xff\x00 no event", partition=part)
            producer.send(
                topics.events,
                b"{}",
                headers=[("ce_id", b"\xff"), ("moments_log", b"1"), ("moments_row", b"7")],
                partition=part,
            )
        producer.send(topics.decisions, b"nonsense")
        producer.flush()
        producer.close()
        last = log.append(*records[150:])
        with member(broker, topics, store, generation):
            derived_to(store, generation, last)
    facts, _ = exact_facts(records, NOW)
    assert compare(store, generation, facts) == []
    letters = messages(broker.bootstrap, topics.dead_letters)
    # at least once each: a reading whose partitions changed hands is read again
    assert (
        len(
            {
                tuple(headers(each)[f"moments_{name}"] for name in ("topic", "partition", "offset"))
                for each in letters
            }
        )
        == 9
    )
    assert all(letter.value.startswith(b"sealed:") for letter in letters)
    reasons = {headers(letter)["moments_reason"] for letter in letters}
    assert reasons == {"missing_attribute", "invalid_attribute"}
    shown = store.rows("SELECT uniq(log_no, position), any(raw) FROM $gen.poison FINAL", gen=generation)
    assert shown[0][0] >= 8
    assert shown[0][1] == ""


def test_a_zombie_that_wakes_up_loses(
    broker: Broker, topics: Topics, store: Store, generation: str, tmp_path: Path
) -> None:
    """Its partitions went to another while it slept in a flush: it writes to the end, and loses."""
    records = chain_records(41, 900)
    asleep, wake = threading.Event(), threading.Event()
    with ExitStack() as open_:
        log = open_.enter_context(written_log(tmp_path))
        open_.enter_context(relaying(log, broker.bootstrap, topics, heartbeat_s=0.1))
        half = log.append(*records[:450])
        zombie = Member(broker, topics, store, generation, batch=60)
        steps = itertools.count()

        def sleep_once(step: str, _: float) -> None:
            if step == "5_derive" and next(steps) == 1:
                asleep.set()
                wake.wait(120)

        zombie.projector._further = sleep_once
        zombie.feed.on_revoke = lambda: setattr(zombie.projector, "_revoked", zombie.projector._revoked + 1)
        zombie.start()
        derived = asleep.wait(60)
        assert derived
        last = log.append(*records[450:])
        zombie.feed._consumer.unsubscribe()  # its group thinks it gone; its flush knows nothing of it
        with member(broker, topics, store, generation) as heir:
            derived_to(store, generation, last)
            until(lambda: not heir.projector.rederivations.open)
            wake.set()
            zombie.projector.stop()
            zombie._thread.join(timeout=60)
            until(lambda: covered(store, generation) >= last)
            epoch = heir.projector._epoch
        assert epoch > zombie.projector._epoch
    assert half
    facts, _ = exact_facts(records, NOW)
    assert compare(store, generation, facts) == []


def test_a_position_is_not_held_while_a_partition_has_no_owner(
    broker: Broker, topics: Topics, store: Store, generation: str
) -> None:
    """One projector has its share, the other has not even joined: nobody may think the line whole."""
    # given a member that was given one partition of four, and has derived it far
    one = Member(broker, topics, store, generation)
    one.feed.join = lambda: frozenset({0, DECIDED})
    one.feed.confirm = lambda _: None
    one.projector.prepare()
    one.projector._write_covered(Read([], [], {}, (), {0: {1: 1_000}}))
    # when a reader asks, then the other three count as not derived at all
    assert StoredProgress(store, lambda: generation).covered() == {1: 0}
    one.feed.close()
    one.letters.close()


def test_positions_are_the_next_offsets(
    broker: Broker, topics: Topics, store: Store, generation: str, tmp_path: Path
) -> None:
    records = chain_records(51, 100)
    with written_log(tmp_path) as log, relaying(log, broker.bootstrap, topics, heartbeat_s=0.1):
        last = log.append(*records)
        with member(broker, topics, store, generation) as one:
            derived_to(store, generation, last)
            until(lambda: all(one.projector.position()[part] == end for part, end in one.feed.head().items()))
            decided = len(messages(broker.bootstrap, topics.decisions))
            until(lambda: all(one.projector.position()[part | DECIDED] == decided for part in range(4)))
