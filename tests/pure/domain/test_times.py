"""Instants and durations (R2, R3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.times import duration_s, format_rfc3339, parse_rfc3339, round_half_up, whole_seconds

INSTANTS = st.integers(min_value=0, max_value=7_258_118_399_999)
OFFSETS = st.integers(min_value=-(23 * 60 + 59), max_value=23 * 60 + 59)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-02",
        "2026-11-02T08:30:00",
        "2026-11-02T08:30:00.123",
        "2026-11-02T08:30:00+03",
        "2026-11-02T08:30:00+0300",
        "2026-11-02T08:30Z",
        "2026-11-02 08:30:00Z",
        "2026-11-02T24:00:00Z",
        "2026-11-02T08:30:61Z",
        "2026-11-02T08:30:00.Z",
        "2026-11-02T08:30:00,5Z",
        "2026-11-02T08:30:00+24:00",
        "2026-02-30T08:30:00Z",
        "2026-11-02T08:29:60Z",
        "0000-01-01T00:00:00Z",
        "2026-11-02T08:30:00Z\n",
        "٢026-11-02T08:30:00Z",
        "x" * 10_000,
    ],
)
def test_what_is_no_rfc3339_time_with_offset_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        parse_rfc3339(text)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2026-11-02t05:30:00z", "2026-11-02T05:30:00Z"),
        ("2026-11-02T08:30:00+03:00", "2026-11-02T05:30:00Z"),
        ("2026-11-02T11:00:00+05:30", "2026-11-02T05:30:00Z"),
        ("2026-11-02T11:15:00+05:45", "2026-11-02T05:30:00Z"),
        ("2026-11-02T05:30:00-00:00", "2026-11-02T05:30:00Z"),
        ("2026-11-02T05:30:00.1Z", "2026-11-02T05:30:00.100Z"),
        ("2026-11-02T05:30:00.9999Z", "2026-11-02T05:30:00.999Z"),
        ("2026-11-02T05:30:00.99999999999999999999Z", "2026-11-02T05:30:00.999Z"),
        ("2026-11-02T08:30:00.9999999+03:00", "2026-11-02T05:30:00.999Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
        ("2017-01-01T02:59:60+03:00", "2017-01-01T00:00:00Z"),
    ],
)
def test_all_forms_of_one_instant_are_that_instant(text, same):
    assert format_rfc3339(parse_rfc3339(text)) == same


@given(INSTANTS)
def test_written_and_read_back_an_instant_is_itself(instant):
    assert parse_rfc3339(format_rfc3339(instant)) == instant


@given(INSTANTS, OFFSETS, st.text("0123456789", max_size=12))
def test_offset_and_digits_beyond_the_millisecond_change_nothing(instant, minutes, digits):
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=instant)
    local = (moment + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S")
    offset = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    assert parse_rfc3339(f"{local}.{instant % 1000:03}{digits}{offset}") == instant


@given(st.lists(INSTANTS, min_size=2, max_size=6))
def test_contiguous_durations_add_up_exactly(instants):
    instants.sort()
    parts = [duration_s(start, end) for start, end in pairwise(instants)]
    assert sum(parts) == duration_s(instants[0], instants[-1])


def test_whole_seconds_are_cut_not_rounded():
    assert whole_seconds(1_999) == 1
    assert duration_s(1_999, 2_000) == 1
    assert duration_s(1_000, 1_999) == 0


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN"), Decimal("-Infinity")])
def test_no_number_is_not_rounded(value):
    with pytest.raises(ValueError, match=r"."):
        round_half_up(value)


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        (3, 3),
        (0.5, 1),
        (1.5, 2),
        (2.5, 3),
        (2.4999, 2),
        (-0.5, 0),
        (-1.5, -1),
        (Decimal("2.49999999999999999999"), 2),
        (Fraction(5, 2), 3),
    ],
)
def test_halves_are_rounded_up(value, rounded):
    assert round_half_up(value) == rounded
