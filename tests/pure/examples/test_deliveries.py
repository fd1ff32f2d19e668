"""The deliveries example: real minutes, exact promises, ids that never change."""

from datetime import datetime

import pytest

from examples.deliveries.__main__ import WEEKDAYS, delivery_seconds, events, rows


def pairs(window: int) -> list[tuple[dict, dict]]:
    stream = list(events(window, f"deliveries-{window}"))[1:]
    return list(zip(stream[::2], stream[1::2], strict=True))


def seconds(made: dict, fulfilled: dict) -> int:
    return int(
        (datetime.fromisoformat(fulfilled["time"]) - datetime.fromisoformat(made["time"])).total_seconds()
    )


@pytest.mark.parametrize(
    ("minutes", "expected"), [("30", 1800), ("30.0000", 1800), ("30.0001", 1801), ("16.1106", 967)]
)
def test_a_delivery_is_rounded_up_to_whole_seconds(minutes: str, expected: int) -> None:
    assert delivery_seconds(minutes) == expected


@pytest.mark.parametrize(("window", "kept"), [(30, 7_323), (35, 9_089), (40, 9_709)])
def test_exactly_as_many_promises_are_kept_as_deliveries_took_at_most_the_window(
    window: int, kept: int
) -> None:
    made_and_fulfilled = pairs(window)

    assert len(made_and_fulfilled) == 10_012
    assert {made["data"]["window_s"] for made, _ in made_and_fulfilled} == {window * 60}
    assert sum(seconds(made, fulfilled) <= window * 60 for made, fulfilled in made_and_fulfilled) == kept
    assert sum(float(row["time_to_delivery"]) <= window for row in rows()) == kept


def test_weekday_and_hour_of_the_day_are_those_of_the_set() -> None:
    for row, (made, _) in zip(rows(), pairs(30), strict=True):
        at = datetime.fromisoformat(made["time"])
        assert WEEKDAYS[at.weekday()] == row["day"]
        assert at.hour == int(float(row["hour"]))


def test_a_second_run_mints_the_same_events_and_no_id_twice() -> None:
    first, second = list(events(30, "deliveries-30")), list(events(30, "deliveries-30"))

    assert first == second
    assert len({each["id"] for each in first}) == len(first) == 1 + 2 * 10_012
    assert not {each["id"] for each in first} & {each["id"] for each in events(35, "deliveries-35")}


def test_the_site_is_registered_before_its_first_promise() -> None:
    registration = next(events(30, "deliveries-30"))

    assert registration["type"] == "moments.site.registered"
    assert registration["siteid"] == "deliveries-30"
