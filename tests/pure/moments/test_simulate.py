"""The demonstration chain: same seed same bytes, valid events, one stream for past and future, patterns to
find."""

import json
from collections import Counter
from itertools import islice

import pytest

from domain.cloudevents import from_structured
from domain.events.base import parse_data
from moments.simulate import chain_of, decisions, history, upcoming
from moments.simulate.stream import DAY_MS

UNTIL = 1_795_392_000_000  # 2026-11-23T00:00:00Z
CHAIN = chain_of(20)


def lines(days: int = 2, until: int = UNTIL, seed: int = 1, visits: int = 12) -> list[str]:
    return [line for _, line in history(CHAIN, days=days, until_ms=until, seed=seed, visits=visits)]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    assert lines() == lines()
    assert lines() != lines(seed=2)


def test_every_event_is_one_the_door_takes() -> None:
    for line in [*decisions(CHAIN, seed=1), *lines()]:
        event = from_structured(line.encode())
        parse_data(event.type, event.version, event.data)


def test_no_identity_comes_twice_and_no_event_lies_outside_the_days_asked_for() -> None:
    events = list(history(CHAIN, days=2, until_ms=UNTIL, seed=1, visits=12))

    assert len({json.loads(line)["id"] for _, line in events}) == len(events)
    assert all(UNTIL - 2 * DAY_MS <= ms < UNTIL for ms, _ in events)
    assert all(from_structured(line.encode()).ms == ms for ms, line in events[:500])


def test_what_comes_after_an_instant_is_what_the_history_would_have_said() -> None:
    middle = UNTIL - DAY_MS
    future = []
    for ms, line in upcoming(CHAIN, from_ms=middle, seed=1, visits=12):
        if ms >= UNTIL:
            break
        future.append(line)

    assert sorted(future) == sorted(lines(days=1))


def test_the_future_is_in_order_over_the_whole_chain() -> None:
    times = [ms for ms, _ in islice(upcoming(CHAIN, from_ms=UNTIL, seed=1, visits=12), 5_000)]

    assert times == sorted(times)
    assert times[0] >= UNTIL


def test_the_chain_has_three_regions_twelve_restaurants_and_eight_stores() -> None:
    assert Counter(site.kind for site in CHAIN) == {"restaurant": 12, "store": 8}
    assert len({site.region for site in CHAIN}) == 3
    assert len({site.timezone for site in CHAIN}) >= 6
    assert len({site.day_start for site in CHAIN}) >= 4


@pytest.mark.parametrize("number", [1, 7, 20, 45])
def test_a_chain_of_any_size_has_sites_of_their_own(number: int) -> None:
    assert len({site.code for site in chain_of(number)}) == number


def test_all_channels_appear() -> None:
    channels = {json.loads(line)["data"].get("channel") for line in lines(days=3, visits=60)} - {None}

    assert len(channels) == 16


def test_the_kitchen_of_one_site_is_slow_at_lunch_and_only_there() -> None:
    def minutes_at_lunch(site: str) -> float:
        cooked = [
            event["data"]["actual_s"] / 60
            for event in map(json.loads, lines(days=3, visits=60))
            if event["siteid"] == site
            and event["data"].get("stage") == "cook"
            and 12 <= int(event["time"][11:13]) < 15
        ]
        return sum(cooked) / len(cooked)

    assert minutes_at_lunch("kyv-01") > 1.4 * minutes_at_lunch("kyv-02")
