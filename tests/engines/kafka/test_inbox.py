"""Inbox topics: foreign messages pass the door, what is refused is kept, a restart loses nothing."""

from __future__ import annotations

import itertools
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from kafka import KafkaProducer
from kafka.admin import NewTopic

from ingest.assembly import DoorParts
from ingest.dead_letters import LetterFilter
from ingest.inbox import Inbox, InboxOffsets, InboxReader, items_of, parse_inboxes
from ingest.log.reader import LogReader
from ingest.relay.wire import Access, Topics
from tests.doorway import ADMIN, event, raw, registration, until, with_door
from tests.engines.kafka.broker import Broker

_numbers = itertools.count(1)
VENDOR = Inbox("vendor", frozenset({"msk-04"}))


@pytest.fixture
def topics(broker: Broker) -> Topics:
    topics = Topics(f"inbox{next(_numbers)}")
    broker.admin().create_topics([NewTopic(VENDOR.topic(topics), 2, 1), NewTopic(topics.inbox, 1, 1)])
    return topics


def reading(
    folder: Path, broker: Broker, topics: Topics, *inboxes: Inbox
) -> Callable[[Callable[[DoorParts], Awaitable[None]]], None]:
    """A door with these inboxes in a folder; call it with what is to happen."""

    def happen(story: Callable[[DoorParts], Awaitable[None]]) -> None:
        async def whole(parts: DoorParts) -> None:
            await parts.door.submit(raw(registration()), ADMIN)
            offsets = InboxOffsets(folder / "inbox.db")
            reader = InboxReader(parts.door, Access(broker.bootstrap), topics, inboxes, offsets)
            reader.start()
            try:
                await story(parts)
            finally:
                await reader.stop()

        with_door(folder, whole)

    return happen


def binary(event_id: str, **attributes: str) -> list[tuple[str, bytes]]:
    whole = event(event_id)
    named = {name: value for name, value in whole.items() if name != "data"} | attributes
    return [
        ("content-type", b"application/json"),
        *((f"ce_{name}", str(text).encode()) for name, text in named.items()),
    ]


def ids(folder: Path) -> list[str]:
    reader = LogReader(folder / "log" / "events.db")
    found = [record.id for _, record in reader.read(0, 1_000).records]
    reader.close()
    return sorted(found)


def letters(parts: DoorParts) -> list[tuple[str | None, str]]:
    page = parts.letters.page(LetterFilter(), before=None, limit=100)
    return sorted((letter.event_id or "", letter.code) for letter in page)


def test_settings_name_inboxes_and_their_sites() -> None:
    for wrong in ("vendor", "=msk-04", "vendor="):
        with pytest.raises(ValueError, match="NAME=SITE"):
            parse_inboxes(wrong)
    assert parse_inboxes("vendor=msk-04+msk-05, bi=*,*=*") == [
        Inbox("vendor", frozenset({"msk-04", "msk-05"})),
        Inbox("bi", None),
        Inbox("", None),
    ]


def test_a_header_without_value_is_an_attribute_that_is_not_there() -> None:
    (item,) = items_of([*binary("b-1"), ("ce_dataschema", None)], b"{}")
    assert item == items_of(binary("b-1"), b"{}")[0]


def test_what_is_refused_is_kept_and_stops_nothing(broker: Broker, topics: Topics, tmp_path: Path) -> None:
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap)
    topic = VENDOR.topic(topics)
    producer.send(topic, b"\xff no json", partition=0)
    producer.send(topic, json.dumps(event("foreign", siteid="spb-01")).encode(), partition=0)
    producer.send(topic, json.dumps(registration("msk-77")).encode(), partition=0)
    producer.send(topic, json.dumps(event("wrong", data={"moment": "seating"})).encode(), partition=0)
    producer.send(topic, json.dumps(event("right")).encode(), partition=0)
    producer.flush()

    async def story(parts: DoorParts) -> None:
        await until(lambda: "right" in ids(tmp_path), seconds=30)
        await until(lambda: len(letters(parts)) == 4, seconds=30)
        assert {code for _, code in letters(parts)} >= {"not_an_object", "not_allowed_site", "invalid_data"}

    reading(tmp_path, broker, topics, VENDOR)(story)
    producer.close()


def test_binary_structured_batch_and_bare_json_are_taken(
    broker: Broker, topics: Topics, tmp_path: Path
) -> None:
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap)
    topic = VENDOR.topic(topics)
    producer.send(
        topic, json.dumps(event("b-1")["data"]).encode(), headers=binary("b-1", source="/касса/100%")
    )
    structured = [("content-type", b"application/cloudevents+json; charset=UTF-8")]
    producer.send(topic, json.dumps(event("s-1")).encode(), headers=structured)
    producer.send(topic, json.dumps([event("a-1"), event("a-2")]).encode())
    producer.send(topics.inbox, json.dumps(event("plain")).encode())
    producer.flush()
    producer.close()
    # a Java client's words, without any header
    broker.console(
        "org.apache.kafka.tools.ConsoleProducer", "--bootstrap-server", broker.bootstrap, "--topic", topic,
        given=json.dumps(event("java")).encode() + b"\n",
    )  # fmt: skip
    expected = sorted(["b-1", "s-1", "a-1", "a-2", "plain", "java", "site-msk-04"])

    async def story(parts: DoorParts) -> None:
        await until(lambda: ids(tmp_path) == expected, seconds=30)
        assert letters(parts) == []
        reader = LogReader(tmp_path / "log" / "events.db")
        assert reader.get("/касса/100%", "b-1") is not None
        reader.close()

    reading(tmp_path, broker, topics, VENDOR, Inbox("", None))(story)


def test_a_restart_reads_on_and_a_lost_offset_repeats_nothing(
    broker: Broker, topics: Topics, tmp_path: Path
) -> None:
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap)
    for start in (0, 50):
        for number in range(start, start + 50):
            producer.send(VENDOR.topic(topics), json.dumps(event(f"e-{number:02}")).encode())
        producer.flush()

        async def story(_: DoorParts, upto: int = start + 50) -> None:
            await until(lambda: len(ids(tmp_path)) == upto + 1, seconds=30)

        reading(tmp_path, broker, topics, VENDOR)(story)
        (tmp_path / "inbox.db").unlink()  # as if the process had died before any offset was kept
    producer.close()
    assert len(ids(tmp_path)) == 101
