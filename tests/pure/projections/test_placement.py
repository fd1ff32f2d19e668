"""Placement hours: minted inside the id, or that of the first event that mentions the subject."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.placement import hour_of, minted_ms

MS = 1_764_000_000_123


@pytest.mark.parametrize(
    "id_",
    [
        "",
        "v-1",
        "0193",
        "550e8400-e29b-41d4-a716-446655440000",  # a random UUID tells no time
        "ffffffff-ffff-7fff-bfff-ffffffffffff",  # a version 7 UUID of the year 10889
        "00000000-0000-7000-8000-000000000000",
        "zzzzzzzz-zzzz-7zzz-zzzz-zzzzzzzzzzzz",
        "01ARZ3NDEKTSV4RRFFQ69G5FAI!",
        "ILOU0000000000000000000000",
    ],
)
def test_an_id_that_is_no_clock_tells_no_time(id_: str) -> None:
    assert minted_ms(id_) is None


def test_uuid7_and_ulid_tell_when_they_were_minted() -> None:
    digits = f"{MS:012x}"
    assert minted_ms(f"{digits[:8]}-{digits[8:]}-7abc-8def-0123456789ab") == MS
    crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    ulid = "".join(crockford[MS >> shift & 31] for shift in range(45, -1, -5)) + "A" * 16
    assert minted_ms(ulid) == MS


@given(st.integers(-(10**15), 10**15))
def test_hours_stay_within_what_the_column_holds(ms: int) -> None:
    hour = hour_of(ms)
    assert hour % 3600 == 0
    assert 0 <= hour < 2**32


@given(st.text(max_size=40))
def test_no_id_makes_it_fail(id_: str) -> None:
    assert minted_ms(id_) is None or minted_ms(id_) > 0  # type: ignore[operator]
