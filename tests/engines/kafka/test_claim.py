"""One number is one log's on a Kafka, and a site belongs to the log that registered it first."""

from __future__ import annotations

import itertools
import threading
from pathlib import Path

import msgspec
import pytest

from ingest.log.number import LogIdentity
from ingest.owners import SiteOwners
from ingest.relay.claim import RelayRefused, claim
from ingest.relay.topics import Wanted, ensure
from ingest.relay.wire import Access, Topics, message_of
from tests.engines.kafka.broker import Broker
from tests.engines.kafka.logs import NOW, fact, messages, relaying, until, written_log

_numbers = itertools.count(1)


@pytest.fixture
def topics(broker: Broker) -> Topics:
    named = Topics(f"claim{next(_numbers)}")
    ensure(Access(broker.bootstrap), named, Wanted(2))
    return named


def registered(site: str, at: str) -> object:
    """A site's registration as some door took it."""
    record = fact(f"{site}-at-{at}", site, type_="moments.site.registered")
    return msgspec.structs.replace(record, data=msgspec.Raw(b"{}"))


def test_a_number_is_the_first_log_s_for_ever(broker: Broker, topics: Topics) -> None:
    access = Access(broker.bootstrap)
    claim(access, topics, LogIdentity(1, "a"), NOW)
    claim(access, topics, LogIdentity(2, "b"), NOW)
    taken = rf"the log number 1 is another log's on this Kafka \(topic {topics.logs}\)"
    with pytest.raises(RelayRefused, match=taken):
        claim(access, topics, LogIdentity(1, "c"), NOW)
    claim(access, topics, LogIdentity(1, "a"), NOW)  # the same log again, restored or restarted
    assert len(messages(broker.bootstrap, topics.logs)) == 2


def test_of_logs_that_claim_at_once_one_has_the_number(broker: Broker, topics: Topics) -> None:
    outcomes: dict[str, str] = {}

    def attempt(name: str) -> None:
        try:
            claim(Access(broker.bootstrap), topics, LogIdentity(1, name), NOW)
            outcomes[name] = "has it"
        except RelayRefused:
            outcomes[name] = "refused"

    for _ in range(2):  # and whoever has it has it the next time too
        before = dict(outcomes)
        threads = [threading.Thread(target=attempt, args=(name,)) for name in ("a", "b", "c")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert sorted(outcomes.values()) == ["has it", "refused", "refused"]
        assert before in ({}, outcomes)


def test_a_relay_does_not_send_from_another_log_s_place(
    broker: Broker, topics: Topics, tmp_path: Path
) -> None:
    with written_log(tmp_path / "one") as one, relaying(one, broker.bootstrap, topics) as relay:
        one.append(fact("a"))
        until(lambda: relay.state.row == 1)
    (tmp_path / "two").mkdir()
    (tmp_path / "one" / "relay").rename(tmp_path / "two" / "relay")
    with (
        written_log(tmp_path / "two", number=2) as two,
        pytest.raises(RelayRefused, match="is the place of another log; remove it to send this one whole"),
        relaying(two, broker.bootstrap, topics, start=False) as relay,
    ):
        relay.run()


def test_two_logs_stamp_their_numbers_and_the_first_registration_of_a_site_counts(
    broker: Broker, topics: Topics, tmp_path: Path
) -> None:
    owners = {number: SiteOwners(Access(broker.bootstrap), topics) for number in (1, 2)}
    for number, each in owners.items():
        each.start(number)
    try:
        with (
            written_log(tmp_path / "one") as one,
            written_log(tmp_path / "two", number=2) as two,
            relaying(one, broker.bootstrap, topics) as first,
        ):
            assert all(each.serves("msk-04") for each in owners.values())
            one.append(registered("msk-04", "one"), fact("a"))
            until(lambda: first.state.row == 2)
            with relaying(two, broker.bootstrap, topics) as second:
                two.append(registered("msk-04", "two"), registered("spb-01", "two"), fact("b", "spb-01"))
                until(lambda: second.state.row == 3)
            until(lambda: not owners[2].serves("msk-04") and not owners[1].serves("spb-01"))
            assert owners[1].serves("msk-04")
            assert owners[2].serves("spb-01")
    finally:
        for each in owners.values():
            each.stop()
    found = [message_of(record.headers, record.value) for record in messages(broker.bootstrap, topics.events)]
    stamps = {(message.record.id, message.stamp[:2]) for message in found if hasattr(message, "record")}
    assert stamps == {("a", (1, 2)), ("b", (2, 3))}
