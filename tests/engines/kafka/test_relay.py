"""The relay against a real broker: nothing lost, nothing reordered, memory bounded, topics fit."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import threading
import time
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest
from kafka import KafkaProducer
from kafka.admin import NewTopic
from kafka.producer.sender import Sender

from domain.times import DAY_MS
from ingest.assembly import DoorParts
from ingest.errors import LogUnwritable
from ingest.relay.acknowledge import BrokerWord
from ingest.relay.place import Acknowledged, Place, RelayInUse
from ingest.relay.topics import TopicsUnfit, Wanted, ensure
from ingest.relay.wire import HEARTBEAT, Access, Message, Stamp, Topics, message_of
from ingest.vault import Vault
from tests.disks import small_disk
from tests.doorway import ADMIN, event, raw, registration, with_door
from tests.engines.kafka.broker import Broker
from tests.engines.kafka.logs import decision, fact, headers, messages, relaying, until, written_log

_numbers = itertools.count(1)


@pytest.fixture
def topics() -> Topics:
    return Topics(f"relay{next(_numbers)}")


def events_on(broker: Broker, topics: Topics) -> list[Message]:
    read = [message_of(record.headers, record.value) for record in messages(broker.bootstrap, topics.events)]
    return [message for message in read if isinstance(message, Message)]


def first_rows(read: list[Message]) -> dict[str, list[int]]:
    """Per site the rows in the order in which they first stand on the topic."""
    rows: dict[str, dict[int, None]] = {}
    for message in read:
        rows.setdefault(message.record.site, {})[message.stamp.row] = None
    return {site: list(found) for site, found in rows.items()}


def producers() -> set[Thread]:
    """The threads of all producers that still send."""
    return {thread for thread in threading.enumerate() if isinstance(thread, Sender)}


class TestTopics:
    def test_topics_that_would_lose_events_are_refused(self, broker: Broker, topics: Topics) -> None:
        with_compaction = NewTopic(topics.events, 2, 1, topic_configs={"cleanup.policy": "compact"})
        broker.admin().create_topics([with_compaction, NewTopic(topics.decisions, 3, 1)])
        with pytest.raises(TopicsUnfit) as refused:
            ensure(Access(broker.bootstrap), topics, Wanted())
        text = str(refused.value)
        assert "cleanup.policy=compact; set delete" in text
        assert "retention.ms=604800000; set -1" in text
        assert "has 3 partitions, and decisions one order" in text

    def test_missing_topics_are_made_once(self, broker: Broker, topics: Topics) -> None:
        for _ in range(2):
            ensure(Access(broker.bootstrap), topics, Wanted(partitions=6))
        made = broker.admin().describe_topics([topics.events, topics.decisions, topics.dead_letters])
        assert [len(topic["partitions"]) for topic in sorted(made, key=lambda t: t["name"])] == [1, 1, 6]


class TestSending:
    def test_a_clock_days_ahead_of_the_brokers_is_no_reason_to_refuse_messages(
        self, broker: Broker, topics: Topics
    ) -> None:
        ensure(Access(broker.bootstrap), topics, Wanted(partitions=1))
        ahead = int(time.time() * 1000) + 3 * DAY_MS
        with closing(KafkaProducer(bootstrap_servers=broker.bootstrap, acks="all")) as producer:
            for topic in (topics.events, topics.decisions, topics.dead_letters):
                sent = producer.send(topic, b"x", partition=0, timestamp_ms=ahead)
                assert sent.get(timeout=30).offset == 0

    def test_a_message_is_a_cloudevent_in_binary_mode(
        self, broker: Broker, topics: Topics, tmp_path: Path
    ) -> None:
        with written_log(tmp_path) as log, relaying(log, broker.bootstrap, topics) as relay:
            log.append(fact("e-1"))
            until(lambda: relay.state.row == 1)
            (record,) = [
                found
                for found in messages(broker.bootstrap, topics.events)
                if headers(found)["ce_id"] == "e-1"
            ]
        assert record.key == b"msk-04"
        assert json.loads(record.value)["visit_id"] == "v-e-1"
        found = headers(record)
        assert found["content-type"] == "application/json"
        assert {
            name: found["ce_" + name]
            for name in ("specversion", "source", "type", "time", "siteid", "sequence")
        } == {
            "specversion": "1.0",
            "source": "/till",
            "type": "moments.moment.occurred",
            "time": "2026-11-02T08:30:00Z",
            "siteid": "msk-04",
            "sequence": "7",
        }
        assert (found["moments_log"], found["moments_row"]) == ("1", "1")
        assert message_of(record.headers, record.value) == Message(Stamp(1, 1), fact("e-1"))

    def test_one_site_stands_on_one_partition_also_when_partitions_are_added(
        self, broker: Broker, topics: Topics, tmp_path: Path
    ) -> None:
        sites = [f"site-{n}" for n in range(20)]
        with written_log(tmp_path) as log:
            with relaying(log, broker.bootstrap, topics, partitions=2) as relay:
                log.append(*(fact(f"a-{n}", site) for n, site in enumerate(sites)))
                until(lambda: relay.state.row == 20)
            from kafka.admin import NewPartitions

            broker.admin().create_partitions({topics.events: NewPartitions(total_count=8)})
            with relaying(log, broker.bootstrap, topics) as relay:
                log.append(*(fact(f"b-{n}", site) for n, site in enumerate(sites)))
                log.append(*(fact(f"c-{n}", f"new-{n}") for n in range(40)))
                until(lambda: relay.state.row == 80)
        of_site: dict[bytes, set[int]] = {}
        for record in messages(broker.bootstrap, topics.events):
            if record.key:
                of_site.setdefault(record.key, set()).add(record.partition)
        assert all(len(partitions) == 1 for partitions in of_site.values())
        assert {next(iter(found)) for site, found in of_site.items() if site.startswith(b"new")} > {
            2,
            3,
            4,
            5,
        }

    def test_a_decision_can_be_read_before_the_events_after_it(
        self, broker: Broker, topics: Topics, tmp_path: Path
    ) -> None:
        with written_log(tmp_path) as log, relaying(log, broker.bootstrap, topics) as relay:
            log.append(
                fact("before"), decision("d-1"), fact("between"), decision("d-2", "msk-04"), fact("after")
            )
            until(lambda: relay.state.row == 5)
        stamps = {message.record.id: message.stamp.decided for message in events_on(broker, topics)}
        assert stamps == {"before": 0, "between": 2, "after": 4}
        decided = messages(broker.bootstrap, topics.decisions)
        assert [(headers(record)["ce_id"], record.key) for record in decided] == [
            ("d-1", None),
            ("d-2", b"msk-04"),
        ]

    def test_every_partition_hears_how_far_the_log_is(
        self, broker: Broker, topics: Topics, tmp_path: Path
    ) -> None:
        with written_log(tmp_path) as log, relaying(log, broker.bootstrap, topics, heartbeat_s=0.05):
            last = log.append(*(fact(f"e-{n}") for n in range(10)))

            def heard() -> dict[int, int]:
                found = messages(broker.bootstrap, topics.events)
                return {
                    r.partition: max(
                        int(headers(q)["moments_row"]) for q in found if q.partition == r.partition
                    )
                    for r in found
                }

            until(lambda: list(heard().values()) == [last] * 4)
            again = len(messages(broker.bootstrap, topics.events))
            time.sleep(0.3)
            assert len(messages(broker.bootstrap, topics.events)) == again, "a quiet log is quiet on Kafka"
            beats = [
                r for r in messages(broker.bootstrap, topics.events) if headers(r)["ce_type"] == HEARTBEAT
            ]
            assert all(isinstance(message_of(beat.headers, beat.value), Stamp) for beat in beats)

    def test_every_partition_hears_of_a_log_that_ends_in_a_decision(
        self, broker: Broker, topics: Topics, tmp_path: Path
    ) -> None:
        """Whoever waits for the position that the door answered would wait for ever otherwise."""
        with written_log(tmp_path) as log, relaying(log, broker.bootstrap, topics, heartbeat_s=0.05):
            last = log.append(fact("e-1"), decision("d-1"))

            def heard() -> set[tuple[int, int]]:
                found = messages(broker.bootstrap, topics.events)
                return {(r.partition, int(headers(r)["moments_row"])) for r in found}

            until(lambda: {(part, last) for part in range(4)} <= heard())

    def test_one_relay_a_log(self, tmp_path: Path) -> None:
        place = Place(tmp_path)
        with pytest.raises(RelayInUse):
            Place(tmp_path)
        place.close()
        Place(tmp_path).close()

    def test_a_large_event_passes(self, broker: Broker, topics: Topics, tmp_path: Path) -> None:
        with written_log(tmp_path) as log, relaying(log, broker.bootstrap, topics) as relay:
            log.append(fact("large", size=9 << 20), fact("small"))
            until(lambda: relay.state.row == 2)
        assert {message.record.id for message in events_on(broker, topics)} == {"large", "small"}


class TestBrokerAway:
    def test_what_came_while_the_broker_was_killed_follows_in_order(
        self, own_broker: Broker, topics: Topics, tmp_path: Path
    ) -> None:
        with (
            written_log(tmp_path) as log,
            relaying(log, own_broker.bootstrap, topics, most_messages=2_000) as relay,
        ):
            rounds = 40
            for number in range(rounds):
                log.append(*(fact(f"{number}-{n}", f"site-{n % 7}") for n in range(250)))
                if number == 10:
                    own_broker.kill()
                if number == 25:
                    assert relay.state.outstanding <= 2_000, "memory is bounded while the broker is away"
                    own_broker.start()
            last = rounds * 250
            until(lambda: relay.state.row == last, 60, "the relay never caught up")
            read = events_on(own_broker, topics)
        rows = first_rows(read)
        assert sorted(row for found in rows.values() for row in found) == list(range(1, last + 1))
        assert all(found == sorted(found) for found in rows.values())

    def test_a_broker_that_stands_still_costs_lag_and_nothing_else(
        self, own_broker: Broker, topics: Topics, tmp_path: Path
    ) -> None:
        with (
            written_log(tmp_path) as log,
            relaying(log, own_broker.bootstrap, topics, most_messages=500) as relay,
        ):
            log.append(fact("first"))
            until(lambda: relay.state.row == 1)
            own_broker.pause()
            log.append(*(fact(f"e-{n}", f"site-{n % 3}") for n in range(3_000)))
            until(lambda: relay.state.behind == 3_000 and relay.state.outstanding >= 500)
            assert relay.state.outstanding < 500 + 1_001  # one reading may go over
            own_broker.resume()
            until(lambda: relay.state.row == 3_001, 60)
            read = events_on(own_broker, topics)
        assert len({message.stamp.row for message in read}) == 3_001

    def test_a_full_disk_under_its_place_costs_repeats_and_leaves_no_producer_behind(
        self, broker: Broker, topics: Topics, tmp_path: Path
    ) -> None:
        before = producers()
        with (
            small_disk(tmp_path / "relay", 2) as disk,
            written_log(tmp_path) as log,
            relaying(log, broker.bootstrap, topics) as relay,
        ):
            until(lambda: len(producers() - before) == 1)
            # given a place that cannot be kept, when one attempt after the other fails
            disk.fill(os.getpid())
            attempts: set[Thread] = set()

            def again() -> bool:
                found = producers() - before - attempts
                attempts.update(found)
                return bool(found)

            while len(attempts) < 3:
                log.append(fact(f"full-{next(_numbers)}"))
                until(again, what="the relay does not try again")
            assert "full" in relay.state.failing
            # then none of them goes on beside the next, and everything arrives once there is room
            disk.free()
            last = log.append(fact("after"))
            until(lambda: relay.state.row == last)
            assert len(producers() - before) == 1
        rows = first_rows(events_on(broker, topics))["msk-04"]
        assert rows == list(range(1, last + 1))

    def test_a_broker_that_comes_later_is_waited_for(
        self, own_broker: Broker, topics: Topics, tmp_path: Path
    ) -> None:
        own_broker.stop()
        with written_log(tmp_path) as log, relaying(log, own_broker.bootstrap, topics) as relay:
            log.append(fact("early"))
            until(lambda: relay.state.failing != "", 60)
            own_broker.start()
            until(lambda: relay.state.row == 1, 60)


class TestCrash:
    def test_an_unkept_place_means_repeats_in_order_and_no_loss(
        self, broker: Broker, topics: Topics, tmp_path: Path
    ) -> None:
        """As after kill -9 between the acknowledgement and the place: the next run starts before it."""
        with written_log(tmp_path) as log:
            for upto, place in ((2_000, 700), (3_000, 1_500), (4_000, 4_000)):
                with relaying(log, broker.bootstrap, topics) as relay:
                    begin = log.reader.last()
                    log.append(*(fact(f"e-{n}", f"site-{n % 5}") for n in range(begin, upto)))
                    until(lambda upto=upto, relay=relay: relay.state.row == upto)
                older = Place(tmp_path / "relay")
                older.row = place
                older.close()
        rows = first_rows(events_on(broker, topics))
        assert sorted(row for found in rows.values() for row in found) == list(range(1, 4_001))
        assert all(found == sorted(found) for found in rows.values())


class TestDoorWaitsForBroker:
    def test_no_answer_while_nobody_acknowledges(self, tmp_path: Path) -> None:
        word = BrokerWord(Acknowledged(tmp_path), timeout_s=0.05)
        with pytest.raises(LogUnwritable, match="Kafka has not acknowledged"):
            asyncio.run(word(1))

    def test_the_answer_comes_with_the_acknowledgement(
        self, broker: Broker, topics: Topics, tmp_path: Path
    ) -> None:
        with written_log(tmp_path) as log, relaying(log, broker.bootstrap, topics):
            row = log.append(fact("e-1"))
            asyncio.run(BrokerWord(Acknowledged(tmp_path / "relay"))(row))
            assert [message.record.id for message in events_on(broker, topics)] == ["e-1"]


class TestDeadLetters:
    def test_refused_events_follow_sealed_with_their_reason(
        self, broker: Broker, topics: Topics, tmp_path: Path
    ) -> None:
        async def story(parts: DoorParts) -> None:
            await parts.door.submit(raw(registration(), event("wrong", data={"moment": "seating"})), ADMIN)
            await parts.door.submit([b"no event at all"], ADMIN)

        with_door(tmp_path, story)
        vault = Vault(tmp_path / "vault")
        dead = tmp_path / "log" / "dead-letters.db"
        with written_log(tmp_path) as log:
            for _ in range(2):  # the second run finds nothing new
                with relaying(log, broker.bootstrap, topics, letters=dead) as relay:
                    until(lambda relay=relay: relay.state.row == log.reader.last())
                    until(lambda: len(messages(broker.bootstrap, topics.dead_letters)) == 2)
        found = messages(broker.bootstrap, topics.dead_letters)
        assert [headers(letter)["moments_reason"] for letter in found] == ["invalid_data", "not_an_object"]
        assert found[0].key == b"msk-04"
        assert vault.open_letter(found[1].value) == b"no event at all"
        vault.close()
