"""R1: when the same identity says something else."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.log.conflict import differs, read_json, same_json
from ingest.log.record import LogRecord


def record(**changes):
    whole = {
        "id": "e-1",
        "source": "/s",
        "type": "moments.visit.started",
        "version": 1,
        "time": "2026-11-02T08:30:00Z",
        "ms": 1000,
        "site": "a",
        "data": b'{"visit_id":"v"}',
        "ext": {},
        "received": 1,
        "key": "k",
        **changes,
    }
    return LogRecord(**{**whole, "data": msgspec.Raw(whole["data"])})


@pytest.mark.parametrize(
    "change",
    [
        {"type": "moments.visit.ended"},
        {"ms": 1001},
        {"site": "b"},
        {"site": ""},
        {"data": b'{"visit_id":"w"}'},
        {"data": b'{"visit_id":"v","guests":1}'},
        {"data": b'{"visit_id":["v"]}'},
        {"data": b"{}"},
    ],
)
def test_another_type_instant_site_or_data_is_a_conflict(change):
    assert differs(record(), record(**change))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"1", b"true"),
        (b"0", b"false"),
        (b"0", b"null"),
        (b'"1"', b"1"),
        (b"[1,2]", b"[2,1]"),
        (b"1", b"1.0000000000000000001"),
        (b"1e400", b"1e401"),
    ],
)
def test_values_that_only_look_alike_differ(one, other):
    assert differs(record(data=b'{"a":' + one + b"}"), record(data=b'{"a":' + other + b"}"))


@pytest.mark.parametrize(
    "change",
    [
        {"time": "2026-11-02T11:30:00+03:00"},
        {"received": 2},
        {"key": "other"},
        {"ext": {"sequence": "2"}},
        {"data": b' { "visit_id" : "\\u0076" } '},
    ],
)
def test_another_spelling_of_the_same_fact_is_none(change):
    assert not differs(record(), record(**change))


def test_order_of_members_and_spelling_of_numbers_do_not_matter():
    assert same_json(read_json(b'{"a":1,"b":[1e2,0.10]}'), read_json(b'{"b":[100,0.1],"a":1.0}'))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(json_values, json_values)
def test_sameness_is_reflexive_and_symmetric(one, other):
    assert same_json(one, one)
    assert same_json(one, other) == same_json(other, one)


@pytest.mark.parametrize(
    "data", [b"{", b"{" * 9, b'{"a":NaNs}', b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"]
)
def test_data_that_cannot_be_read_differ_from_data_that_can(data):
    assert differs(record(), record(data=data))
