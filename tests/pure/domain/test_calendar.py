"""A site's local time across daylight saving, odd offsets, day starts and changed zones (R15)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import Calendar, SiteSettings, seconds_of_day
from domain.times import DAY_MS, HOUR_MS, format_rfc3339, parse_rfc3339

ZONES = st.sampled_from(
    [
        "UTC",
        "Europe/Kyiv",
        "Europe/Moscow",
        "Asia/Kolkata",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "America/St_Johns",
        "Pacific/Apia",
        "Africa/Casablanca",
        "America/Havana",
    ]
)
DAY_STARTS = st.sampled_from(["00:00", "04:00", "04:30", "23:59"])
INSTANTS = st.integers(min_value=DAY_MS, max_value=parse_rfc3339("2040-01-01T00:00:00Z"))


def calendar(zone, start="00:00", *changes):
    versions = [(None, SiteSettings(zone, seconds_of_day(start)))]
    versions += [(day, SiteSettings(zone, seconds_of_day(start))) for day, zone, start in changes]
    return Calendar(versions)


def wall(instant, zone):
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=instant)).astimezone(ZoneInfo(zone))


@given(ZONES, DAY_STARTS, INSTANTS)
def test_the_business_date_is_the_wall_clock_date_less_one_day_before_the_day_start(zone, start, instant):
    local = wall(instant, zone)
    early = local.hour * 3600 + local.minute * 60 + local.second < seconds_of_day(start)
    assert calendar(zone, start).business_date(instant) == local.date() - timedelta(days=early)


@given(ZONES, INSTANTS)
def test_the_local_hour_starts_at_a_full_local_hour_at_most_an_hour_ago(zone, instant):
    site = calendar(zone)
    start = site.local_hour_start(instant)
    assert 0 <= instant - start < HOUR_MS
    assert (start + site.offset_s(instant) * 1000) % HOUR_MS == 0


@given(ZONES, DAY_STARTS, INSTANTS, st.integers(min_value=1, max_value=800 * DAY_MS))
def test_pieces_cover_a_span_without_gaps_and_say_what_single_instants_say(zone, start, from_ms, length):
    site = calendar(zone, start)
    pieces = site.pieces(from_ms, from_ms + length)
    assert pieces[0].from_ms == from_ms
    assert pieces[-1].to_ms == from_ms + length
    for before, after in pairwise(pieces):
        assert before.to_ms == after.from_ms
        assert (before.offset_s, before.day_start_s) != (after.offset_s, after.day_start_s)
    for piece in pieces:
        for instant in (piece.from_ms, piece.to_ms - 1):
            assert site.offset_s(instant) == piece.offset_s == wall(instant, zone).utcoffset().total_seconds()


@given(ZONES, DAY_STARTS, st.dates(date(1971, 1, 1), date(2039, 12, 31)))
def test_a_day_begins_at_its_first_instant(zone, start, day):
    site = calendar(zone, start)
    begins = site.day_start(day)
    assert site.business_date(begins) >= day
    assert site.business_date(begins - 1) < day


@pytest.mark.parametrize(
    ("zone", "instant", "hour"),
    [
        ("Asia/Kolkata", "2026-06-01T12:34:56.789Z", "2026-06-01T12:30:00Z"),
        ("Asia/Kathmandu", "2026-06-01T12:34:56Z", "2026-06-01T12:15:00Z"),
        ("Europe/Kyiv", "2026-10-25T00:59:59Z", "2026-10-25T00:00:00Z"),
        ("Europe/Kyiv", "2026-10-25T01:00:00Z", "2026-10-25T01:00:00Z"),
    ],
)
def test_local_hours_in_odd_zones_and_in_an_hour_that_comes_twice(zone, instant, hour):
    assert format_rfc3339(calendar(zone).local_hour_start(parse_rfc3339(instant))) == hour


def test_a_changed_zone_holds_from_the_start_of_its_business_day_in_the_new_settings():
    site = calendar("Europe/Moscow", "00:00", (date(2026, 3, 1), "Asia/Kolkata", "04:30"))
    change = parse_rfc3339("2026-02-28T23:00:00Z")
    assert site.offset_s(change - 1) == 3 * 3600
    assert site.offset_s(change) == 5 * 3600 + 1800
    assert site.business_date(change) == date(2026, 3, 1)
    assert [piece.from_ms for piece in site.pieces(change - DAY_MS, change + DAY_MS)] == [
        change - DAY_MS,
        change,
    ]


def test_of_changes_that_begin_in_reverse_order_the_later_one_wins():
    site = calendar(
        "UTC",
        "00:00",
        (date(2026, 3, 1), "Pacific/Pago_Pago", "23:59"),
        (date(2026, 3, 2), "Pacific/Kiritimati", "00:00"),
    )
    instant = parse_rfc3339("2026-03-01T12:00:00Z")
    assert site.offset_s(instant) == 14 * 3600
    assert site.offset_s(instant - 3 * HOUR_MS) == 0


def test_a_day_the_zone_left_out_begins_with_the_next_one():
    samoa = calendar("Pacific/Apia")
    assert samoa.day_start(date(2011, 12, 30)) == samoa.day_start(date(2011, 12, 31))
