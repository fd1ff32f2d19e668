"""What a relay writes is what CloudEvents says of binary mode, and reads back as it was."""

import msgspec
import pytest

from domain.cloudevents import CloudEvent, to_headers
from domain.errors import Invalid
from ingest.log.record import LogRecord
from ingest.relay.portable import uri_of
from ingest.relay.wire import Access, Message, Stamp, headers_of, heartbeat, message_of


def record(**changes: object) -> LogRecord:
    whole = LogRecord(
        "e-1",
        "/касса/1",
        "moments.review.posted",
        1,
        "2026-11-02T08:30:00.250Z",
        1_793_608_200_250,
        "msk-04",
        msgspec.Raw(b'{"x":1}'),
        {"sequence": "7", "traceparent": "00-a"},
        1_793_608_200_999,
        "till-2",
    )
    return msgspec.structs.replace(whole, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"site": ""},
        {"ext": {}},
        {"version": 2},
        {"version": 2, "ext": {"dataschema": "/review.posted/2"}},
    ],
)
def test_headers_are_those_of_the_event_and_come_back(changes: dict[str, object]) -> None:
    given = record(**changes)
    headers = headers_of(given, Stamp(3, 18_342, 17))
    event = CloudEvent(
        id=given.id,
        source=uri_of(given.source),
        type=given.type,
        time=given.time,
        ms=given.ms,
        siteid=given.site or None,
        version=given.version,
        data=given.data,
        extensions=given.ext,
    )
    own = {name: value.decode() for name, value in headers if not name.startswith("moments_")}
    assert own == to_headers(event, "ce_")
    message = message_of(headers, bytes(given.data))
    assert isinstance(message, Message)
    assert message.stamp == Stamp(3, 18_342, 17)
    for name in ("id", "source", "type", "version", "time", "ms", "site", "received", "key"):
        assert getattr(message.record, name) == getattr(given, name)


def test_a_heartbeat_comes_back_as_its_stamp() -> None:
    value, headers = heartbeat(2, 99, "2026-11-02T08:30:00Z")
    assert message_of(headers, value) == Stamp(2, 99)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("moments_log", b"1")],
        [("moments_log", b"one"), ("moments_row", b"2")],
        [("moments_log", b"1"), ("moments_row", b"0")],
        [("moments_log", b"1"), ("moments_row", b"2"), ("ce_id", b"\xff")],
        [("moments_log", b"1"), ("moments_row", b"2"), ("ce_id", None)],
    ],
)
def test_what_no_relay_wrote_is_refused(headers: list[tuple[str, bytes | None]]) -> None:
    with pytest.raises(Invalid):
        message_of(headers, b"{}")


def test_access_speaks_plainly_or_over_tls_with_or_without_a_user() -> None:
    protocols = {
        Access("a:1").client()["security_protocol"],
        Access("a:1", tls=True).client()["security_protocol"],
        Access("a:1", "user", "password").client()["security_protocol"],
        Access("a:1,b:2", "user", "password", tls=True).client()["security_protocol"],
    }
    assert protocols == {"PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"}
