"""Turns each row of deliveries.csv.gz into a promise and its fulfilment, as CloudEvents on standard output.

    python -m examples.deliveries --window 30 | moments emit - --import

The set says on which weekday and at which hour of the day an order came and how long the customer waited, but
not the date: README.md beside this file says which dates are used instead.
"""

import argparse
import csv
import gzip
import json
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import chain
from math import ceil
from pathlib import Path

from moments.uuid7 import uuid7_of

ROWS = Path(__file__).with_name("deliveries.csv.gz")
SOURCE = "/examples/deliveries"
FIRST_MONDAY = datetime(2024, 1, 1, tzinfo=UTC)
WEEKS = 52
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def rows() -> list[dict[str, str]]:
    """The set as it was published: text, so that 30.2882 minutes are read exactly as written."""
    with gzip.open(ROWS, "rt", encoding="ascii", newline="") as lines:
        return list(csv.DictReader(lines))


def delivery_seconds(minutes: str) -> int:
    """Whole seconds, rounded up: 30.0000 minutes keep a promise of 30, 30.0001 do not."""
    return ceil(Fraction(minutes) * 60)


def order_times(deliveries: list[dict[str, str]]) -> Iterator[datetime]:
    """A time for each row: weekday and hour are the set's, the week is ours (spread evenly over a year)."""
    of_weekday = Counter(row["day"] for row in deliveries)
    seen: Counter[str] = Counter()
    for row in deliveries:
        day = row["day"]
        week = seen[day] * WEEKS // of_weekday[day]
        seen[day] += 1
        midnight = FIRST_MONDAY + timedelta(weeks=week, days=WEEKDAYS.index(day))
        yield midnight + timedelta(seconds=int(Fraction(row["hour"]) * 3600))


def event(type_: str, at: datetime, site: str, data: dict[str, object], *names: object) -> dict[str, object]:
    """One CloudEvent; `names` tell it from the others, so that a second run mints the same ids."""
    return {
        "specversion": "1.0",
        "id": uuid7_of(int(at.timestamp()) * 1000, site, type_, *names),
        "source": SOURCE,
        "type": f"moments.{type_}",
        "time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "siteid": site,
        "data": data,
    }


def registration(site: str) -> dict[str, object]:
    """The one restaurant of the set. Its hours are local already, so its zone is UTC."""
    data: dict[str, object] = {
        "region": "examples",
        "kind": "restaurant",
        "name": "The restaurant of the deliveries set",
        "timezone": "UTC",
        "business_day_start": "04:00",
        "currency": "USD",
        "opened": "2024-01-01",
    }
    return event("site.registered", FIRST_MONDAY, site, data)


def promise(
    site: str, number: int, row: dict[str, str], made: datetime, window_s: int
) -> list[dict[str, object]]:
    """An order promised within `window_s` seconds, and its delivery."""
    promise_id = uuid7_of(int(made.timestamp()) * 1000, site, number)
    fulfilled = made + timedelta(seconds=delivery_seconds(row["time_to_delivery"]))
    made_data: dict[str, object] = {
        "promise_id": promise_id,
        "order_id": f"{site}-{number:05d}",
        "kind": "delivery_promise",
        "made_by": "front_of_house",
        "channel": "delivery_own",
        "window_s": window_s,
        "distance_miles": row["distance"],
    }
    return [
        event("promise.made", made, site, made_data, number),
        event("promise.fulfilled", fulfilled, site, {"promise_id": promise_id}, number),
    ]


def events(window_minutes: int, site: str) -> Iterator[dict[str, object]]:
    """The registration of the site, then every delivery promised within `window_minutes`."""
    deliveries = rows()
    yield registration(site)
    yield from chain.from_iterable(
        promise(site, number, row, made, window_minutes * 60)
        for number, (row, made) in enumerate(zip(deliveries, order_times(deliveries), strict=True), start=1)
    )


def main() -> None:
    """The events as NDJSON on standard output."""
    parser = argparse.ArgumentParser(prog="python -m examples.deliveries", description=__doc__.split("\n")[0])
    parser.add_argument(
        "--window", type=int, default=30, metavar="MINUTES", help="what was promised (default 30)"
    )
    parser.add_argument("--site", help="the site to register (default deliveries-MINUTES)")
    chosen = parser.parse_args()
    site = chosen.site or f"deliveries-{chosen.window}"
    sys.stdout.writelines(
        json.dumps(each, separators=(",", ":")) + "\n" for each in events(chosen.window, site)
    )


if __name__ == "__main__":
    main()
