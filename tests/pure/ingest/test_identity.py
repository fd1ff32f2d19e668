"""The identity of a fact: what collides, what does not, and what sorts by time."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.log.identity import id_time, originator_id

UUID7 = "01932b3e-8d5a-7abc-8000-0123456789ab"
ULID = "01JCNKX3AT0000000000000000"


@pytest.mark.parametrize(
    "event_id",
    [
        "e-1",
        "",
        str(uuid.UUID(int=0)),
        "01932b3e-8d5a-4abc-8000-0123456789ab",
        UUID7 + "x",
        "x" * 26,
        "8" + ULID[1:],
        "01932b3e+8d5a-7abc-8000-0123456789ab",
        "０1932b3e-8d5a-7abc-8000-0123456789ab",
    ],
)
def test_an_id_without_a_time_of_its_own_has_zero_time(event_id):
    assert id_time(event_id) == "0" * 12


def test_a_uuid7_or_ulid_brings_its_own_time_in_any_case():
    assert id_time(UUID7) == id_time(UUID7.upper()) == "01932b3e8d5a"
    assert id_time(ULID) == id_time(ULID.lower()) == f"{0x01932B3E8D5A:012x}"


def test_source_and_id_are_kept_apart():
    assert originator_id("a b", "c") != originator_id("a", "b c")
    assert originator_id("a", "e-1") != originator_id("b", "e-1")


def test_the_identity_is_case_sensitive_even_where_the_time_is_not():
    assert originator_id("a", UUID7) != originator_id("a", UUID7.upper())


@given(st.text(max_size=50), st.text(max_size=130))
def test_every_pair_is_a_valid_uuid(source, event_id):
    assert uuid.UUID(hex=originator_id(source, event_id)).hex == originator_id(source, event_id)
