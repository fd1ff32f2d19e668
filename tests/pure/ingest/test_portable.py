"""What strict CloudEvents parsers cannot read is made readable; what they can stays to the letter."""

import pytest

from domain.times import parse_rfc3339
from ingest.log.record import LogRecord
from ingest.relay.portable import time_of, uri_of
from ingest.relay.wire import Stamp, headers_of, message_of


@pytest.mark.parametrize(
    "source",
    [
        "/sites/msk-04/till-2",
        "/sites/msk-04/%D0%BA-1?shift=2#a",
        "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66",
        "https://till.example/2",
    ],
)
def test_a_uri_reference_stays(source: str) -> None:
    assert uri_of(source) == source


@pytest.mark.parametrize(
    ("source", "uri"),
    [
        ("/касса/100%", "/%D0%BA%D0%B0%D1%81%D1%81%D0%B0/100%25"),
        ("till 2", "till%202"),
        ("2:till", "2%3Atill"),
        ('/a"b<c>', "/a%22b%3Cc%3E"),
        ("/a#b#c", "/a#b%23c"),
        ("/[x]", "/%5Bx%5D"),
    ],
)
def test_anything_else_becomes_one(source: str, uri: str) -> None:
    assert uri_of(source) == uri
    assert uri_of(uri) == uri


@pytest.mark.parametrize(
    "time", ["2026-11-02T08:30:00Z", "2026-11-02T08:30:00.123456789+03:00", "2026-11-02T08:30:00-00:00"]
)
def test_a_plain_time_stays(time: str) -> None:
    assert time_of(time, parse_rfc3339(time)) == time


@pytest.mark.parametrize(
    ("time", "plain"),
    [
        ("2026-11-02t08:30:00z", "2026-11-02T08:30:00Z"),
        ("2026-11-02T08:30:00.1234567891+03:00", "2026-11-02T05:30:00.123Z"),
        ("2026-12-31T23:59:60Z", "2027-01-01T00:00:00Z"),
    ],
)
def test_a_rare_spelling_becomes_the_same_instant(time: str, plain: str) -> None:
    assert time_of(time, parse_rfc3339(time)) == plain


def test_the_log_s_own_source_comes_back_from_the_topic() -> None:
    import msgspec

    for source in ("/касса/100%", "/till"):
        record = LogRecord(
            "e", source, "moments.moment.occurred", 1, "2026-11-02T08:30:00Z",
            parse_rfc3339("2026-11-02T08:30:00Z"), "msk-04", msgspec.Raw(b"{}"), {}, 1, "key",
        )  # fmt: skip
        read = message_of(headers_of(record, Stamp(1, 7)), b"{}")
        assert read.record == record
